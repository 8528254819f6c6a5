#!/usr/bin/env bash
# Measures what gpu-exporter costs beside a training job: share of a core while it reads every second and is scraped every
# five, resident memory, and the time of a page. With this machine's GPUs where there are any, else with eight simulated
# ones; SECONDS_MEASURED (60) says for how long. Run it on a machine that does little else.
set -euo pipefail
cd "$(dirname "$0")/.."

exporter=${1:-.build/release/gpu-exporter}
measured=${SECONDS_MEASURED:-60}
address=127.0.0.1:${PORT:-19409}
source=()
what="this machine's GPUs"
if [ ! -e /dev/nvidiactl ]; then
    source=(--simulate 8)
    what="eight simulated GPUs"
fi
log=$(mktemp)
read -r -a options <<<"${EXPORTER_OPTIONS:-}"
"$exporter" "${source[@]}" --address "$address" --collect-interval 1000 "${options[@]}" 2>"$log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -f "$log"' EXIT
for _ in $(seq 1 100); do
    curl -sf "http://$address/metrics" >/dev/null && break
    kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.1
done

# Nanoseconds on a CPU, of all threads.
busy() { awk '{ total += $1 } END { printf "%.0f\n", total }' /proc/"$pid"/task/*/schedstat; }
before=$(busy)
for _ in $(seq 1 $((measured / 5))); do
    sleep 5
    curl -s "http://$address/metrics" >/dev/null
done
after=$(busy)
awk -v what="$what" -v ns=$((after - before)) -v s=$((measured / 5 * 5)) \
    'BEGIN { printf "%s, read every second, scraped every 5 s for %d s\ncore        %.3f %%\n", what, s, ns / s / 1e7 }'
awk '/VmRSS/ { printf "resident    %.1f MB\n", $2 / 1000 } /VmHWM/ { printf "at most     %.1f MB\n", $2 / 1000 }' \
    /proc/"$pid"/status
# 500 pages over one connection; without the first, for which the connection is made.
urls=()
for _ in $(seq 1 500); do urls+=(-o /dev/null "http://$address/metrics"); done
curl -s -w '%{time_total} %{size_download}\n' "${urls[@]}" |
    tail -n +2 | sort -g |
    awk '{ time[NR] = $1 * 1000; size = $2 } END { printf "page        %.2f ms in the middle, %.2f ms at the 99th percentile, %d bytes\n", time[int((NR + 1) / 2)], time[int(NR * 0.99)], size }'
