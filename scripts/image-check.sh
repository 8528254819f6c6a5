#!/usr/bin/env bash
# Builds the images with buildah on a Debian that debootstrap makes, where there is neither an engine nor a registry, and
# runs what the compose file runs from the containers' roots: as their user, with a root file system that cannot be
# written. Takes root, buildah, debootstrap and python3; the programs are those of BINARIES (.build/release).
set -euo pipefail
cd "$(dirname "$0")/.."

for program in buildah debootstrap unshare python3; do
    command -v $program >/dev/null || { echo "There is no $program: apt-get install buildah debootstrap util-linux python3" >&2; exit 1; }
done
[ "$(id -u)" -eq 0 ] || { echo "Making a Debian takes root: sudo make image-check" >&2; exit 1; }

work=$(mktemp -d)
# Images of its own, with the only driver that needs no kernel's help.
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/images"\nrunroot = "%s/run"\n' "$work" "$work" >"$work/storage.conf"
clean() {
    buildah umount --all >/dev/null 2>&1 || true
    buildah rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean EXIT

echo "Making a Debian"
debootstrap --variant=minbase bookworm "$work/debian" >"$work/log" || { tail "$work/log" >&2; exit 1; }
container=$(buildah from scratch)
buildah add -q "$container" "$work/debian" / >/dev/null
buildah commit -q --rm "$container" localhost/debian:bookworm >/dev/null
rm -rf "$work/debian"

build() {
    make --no-print-directory "$@" ENGINE=buildah PREBUILT=1 RUNTIME_IMAGE=localhost/debian:bookworm >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        exit 1
    }
}
build image
build template-build DOCKER_USERNAME=check TEMPLATE_BASE=localhost/debian:bookworm

# An image's user, health check, entry point and command: one word a line, an empty line between them.
described() {
    buildah inspect --type image "localhost/$1" | python3 -c '
import json, sys
config = json.load(sys.stdin)["Docker"]["config"]
lists = [[config["User"]], config["Healthcheck"]["Test"][1:], config["Entrypoint"], config["Cmd"] or []]
print("\n\n".join("\n".join(words) for words in lists))'
}

# Runs image $1's command with the arguments that follow at port $2, and its health check, in namespaces of their own.
check() {
    local image=$1 root description user
    root=$(buildah mount "$(buildah from "localhost/$image")")
    description=$(described "$image")
    user=$(head -n 1 <<<"$description")
    mapfile -t health < <(awk -v RS= 'NR == 2' <<<"$description")
    mapfile -t entry < <(awk -v RS= 'NR == 3' <<<"$description")
    echo "Running $image as $user: ${entry[*]} ${*:3}"
    health[1]=$2
    # The inner shell's to expand.
    # shellcheck disable=SC2016
    ROOT=$root RUN_AS=$user HEALTH=${health[*]} unshare --mount --pid --net --fork bash -euc '
        ip link set lo up
        mount --bind "$ROOT" "$ROOT"
        mount -o remount,bind,ro "$ROOT"
        mount -t proc proc "$ROOT/proc"
        mount -t tmpfs tmpfs "$ROOT/tmp"
        [ ! -d "$ROOT/prometheus" ] || mount -t tmpfs -o uid=65534,gid=65534 tmpfs "$ROOT/prometheus"
        in_container() { chroot --userspec="$RUN_AS:nogroup" "$ROOT" "$@"; }
        ! in_container touch /written 2>/dev/null || { echo "its root can be written" >&2; exit 1; }
        # Without the function, so that the process is the program itself.
        chroot --userspec="$RUN_AS:nogroup" "$ROOT" "$@" & program=$!
        for attempt in $(seq 1 60); do
            kill -0 $program || exit 1
            in_container $HEALTH 2>/dev/null && break
            [ $attempt -lt 60 ] || { echo "it does not get healthy" >&2; exit 1; }
            sleep 0.5
        done
        echo "healthy: $HEALTH"
        kill -TERM $program
        wait $program' check "${entry[@]}" "${@:3}"
}

check tsdb:local 9090 --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus \
    --storage.tsdb.retention.time=7d --web.enable-lifecycle --web.listen-address=0.0.0.0:9090
check gpu-exporter:local 9400 --simulate 8 --processes
echo "Both images work."
