#!/usr/bin/env bash
# Installs what was built, as the environment says; `make install` and scripts/package.sh call it.
#   BINARIES      where the programs are (.build/release)
#   PREFIX        /usr/local
#   SYSCONFDIR    /etc; files that are there already stay as they are
#   UNITDIR       PREFIX/lib/systemd/system for /usr and /usr/local, else /etc/systemd/system
#   DESTDIR       a folder that stands for /; then no user is made
#   SERVICE_USER  who runs the server (tsdb)
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

binaries=${BINARIES:-.build/release}
prefix=${PREFIX:-/usr/local}
sysconfdir=${SYSCONFDIR:-/etc}
user=${SERVICE_USER:-tsdb}
root=${DESTDIR:-}
data=$prefix/share/tsdb
# Where systemd looks.
case ${prefix%/} in
/usr | /usr/local) units=${UNITDIR:-$prefix/lib/systemd/system} ;;
*) units=${UNITDIR:-/etc/systemd/system} ;;
esac

for program in tsdb gpu-exporter; do
    [ -x "$binaries/$program" ] || { echo "There is no $binaries/$program: make build, or BINARIES= names where it is." >&2; exit 1; }
done
[[ $user =~ ^[a-z_][a-z0-9_-]*$ ]] || { echo "SERVICE_USER=$user is no name of a user." >&2; exit 1; }
# The signs of `sed` below; a unit file has quotes of its own for blanks.
for folder in "$prefix" "$sysconfdir" "$units"; do
    [[ $folder =~ ^/[A-Za-z0-9/._+-]*$ ]] || { echo "$folder: expected an absolute path without blanks" >&2; exit 1; }
done

# Configuration is the administrator's once it is there.
install_configuration() { [ -e "$root$sysconfdir/$2" ] || install -D -m 0644 "$1" "$root$sysconfdir/$2"; }

# A release is stripped already; without binutils nothing can be.
if command -v strip >/dev/null; then strip=(-s); else strip=(); fi
install -D "${strip[@]}" -t "$root$prefix/bin" "$binaries/tsdb" "$binaries/gpu-exporter"
install -D -m 0755 -t "$root$data/scripts" scripts/{tunnel-metrics,setup-dcgm,ssh-options,keep-running}.sh
install -D -m 0644 -t "$root$data" config/gpu-counters.csv
install -D -m 0644 -t "$root$data/grafana" docker/grafana/dashboards/*.json
install_configuration config/prometheus.yml tsdb/prometheus.yml
install -d -m 0755 "$root$sysconfdir/tsdb/pods"
install_configuration packaging/tsdb.default default/tsdb
install_configuration packaging/gpu-exporter.default default/gpu-exporter
for unit in tsdb gpu-exporter; do
    install -d "$root$units"
    sed -e "s|@BINDIR@|$prefix/bin|; s|@SYSCONFDIR@|$sysconfdir|g; s|@DATADIR@|$data|; s|@USER@|$user|" \
        "packaging/$unit.service" >"$root$units/$unit.service"
done
install -d "$root$prefix/share/bash-completion/completions"
"$binaries/tsdb" --generate-completion-script bash >"$root$prefix/share/bash-completion/completions/tsdb"

[ -z "$root" ] || exit 0
getent passwd "$user" >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/tsdb --no-create-home --shell /usr/sbin/nologin "$user"
install -d -o "$user" -g "$user" -m 0750 /var/lib/tsdb
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    echo "Start the server with: systemctl enable --now tsdb      (and gpu-exporter, where there are GPUs)"
fi
