#!/usr/bin/env bash
# Makes a Debian package of what was built: OUTPUT/tsdb_VERSION_ARCHITECTURE.deb.
# Usage: package.sh [OUTPUT]; BINARIES as for install.sh.
set -euo pipefail
umask 022
output=$(mkdir -p "${1:-.build/package}" && cd "${1:-.build/package}" && pwd)
cd "$(dirname "$0")/.."

binaries=${BINARIES:-.build/release}
for program in dpkg-deb dpkg-shlibdeps; do
    command -v $program >/dev/null || { echo "There is no $program: apt-get install dpkg-dev" >&2; exit 1; }
done
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 0755 "$stage"

DESTDIR=$stage/root PREFIX=/usr SYSCONFDIR=/etc BINARIES=$binaries scripts/install.sh
version=$("$binaries/tsdb" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)

# dpkg-shlibdeps wants the folder of a source package. Versions of the libraries are those of this machine's release.
mkdir -p "$stage/source/debian"
printf 'Source: tsdb\n\nPackage: tsdb\nArchitecture: any\n' >"$stage/source/debian/control"
depends=$(cd "$stage/source" && dpkg-shlibdeps -O --ignore-missing-info "$stage"/root/usr/bin/* 2>"$stage/messages") ||
    { cat "$stage/messages" >&2; exit 1; }

mkdir -p "$stage/root/DEBIAN" "$stage/root/usr/share/doc/tsdb"
install -m 0755 packaging/{postinst,prerm,postrm} "$stage/root/DEBIAN/"
printf '/etc/tsdb/prometheus.yml\n/etc/default/tsdb\n/etc/default/gpu-exporter\n' >"$stage/root/DEBIAN/conffiles"
install -m 0644 LICENSE "$stage/root/usr/share/doc/tsdb/copyright"
cat >"$stage/root/DEBIAN/control" <<CONTROL
Package: tsdb
Version: $version
Architecture: $(dpkg --print-architecture)
Section: net
Priority: optional
Maintainer: tsdb <tsdb@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$stage/root" | cut -f 1)
Depends: ${depends#shlibs:Depends=}, passwd
Recommends: openssh-client
Description: time-series store and query server, and an exporter for NVIDIA GPUs
 tsdb scrapes Prometheus exporters, keeps the samples in one SQLite file and
 answers Prometheus's HTTP API. gpu-exporter serves the metrics of NVIDIA GPUs
 under DCGM's names.
CONTROL
file=$output/tsdb_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build "$stage/root" "$file" >/dev/null
echo "$file"
