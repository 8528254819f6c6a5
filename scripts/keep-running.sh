#!/usr/bin/env bash
# Runs a command, and starts it again whenever it ends: after 1 s, then 2, 4 and so on up to 60; after 1 s again once it
# has run for a minute. What it prints goes to LOG, which is moved to LOG.1 at 1 MiB, so that both never take more than 2.
# Usage: keep-running.sh NAME LOG COMMAND [ARGUMENT...]
#        keep-running.sh --show NAME | --stop NAME
# One of a NAME and user at a time: a second one ends with status 0. TERM ends the command, by force after 10 s, then this.
# --show prints the command that is kept running, or ends with status 1; --stop ends it, and waits until it has ended.
set -u
export LC_ALL=C

log_bytes_max=$((1 << 20))
pause_max=60
steady_seconds=60

usage() {
    sed -n 's/^# Usage: /usage: /p; s/^#        keep/       keep/p' "$0" >&2
    exit 64
}

command -v flock >/dev/null || { echo "keep-running.sh: flock is missing: install util-linux" >&2; exit 1; }

# Where locks are: a folder that nobody else can write to, as a link in /tmp could be anybody's.
[ -d "${TMPDIR-}" ] || TMPDIR=/tmp
locks=$TMPDIR/keep-running.$EUID
mkdir -m 0700 "$locks" 2>/dev/null
[ -d "$locks" ] && [ ! -L "$locks" ] && [ -O "$locks" ] || { echo "keep-running.sh: $locks is not this user's own folder" >&2; exit 1; }

# The process that holds the lock $1 and its words, in `supervisor` and `words`; false where none does.
find_supervisor() {
    [ -e "$1" ] && ! flock -n "$1" true || return 1
    supervisor=$(tail -n 1 "$1")
    mapfile -d '' words 2>/dev/null <"/proc/$supervisor/cmdline"
    # What a file says is no reason to end a process that is another program.
    [[ ${words[1]-} =~ (^|/)keep-running(\.sh)?$ ]]
}

case ${1-} in
--show)
    [ $# -eq 2 ] || usage
    find_supervisor "$locks/$2.lock" || exit 1
    # bash, this script, NAME and LOG come before the command.
    echo "${words[*]:4}"
    exit
    ;;
--stop)
    [ $# -eq 2 ] || usage
    find_supervisor "$locks/$2.lock" || exit 0
    kill -TERM "$supervisor" 2>/dev/null
    # Until the lock is free, so that the port is too.
    flock -w 30 "$locks/$2.lock" true
    exit
    ;;
esac
[ $# -ge 3 ] || usage
name=$1 log=$2
lock=$locks/$name.lock
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
    local attempt
    for ((attempt = 0; attempt < 100; attempt++)); do
        kill -0 "$child" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$child" 2>/dev/null
    wait "$child" 2>/dev/null
    say "$name is stopped"
    exit 0
}

mkdir -p "$(dirname "$log")" || exit 1
# Held until this ends; its first line is this process's id.
exec 9>>"$lock"
# A second, as --show and --stop try it for a moment.
flock -w 1 9 || { say "$name runs already"; exit 0; }
: >"$lock"
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
