#!/usr/bin/env bash
# Unpacks real peers to test against (Prometheus, promtool, node_exporter, and what else is named) into a folder, installing
# and starting nothing. The newest Debian builds are taken, from the mirror this machine uses, as the release's own are of
# Prometheus 2.
# A test whose peer could not be had is skipped and says so.
# Usage: test-tools.sh DIR [PACKAGE...]
# Afterwards: DIR/usr/bin/{prometheus,promtool,prometheus-node-exporter,victoria-metrics,vmalert,tsdb-test-python,PACKAGE...}
set -euo pipefail

dir=$(mkdir -p "$1" && cd "$1" && pwd)

# Real clients from the Python Package Index, run by DIR/usr/bin/tsdb-test-python.
clients=(prometheus-api-client==0.7.2 prometheus-client==0.22.1 opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2 openapi-spec-validator==0.9.0)
if ! "$dir/usr/bin/tsdb-test-python" -c "import prometheus_client" 2>/dev/null; then
    if python3 -m venv "$dir/python" 2>/dev/null && "$dir/python/bin/pip" install -q --disable-pip-version-check --retries 1 "${clients[@]}" 2>/dev/null; then
        mkdir -p "$dir/usr/bin"
        printf '#!/bin/sh\nexec "%s/python/bin/python" "$@"\n' "$dir" > "$dir/usr/bin/tsdb-test-python"
        chmod +x "$dir/usr/bin/tsdb-test-python"
    else
        rm -rf "$dir/python"
        echo "No Python clients (python3-venv and pypi.org are needed): what needs them will be skipped." >&2
    fi
fi

missing=()
# Each of these packages has a program of its own name.
# That of victoria-metrics has vmalert too.
for package in prometheus promtool prometheus-node-exporter victoria-metrics "${@:2}"; do
    [ -x "$dir/usr/bin/$package" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "No apt-get: what needs ${missing[*]} will be skipped." >&2; exit 0; }

apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt"/{lists/partial,cache/archives/partial}
# Whichever of the two formats this machine's sources are in, and whichever of the files exist.
mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} sid main" > "$apt/sources.list"
options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=/dev/null"
         -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache")
cd "$dir"
if apt-get "${options[@]}" update -qq \
    && apt-get "${options[@]}" download -qq "${missing[@]}" 2>/dev/null; then
    for package in *.deb; do dpkg -x "$package" .; done
    rm -f -- *.deb
else
    echo "${missing[*]} could not be fetched: what needs them will be skipped." >&2
fi
