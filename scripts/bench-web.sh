#!/usr/bin/env bash
# Measures how fast the release build of tsdb answers over HTTP, beside the Prometheus on the PATH where there is one: small
# instant queries of 16 clients (wrk), with the processor time of each, and an answer of 9 MB (curl), with the memory. Each server is asked in
# turn in every round, because what else the machine does matters more than what is compared.
# Usage: bench-web.sh [ROUNDS [SECONDS]]
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-3}
seconds=${2:-5}
tsdb=.build/release/tsdb
clients=16
work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill -KILL "$pid" && wait "$pid"; done 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
export PATH="$PATH:$PWD/.build/tools/usr/bin"

# 72 series of 5,000 points, a second apart: 9 MB as JSON.
end=$(date +%s)
start=$((end - 4999))
awk -v start="$start" 'BEGIN {
    srand(1)
    print "# TYPE load gauge"
    for (series = 0; series < 72; series++)
        for (point = 0; point < 5000; point++)
            printf "load{instance=\"10.0.0.%d:9400\",job=\"pods\"} %.6f %d\n", series, 100 * rand(), start + point
    print "# EOF"
}' >"$work/data.om"
for port in 29190 29191; do
    printf '%s\n' 'global: {scrape_interval: 1s}' \
        "scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:$port']}]}]" >"$work/$port.yml"
done

names=(tsdb)
ports=(29190)
"$tsdb" import "$work/data.om" --db "$work/tsdb" --quiet >/dev/null
"$tsdb" serve --config.file="$work/29190.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address=127.0.0.1:29190 2>"$work/tsdb.log" &
pids+=($!)
if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    names+=(prometheus)
    ports+=(29191)
    promtool tsdb create-blocks-from openmetrics "$work/data.om" "$work/prometheus" >/dev/null
    prometheus --config.file="$work/29191.yml" --storage.tsdb.path="$work/prometheus" \
        --web.listen-address=127.0.0.1:29191 2>"$work/prometheus.log" &
    pids+=($!)
fi
for port in "${ports[@]}"; do
    for _ in $(seq 1 300); do
        curl -sf "http://127.0.0.1:$port/-/ready" >/dev/null && break
        sleep 0.1
    done
done

small="/api/v1/query?query=up"
large="/api/v1/query_range?query=load&start=$start&end=$end&step=1"
peak() { awk '/^VmHWM:/ {print int($2 / 1024)}' "/proc/$1/status"; }
# In hundredths of a second.
cpu() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }
figure() { awk -v pattern="$2" '$0 ~ pattern {sub(/.*: */, ""); print; exit}' <<<"$1"; }

printf '%-11s %22s %22s %18s\n' "" "small queries a second" "the slowest hundredth" "CPU µs for each"
for _ in $(seq 1 "$rounds"); do
    for index in "${!names[@]}"; do
        before=$(cpu "${pids[index]}")
        report=$(wrk -t1 -c$clients -d"${seconds}s" --latency "http://127.0.0.1:${ports[index]}$small")
        grep -q 'Non-2xx' <<<"$report" && { echo "${names[index]} refused queries: $report" >&2; exit 1; }
        spent=$(($(cpu "${pids[index]}") - before))
        printf '%-11s %22s %22s %18s\n' "${names[index]}" "$(figure "$report" Requests/sec)" \
            "$(awk '$1 == "99%" {print $2}' <<<"$report")" \
            "$(awk -v spent=$spent '/requests in/ {printf "%.0f", spent * 10000 / $1}' <<<"$report")"
    done
done

printf '\n%-11s %12s %12s %15s %13s\n' "" "answer, MB" "first byte" "streamed, MB/s" "peak, MB"
for _ in $(seq 1 "$rounds"); do
    for index in "${!names[@]}"; do
        before=$(peak "${pids[index]}")
        curl -sf -o /dev/null -w '%{size_download} %{time_starttransfer} %{time_total}\n' \
            "http://127.0.0.1:${ports[index]}$large" >"$work/answer"
        read -r bytes first total <"$work/answer"
        awk -v name="${names[index]}" -v bytes="$bytes" -v first="$first" -v total="$total" -v before="$before" \
            -v after="$(peak "${pids[index]}")" 'BEGIN {
            printf "%-11s %12.1f %9.0f ms %15.0f %6d (%+d)\n", name, bytes / 1e6, first * 1000,
                bytes / 1e6 / (total - first), after, after - before
        }'
    done
done
