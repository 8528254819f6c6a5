#!/usr/bin/env bash
# Gives a GPU pod a page of metrics: NVIDIA's dcgm-exporter where the pod allows it, gpu-exporter otherwise. `--help` says how.
set -u

here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<TEXT
usage: setup-dcgm.sh [OPTIONS] HOST PORT       on a pod, by SSH
       setup-dcgm.sh [OPTIONS] --here          on this machine

Installs DCGM and dcgm-exporter from NVIDIA's package repository, starts the exporter, and ends when its page shows GPUs.
Where that cannot be (no root, no apt-get, no way to the repository, a page without GPUs) it says why and starts
gpu-exporter, which needs only the driver. Does nothing where the page is there already, unless --flags are others than
those that gpu-exporter runs with; with another --listen the exporter moves there.
What it starts is started again when it ends; its log is in the folder of --logs.

  --listen ADDRESS    where the exporter listens on the pod (127.0.0.1:9400): tunnel-metrics.sh brings it to you
  --exporter FILE     the gpu-exporter to use; copied to the pod with HOST PORT
                      (.build/release/gpu-exporter or the one on the PATH; else the pod's)
  --flags "FLAGS"     for gpu-exporter ("--processes --kubernetes")
  --no-dcgm           gpu-exporter at once
  --logs FOLDER       on the pod (/workspace/gpu-exporter, or /tmp/gpu-exporter where there is no /workspace)
$(ssh_usage)

examples:
  setup-dcgm.sh --accept-new 203.0.113.5 22034
  setup-dcgm.sh --here --no-dcgm --exporter ./gpu-exporter --flags "--simulate 2"
TEXT
}

say() { echo "setup-dcgm: $*"; }
fail() {
    echo "setup-dcgm.sh: $1" >&2
    echo "setup-dcgm.sh --help says how it is called." >&2
    exit 64
}

# shellcheck source=ssh-options.sh
. "$here/ssh-options.sh"

listen=127.0.0.1:9400 exporter='' flags='--processes --kubernetes' has_flags='' with_dcgm=yes logs='' is_here='' host='' port=''

read_arguments() {
    while [ $# -gt 0 ]; do
        take_ssh_option "$1" "${2-}"
        if [ "$taken" -gt 0 ]; then
            shift "$taken"
            continue
        fi
        case $1 in
        -h | --help) usage; exit 0 ;;
        --here) is_here=yes; shift ;;
        --no-dcgm) with_dcgm=''; shift ;;
        --listen | --exporter | --flags | --logs)
            [ $# -gt 1 ] || fail "$1 needs a value"
            read_option "$1" "$2"
            shift 2
            ;;
        -*) fail "there is no option $1" ;;
        *)
            [ $# -gt 1 ] && [ -z "$host" ] || fail "expected one pod: HOST PORT"
            host=$1 port=$2
            check_address "$host" "$port"
            shift 2
            ;;
        esac
    done
    [ -n "$host$is_here" ] || fail "no pod is given: HOST PORT, or --here"
    [ -z "$host" ] || [ -z "$is_here" ] || fail "either HOST PORT or --here"
}

read_option() {
    case $1 in
    --listen)
        [[ $2 =~ ^[A-Za-z0-9._-]*:[0-9]+$ ]] || fail "--listen $2: expected ADDRESS:PORT"
        check_port "${2##*:}"
        listen=$2
        ;;
    --exporter)
        [ -x "$2" ] || fail "--exporter $2: there is no such program"
        exporter=$2
        ;;
    --flags) flags=$2 has_flags=yes ;;
    --logs) logs=$2 ;;
    esac
}

# On the pod: copies these scripts, the file of counters and gpu-exporter there, and runs this script there.
set_up_by_ssh() {
    # The pod's home, for the pod's shell to expand.
    # shellcheck disable=SC2016
    local folder='"$HOME/.gpu-metrics"' files command
    files=("$here/setup-dcgm.sh" "$here/ssh-options.sh" "$here/keep-running.sh")
    local built=$here/../.build/release/gpu-exporter
    [ -x "$built" ] || built=$(command -v gpu-exporter)
    [ ${#counters[@]} -eq 0 ] || files+=("${counters[1]}")
    exporter=${exporter:-$built}
    command="bash $folder/setup-dcgm.sh --here --listen $listen"
    [ -z "$has_flags" ] || command+=" --flags $(printf %q "$flags")"
    [ -n "$with_dcgm" ] || command+=" --no-dcgm"
    [ -z "$logs" ] || command+=" --logs $(printf %q "$logs")"
    local staged messages
    staged=$(mktemp -d) && messages=$(mktemp) || exit 1
    cp "${files[@]}" "$staged/"
    if [ -n "$exporter" ]; then
        cp "$exporter" "$staged/gpu-exporter"
        command+=" --exporter $folder/gpu-exporter"
    fi
    set_ssh_arguments "$host" "$port"
    local status
    # One connection. A running program's file cannot be written over, so that the old ones go first. What is said comes
    # here at once, and is in the file when all have ended.
    {
        tar -C "$staged" -cf - . |
            ssh -T "${ssh_arguments[@]}" "rm -rf $folder && mkdir -p $folder && tar -C $folder -xf - && $command" 2>&1 >&3 |
            tee "$messages" >&2
        status=${PIPESTATUS[1]}
    } 3>&1
    [ "$status" -eq 255 ] && echo "setup-dcgm.sh: $host: $(ssh_advice "$(cat "$messages")" "$host" "$port")" >&2
    rm -rf "$staged" "$messages"
    exit "$status"
}

# The exporter's flags for the file of counters, `counters`: beside this script on a pod, else in the repository or where it
# was installed.
find_counters() {
    local file
    counters=()
    for file in "$here/gpu-counters.csv" "$here/../config/gpu-counters.csv" "$here/../gpu-counters.csv"; do
        [ ! -r "$file" ] || { counters=(--collectors "$file"); return; }
    done
}

# The page, or nothing.
page() {
    local address=${listen%:*}
    [ -n "$address" ] && [ "$address" != 0.0.0.0 ] || address=127.0.0.1
    # The inner shell's to expand.
    # shellcheck disable=SC2016
    timeout 20 bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 1
        printf "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3
        cat <&3' "$address" "${listen##*:}" 2>/dev/null
}

# Whether the page shows a GPU's temperature.
page_has_gpus() { page | grep -q '^DCGM_FI_DEV_GPU_TEMP[A-Z_]*{'; }

# Whether exporter $1 shows GPUs within a minute; not waited for when it has ended three times.
gets_gpus() {
    local deadline=$((SECONDS + 60)) ends
    until page_has_gpus; do
        # Nothing where the log is still to come.
        ends=$(grep -c " ended with status " "$logs/$1.log" 2>/dev/null)
        [ "$SECONDS" -lt "$deadline" ] && [ "${ends:-0}" -lt 3 ] || return 1
        sleep 0.5
    done
}

# Starts exporter $1 with the arguments that follow, for good; in place of one that an earlier run has started.
start() {
    local name=$1
    end "$name" || { say "the $name that runs already does not end"; return 1; }
    # What it says now is looked at below.
    [ ! -e "$logs/$name.log" ] || mv -f "$logs/$name.log" "$logs/$name.log.1"
    setsid bash "$here/keep-running.sh" "$name" "$logs/$name.log" "${@:2}" </dev/null >/dev/null 2>&1 &
}

# Ends what `start` started under name $1.
end() { bash "$here/keep-running.sh" --stop "$1"; }

# Whether the page is that of a gpu-exporter with other flags than those asked for.
has_other_flags() {
    local running words
    [ -n "$has_flags" ] && running=$(bash "$here/keep-running.sh" --show gpu-exporter) || return 1
    running=${running#* --address }
    read -r -a words <<<"$listen ${counters[*]} $flags"
    [ "${running%% *}" = "$listen" ] && [ "$running" != "${words[*]}" ]
}

# Installs DCGM and dcgm-exporter; what fails is told by `reason`.
install_dcgm() {
    local cuda
    cuda=$(nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9]*\).*/\1/p' | head -n 1)
    : >"$logs/install.log"
    say "installing DCGM for CUDA ${cuda:-12}; $logs/install.log has the details"
    add_repository && run_apt install -y --no-install-recommends "datacenter-gpu-manager-4-cuda${cuda:-12}" datacenter-gpu-manager-exporter ||
        {
            reason=$(grep -E '^(E|curl|wget|dpkg):' "$logs/install.log" | tail -n 1)
            reason="DCGM cannot be installed: ${reason:-$(tail -n 1 "$logs/install.log")}"
            return 1
        }
}

run_apt() { DEBIAN_FRONTEND=noninteractive apt-get "$@" >>"$logs/install.log" 2>&1; }

# NVIDIA's package repository, where this machine has it not.
add_repository() {
    run_apt update
    apt-cache show datacenter-gpu-manager-exporter >/dev/null 2>&1 && return 0
    local release architecture url keyring
    release=$(. /etc/os-release && echo "$ID${VERSION_ID//./}")
    case $(uname -m) in aarch64) architecture=sbsa ;; *) architecture=$(uname -m) ;; esac
    url=https://developer.download.nvidia.com/compute/cuda/repos/$release/$architecture/cuda-keyring_1.1-1_all.deb
    keyring=$(mktemp --suffix=.deb) || return 1
    { curl -fsSL --max-time 60 -o "$keyring" "$url" || wget -q -T 60 -O "$keyring" "$url"; } >>"$logs/install.log" 2>&1 &&
        dpkg -i "$keyring" >>"$logs/install.log" 2>&1 && run_apt update
    local status=$?
    rm -f "$keyring"
    return $status
}

# dcgm-exporter, installed and serving GPUs; false with a `reason` where it cannot be.
serve_by_dcgm() {
    local devices
    [ -n "$with_dcgm" ] || { reason="--no-dcgm"; return 1; }
    devices=$(nvidia-smi -L 2>/dev/null) && [ -n "$devices" ] || { reason="nvidia-smi shows no GPU"; return 1; }
    if ! command -v dcgm-exporter >/dev/null; then
        [ "$(id -u)" -eq 0 ] || { reason="installing packages takes root"; return 1; }
        command -v apt-get >/dev/null || { reason="there is no apt-get"; return 1; }
        install_dcgm || return 1
    fi
    # As shipped it reads every 30 s: half of the scrapes would see what the one before saw.
    start dcgm-exporter dcgm-exporter --address "$listen" --collect-interval 5000 "${counters[@]}" ||
        { reason="an earlier one does not end"; return 1; }
    gets_gpus dcgm-exporter && return 0
    reason="dcgm-exporter shows no GPU; $logs/dcgm-exporter.log ends with: $(tail -n 1 "$logs/dcgm-exporter.log" 2>/dev/null)"
    end dcgm-exporter
    return 1
}

serve_by_gpu_exporter() {
    local program=${exporter:-$(command -v gpu-exporter)} words
    [ -n "$program" ] || {
        echo "setup-dcgm.sh: there is no gpu-exporter here either: build it (make build), and name it with --exporter" >&2
        return 1
    }
    read -r -a words <<<"$flags"
    start gpu-exporter "$(realpath "$program")" --address "$listen" "${counters[@]}" "${words[@]}" || return 1
    gets_gpus gpu-exporter && return 0
    echo "setup-dcgm.sh: gpu-exporter shows no GPU either; its log:" >&2
    tail -n 5 "$logs/gpu-exporter.log" >&2
    end gpu-exporter
    return 1
}

read_arguments "$@"
find_counters
[ -n "$is_here" ] || set_up_by_ssh
is_there=$(page_has_gpus && echo yes)
if [ -n "$is_there" ] && ! has_other_flags; then
    say "http://$listen/metrics shows this pod's GPUs already"
    exit 0
fi
[ -n "$logs" ] || { [ -d /workspace ] && logs=/workspace/gpu-exporter || logs=/tmp/gpu-exporter; }
mkdir -p "$logs" || exit 1
if [ -n "$is_there" ]; then
    say "gpu-exporter is started again, with other flags"
elif serve_by_dcgm; then
    say "dcgm-exporter shows this pod's GPUs at http://$listen/metrics"
    exit 0
else
    say "no dcgm-exporter: $reason"
fi
serve_by_gpu_exporter || exit 1
say "gpu-exporter shows this pod's GPUs at http://$listen/metrics"
