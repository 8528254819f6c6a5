#!/usr/bin/env bash
# Brings the metrics ports of GPU pods to this machine through SSH, and keeps them there. `--help` says how.
# Works with macOS's bash 3.2.
set -u

usage() {
    cat <<TEXT
usage: tunnel-metrics.sh [OPTIONS] HOST PORT [HOST PORT]...

Keeps an SSH tunnel to each pod: the first pod's metrics are on this machine's port 9400, the next one's on 9401, and so
on; with --file-sd from 9401 on, as config/prometheus.yml scrapes 9400 by itself. A tunnel that breaks is opened again, after 1 s, then 2, 4 and so on; Ctrl-C closes all of them.
HOST and PORT are those of the pod's SSH server. NAME=HOST gives the pod a name, otherwise it is HOST:PORT.

  --local-port PORT   the first pod's port on this machine (9400; 9401 with --file-sd)
  --remote-port PORT  the exporter's port in the pods (9400)
  --bind ADDRESS      where this machine listens (127.0.0.1); for Docker on Linux 172.17.0.1
  --file-sd FILE      write the pods as targets into FILE, for file_sd_configs; without targets again at the end.
                      Each run needs a file of its own
  --target HOST       how the server of --file-sd reaches this machine (the address of --bind)
  --retry-max SECONDS the longest pause between two attempts (30)
$(ssh_usage)

examples:
  tunnel-metrics.sh --accept-new 203.0.113.5 22034
  tunnel-metrics.sh --accept-new --file-sd config/pods/tunnel.json \\
      trainer=203.0.113.5 22034 lab=198.51.100.7 10122
TEXT
}

# Where nobody reads any more, as behind `| head -1`, nothing is kept open.
say() { echo "$(date +%T) $*" 2>/dev/null || exit 1; }
fail() {
    echo "tunnel-metrics.sh: $1" >&2
    echo "tunnel-metrics.sh --help says how it is called." >&2
    exit 64
}

# shellcheck source=ssh-options.sh
. "$(dirname "$0")/ssh-options.sh"

names=() hosts=() ports=()
bind=127.0.0.1 local_port='' remote_port=9400 file='' target='' retry_max=30

read_arguments() {
    while [ $# -gt 0 ]; do
        take_ssh_option "$1" "${2-}"
        if [ "$taken" -gt 0 ]; then
            shift "$taken"
            continue
        fi
        case $1 in
        -h | --help) usage; exit 0 ;;
        --local-port | --remote-port | --bind | --file-sd | --target | --retry-max)
            [ -n "${2-}" ] || fail "$1 needs a value"
            read_option "$1" "$2"
            ;;
        -*) fail "there is no option $1" ;;
        *)
            [ -n "${2-}" ] || fail "$1 has no port: HOST and PORT go in pairs"
            add_pod "$1" "$2"
            ;;
        esac
        shift 2
    done
    [ ${#hosts[@]} -gt 0 ] || fail "no pod is given: HOST PORT"
    [ -n "$local_port" ] || local_port=$([ -z "$file" ] && echo 9400 || echo 9401)
    check_port $((local_port + ${#hosts[@]} - 1))
    target=$(bracketed "${target:-$bind}")
    bound=$(bracketed "$bind")
    case $bind in
    0.0.0.0) reached=127.0.0.1 ;;
    ::) reached=::1 ;;
    *) reached=$bind ;;
    esac
}

read_option() {
    case $1 in
    --local-port) check_port "$2"; local_port=$2 ;;
    --remote-port) check_port "$2"; remote_port=$2 ;;
    --bind) bind=$2 ;;
    --file-sd) file=$2 ;;
    --target) target=$2 ;;
    --retry-max)
        [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || fail "--retry-max $2: expected whole seconds from 1"
        retry_max=$2
        ;;
    esac
    [[ $bind$target =~ ^[A-Za-z0-9._:-]+$ ]] || fail "$1 $2: expected an address or a name"
}

# $1 as in NAME=HOST or HOST, and $2 its port.
add_pod() {
    local host=${1#*=}
    check_address "$host" "$2"
    local name=${host##*@}:$2
    case $1 in *=*) name=${1%%=*} ;; esac
    [[ $name =~ ^[A-Za-z0-9._:%-]+$ ]] || fail "\"$name\" is no name of a pod: letters, digits and . _ : - are"
    case " ${names[*]-} " in *" $name "*) fail "$name is there twice" ;; esac
    names+=("$name") hosts+=("$host") ports+=("$2")
}

# $1 as it stands before a port.
bracketed() {
    case $1 in
    *:*) echo "[$1]" ;;
    *) echo "$1" ;;
    esac
}

# Whether something listens at this machine's port $1.
listens() { (exec 3<>"/dev/tcp/$reached/$1") 2>/dev/null; }

# Whether the exporter behind this machine's port $1 answers.
answers() {
    local status=''
    {
        exec 3<>"/dev/tcp/$reached/$1" || return 1
        printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
        read -r -t 10 _ status _ <&3
        exec 3>&-
    } 2>/dev/null
    [ "$status" = 200 ]
}

# The targets, with those of the pods that are away now: their `up` is to be 0. In place of the old file in one step, so
# that no reader sees half of it.
write_file() {
    [ -n "$file" ] || return 0
    local partial=$file.$$ i separator=''
    mkdir -p "$(dirname "$file")" || exit 1
    {
        printf '['
        for ((i = 0; i < $1; i++)); do
            printf '%s\n  {"targets": ["%s:%d"], "labels": {"instance": "%s"}}' "$separator" "$target" $((local_port + i)) "${names[i]}"
            separator=,
        done
        printf '\n]\n'
    } >"$partial" && chmod 644 "$partial" && mv -f "$partial" "$file" && return 0
    rm -f "$partial"
    echo "tunnel-metrics.sh: $file cannot be written" >&2
    exit 1
}

# Per pod: ssh's process id, or nothing; since when it is connected, or nothing; the pause after the next end; when to try.
pids=() connected=() pauses=() attempts=()

open_tunnel() {
    set_ssh_arguments "${hosts[$1]}" "${ports[$1]}"
    ssh -N -T -n -o ExitOnForwardFailure=yes -L "$bound:$((local_port + $1)):localhost:$remote_port" \
        "${ssh_arguments[@]}" >/dev/null 2>"$messages/$1" &
    pids[$1]=$! connected[$1]=
}

# Takes note of the end of pod $1's tunnel.
note_end() {
    wait "${pids[$1]}" 2>/dev/null
    pids[$1]=
    # Half a minute of connection is no failed attempt.
    [ -n "${connected[$1]}" ] && [ $((SECONDS - connected[$1])) -ge 30 ] && pauses[$1]=1
    local printed advice
    printed=$(tail -c 2000 "$messages/$1" | grep -v '^ *$')
    advice=$(ssh_advice "$printed" "${hosts[$1]}" "${ports[$1]}")
    say "${names[$1]}: no tunnel: ${advice:-$(tail -n 1 <<<"$printed")}; trying again in ${pauses[$1]} s"
    attempts[$1]=$((SECONDS + pauses[$1]))
    pauses[$1]=$((pauses[$1] * 2 < retry_max ? pauses[$1] * 2 : retry_max))
}

note_connection() {
    local port=$((local_port + $1))
    listens "$port" || return 0
    connected[$1]=$SECONDS
    if answers "$port"; then
        say "${names[$1]}: http://$bound:$port/metrics"
    else
        say "${names[$1]}: the tunnel is open, but the pod's port $remote_port does not answer: is gpu-exporter running there?"
    fi
}

tend() {
    if [ -z "${pids[$1]}" ]; then
        [ "$SECONDS" -ge "${attempts[$1]}" ] && open_tunnel "$1"
    elif ! kill -0 "${pids[$1]}" 2>/dev/null; then
        note_end "$1"
    elif [ -z "${connected[$1]}" ]; then
        note_connection "$1"
    fi
}

stop() {
    local status=$?
    trap '' INT TERM HUP EXIT
    local pid
    for pid in "${pids[@]}"; do
        [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    rm -rf "$messages"
    write_file 0
    exit "${1-$status}"
}

read_arguments "$@"
command -v ssh >/dev/null || { echo "tunnel-metrics.sh: there is no ssh here: install OpenSSH's client" >&2; exit 1; }
for ((i = 0; i < ${#hosts[@]}; i++)); do
    port=$((local_port + i))
    if listens $port; then
        echo "tunnel-metrics.sh: $bound:$port is in use: stop what listens there, or choose another --local-port" >&2
        exit 1
    fi
    pids[i]='' connected[i]='' pauses[i]=1 attempts[i]=0
done
messages=$(mktemp -d) || exit 1
trap 'stop 0' INT TERM HUP
# A failed write is seen by `say`.
trap '' PIPE
write_file ${#hosts[@]}
trap stop EXIT
[ -n "$file" ] && say "the targets are in $file"
while true; do
    for ((i = 0; i < ${#hosts[@]}; i++)); do tend $i; done
    # In the background, so that a signal does not wait for it.
    sleep 1 &
    wait $!
done
