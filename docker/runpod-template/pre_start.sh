#!/usr/bin/env bash
# RunPod's /start.sh runs this first and waits for it, and a failure here would keep the pod from starting: so it puts the
# exporter into the background and always succeeds.

# What the base image wanted to do here.
if [ -f /pre_start.base.sh ]; then bash /pre_start.base.sh; fi

# A network volume may be shared between pods, so that each has a log of its own.
directory=${GPU_EXPORTER_LOGS:-/workspace/gpu-exporter}
name=gpu-exporter-${RUNPOD_POD_ID:-$HOSTNAME}.log
log=$directory/$name
if ! { mkdir -p "$directory" && touch "$log"; } 2>/dev/null; then
    directory=${TMPDIR:-/tmp}/gpu-exporter
    log=$directory/$name
    mkdir -p "$directory"
fi
# Logs of pods that are long gone; nothing else in that folder is ours.
find "$directory" -maxdepth 1 -type f \( -name 'gpu-exporter-*.log' -o -name 'gpu-exporter-*.log.1' \) -mtime +30 -delete 2>/dev/null

read -r -a flags <<<"${GPU_EXPORTER_FLAGS---processes --kubernetes}"
setsid keep-running gpu-exporter "$log" gpu-exporter "${flags[@]}" </dev/null >/dev/null 2>&1 &
echo "gpu-exporter starts on ${DCGM_EXPORTER_LISTEN:-:9400}; its log is $log"
exit 0
