#!/usr/bin/env bash
# Builds a release, starts gpu-exporter on :9400 and tsdb on :9090, waits until the first scrape is queryable, says what
# runs where, and stops both on Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

exporter_address=127.0.0.1:9400
server_address=127.0.0.1:9090
data=${TSDB_DATA:-data}
tsdb=.build/release/tsdb
exporter=.build/release/gpu-exporter

make --no-print-directory build

pids=()
stop() {
    trap - INT TERM EXIT
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap 'stop; echo; echo "Stopped. The samples are in $data/tsdb.sqlite: $tsdb query instant up --db $data"; exit 0' INT TERM
trap stop EXIT

alive() { kill -0 "$1" 2>/dev/null; }
answers() { (exec 3<>"/dev/tcp/${1%:*}/${1#*:}") 2>/dev/null; }
start_exporter() {
    # What the Grafana dashboard shows.
    "$exporter" "$@" --collectors config/gpu-counters.csv --processes --address "$exporter_address" >"$logs/exporter" 2>&1 &
    pids=($!)
    for _ in $(seq 1 100); do
        alive "${pids[0]}" || return 1
        answers "$exporter_address" && return 0
        sleep 0.1
    done
}

for address in "$exporter_address" "$server_address"; do
    answers "$address" && { echo "$address is in use: stop what listens there and run this again." >&2; exit 1; }
done
logs=$(mktemp -d)
what="this machine's GPUs"
if ! start_exporter; then
    what="eight simulated GPUs: no NVIDIA GPU answers here"
    start_exporter --simulate 8 || { cat "$logs/exporter" >&2; exit 1; }
fi
"$tsdb" serve --config.file=config/prometheus.yml --storage.tsdb.path="$data" --web.listen-address="$server_address" \
    --web.enable-lifecycle >"$logs/server" 2>&1 &
pids+=($!)

fail() { echo "$1" >&2; cat "$logs/exporter" "$logs/server" >&2; exit 1; }
printf 'Waiting for the first scrape '
for _ in $(seq 1 60); do
    alive "${pids[0]}" || { echo; fail "gpu-exporter stopped:"; }
    alive "${pids[1]}" || { echo; fail "tsdb stopped:"; }
    answer=$("$tsdb" query instant 'DCGM_FI_DEV_GPU_UTIL' --url "http://$server_address" --format csv 2>/dev/null || true)
    [ "$(wc -l <<<"$answer")" -gt 1 ] && break
    printf '.'
    sleep 0.5
done
echo
[ "$(wc -l <<<"$answer")" -gt 1 ] || fail "No samples after 30 s:"

cat <<TEXT

  gpu-exporter   http://$exporter_address/metrics   $what
  tsdb           http://$server_address             scrapes config/prometheus.yml, stores in $data/tsdb.sqlite
  logs           $logs/exporter, $logs/server

\$ tsdb query instant 'DCGM_FI_DEV_GPU_UTIL'
TEXT
"$tsdb" query instant 'DCGM_FI_DEV_GPU_UTIL' --url "http://$server_address"
cat <<TEXT

Try:  $tsdb query range 'avg(DCGM_FI_DEV_GPU_UTIL)' --start 10m
Grafana's Prometheus datasource: http://$server_address
Ctrl-C stops both.
TEXT
while alive "${pids[0]}" && alive "${pids[1]}"; do sleep 1; done
fail "A process stopped by itself:"
