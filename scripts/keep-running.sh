#!/usr/bin/env bash
# Runs a command, and starts it again whenever it ends: after 1 s, then 2, 4 and so on up to 60; after 1 s again once it
# has run for a minute. What it prints goes to LOG, which is moved to LOG.1 at 1 MiB, so that both never take more than 2.
# Usage: keep-running.sh NAME LOG COMMAND [ARGUMENT...]
# One of a NAME at a time: a second one ends with status 0. TERM ends the command, then this.
set -u
export LC_ALL=C

log_bytes_max=$((1 << 20))
pause_max=60
steady_seconds=60

if [ $# -lt 3 ]; then
    sed -n 's/^# Usage: /usage: /p' "$0" >&2
    exit 64
fi
name=$1 log=$2
shift 2

# Copies standard input to the log. Ends with its input only, so that nothing of a command's last words is lost.
write_log() {
    local line size
    trap '' INT TERM HUP
    size=$(stat -c %s "$log" 2>/dev/null || echo 0)
    # At most 4096 bytes at once, so that a line without an end takes no memory.
    while IFS= read -r -n 4096 line || [ -n "$line" ]; do
        if [ $((size + ${#line})) -ge $log_bytes_max ]; then
            mv -f "$log" "$log.1"
            size=0
        fi
        # A full disk costs lines of the log, not the command.
        printf '%s\n' "$line" >>"$log"
        size=$((size + ${#line} + 1))
    done 2>/dev/null
}

say() { echo "$(date -u +%FT%TZ) keep-running: $*" | write_log; }

child=
stop() {
    trap '' INT TERM
    kill -TERM "$child" 2>/dev/null
    wait "$child" 2>/dev/null
    say "$name is stopped"
    exit 0
}

mkdir -p "$(dirname "$log")" || exit 1
# Held until this ends; its first line is this process's id.
exec 9>>"${TMPDIR:-/tmp}/keep-running.$name.lock"
flock -n 9 || { say "$name runs already"; exit 0; }
: >"${TMPDIR:-/tmp}/keep-running.$name.lock"
echo $$ >&9

trap stop INT TERM
pause=1
while true; do
    say "starting $*"
    started=$SECONDS
    # Without the lock: what is left of a killed supervisor must not keep the next one from starting.
    "$@" </dev/null > >(exec 9>&-; write_log) 2>&1 9>&- &
    child=$!
    wait "$child"
    status=$?
    [ $((SECONDS - started)) -ge $steady_seconds ] && pause=1
    say "$name ended with status $status after $((SECONDS - started)) s; starting again in $pause s"
    sleep "$pause" 9>&- &
    child=$!
    wait "$child"
    pause=$((pause * 2 < pause_max ? pause * 2 : pause_max))
done
