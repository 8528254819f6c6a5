#!/usr/bin/env bash
# Runs the benchmarks of the store and the query engine on the release build.
set -euo pipefail
cd "$(dirname "$0")/../Benchmarks"
exec swift package --allow-writing-to-package-directory benchmark --no-progress "$@"
