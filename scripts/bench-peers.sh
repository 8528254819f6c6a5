#!/usr/bin/env bash
# Compares the release build of tsdb with the Prometheus and VictoriaMetrics that are on the PATH, or else with Debian's,
# which it unpacks into .build/tools. All of it is on loopback, and nothing is left behind but the figures in .build.
# Usage: bench-peers.sh pod|fleet|wide|growth|all|scrape [OPTION...]   the options are those of `peer-benchmark --help`
set -euo pipefail
cd "$(dirname "$0")/.."

workload=${1:?pod, fleet, wide, growth, all or scrape}
shift
command="make bench-peers WORKLOAD=$workload"
[ "$workload" = scrape ] && command="make bench-scrape"
if ! command -v prometheus >/dev/null || ! command -v victoria-metrics >/dev/null; then
    scripts/test-tools.sh .build/tools victoria-metrics
fi
export PATH="$PWD/.build/release:$PATH:$PWD/.build/tools/usr/bin"
(cd Benchmarks && swift build -c release --product peer-benchmark)

# Debian's VictoriaMetrics does not know its version; the changelog of its package does.
version() {
    local program changelog
    program=$(command -v "$1") || return 0
    changelog=$(dirname "$program")/../share/doc/$1/changelog.Debian.gz
    { "$program" --version 2>&1 || true; zcat "$changelog" 2>/dev/null || true; } \
        | grep -oEm1 '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -1 || true
}

versions=()
for engine in tsdb prometheus victoria-metrics; do
    versions+=(--engine-version "$engine=$(version "$engine")")
done
exec Benchmarks/.build/release/peer-benchmark --workload "$workload" --directory .build \
    --json ".build/bench-peers-$workload.json" --command "$command" "${versions[@]}" "$@"
