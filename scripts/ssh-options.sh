# shellcheck shell=bash
# How the scripts here reach a pod by SSH; read by tunnel-metrics.sh and setup-dcgm.sh. Works with macOS's bash 3.2.
#
# Host keys are always checked. The first of two settings counts for ssh, so that nothing in ~/.ssh/config turns it off: each
# setting there that would is given here.

ssh_check=yes
ssh_user=root
# For ssh to expand, as it has it without this.
# shellcheck disable=SC2088
ssh_known_hosts="~/.ssh/known_hosts ~/.ssh/known_hosts2"
ssh_options=()

# The part of the usage text on these options.
ssh_usage() {
    cat <<'TEXT'
  --user NAME         who logs in, where HOST does not say it as in user@host (root)
  --identity FILE     the private key; otherwise ssh's own, or ssh-agent's
  --known-hosts FILE  where the pods' host keys are (~/.ssh/known_hosts)
  --accept-new        trust a host that was never seen before, and remember its key. A key that has changed is refused
                      all the same. Without this a pod's key has to be in the file already.
TEXT
}

# Takes the SSH option in $1 with its value in $2.
# Sets `taken` to how many arguments that were: 0 where it is none of these.
# shellcheck disable=SC2034
take_ssh_option() {
    taken=2
    case $1 in
    --accept-new) ssh_check=accept-new taken=1; return ;;
    --user | --identity | --known-hosts) ;;
    *) taken=0; return ;;
    esac
    [ -n "${2-}" ] || fail "$1 needs a value"
    case $1 in
    --user) ssh_user=$2 ;;
    --identity)
        [ -r "$2" ] || fail "--identity $2: there is no such file that can be read"
        ssh_options+=(-i "$2" -o IdentitiesOnly=yes)
        ;;
    --known-hosts) ssh_known_hosts="\"$2\"" ;;
    esac
}

# Fails unless $1 and $2 can be a host and a port.
check_address() {
    [[ $1 =~ ^([A-Za-z0-9][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._:%-]*$ ]] || fail "\"$1\" is no host: expected a name or an address, as in root@203.0.113.5"
    check_port "$2"
}

check_port() {
    # Without zeros before it, which an arithmetic expression would take for octal.
    [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 65535 ] || fail "\"$1\" is no port: expected a number from 1 to 65535"
}

# The arguments of ssh to host $1 at port $2, in `ssh_arguments`.
set_ssh_arguments() {
    ssh_arguments=(
        -o "StrictHostKeyChecking=$ssh_check" -o "UserKnownHostsFile=$ssh_known_hosts"
        -o NoHostAuthenticationForLocalhost=no -o VerifyHostKeyDNS=no -o BatchMode=yes -o ConnectTimeout=20
        # A dead connection is noticed within 15 s.
        -o ServerAliveInterval=5 -o ServerAliveCountMax=3
        # A connection of its own, whatever ~/.ssh/config shares.
        -o ControlMaster=no -o ControlPath=none
        ${ssh_options[@]+"${ssh_options[@]}"} -p "$2"
    )
    case $1 in
    *@*) ;;
    *) ssh_arguments+=(-l "$ssh_user") ;;
    esac
    ssh_arguments+=(-- "$1")
}

# What to do about what ssh printed, the text $1, on host $2 and port $3; nothing where that is unknown.
ssh_advice() {
    case $1 in
    *"IDENTIFICATION HAS CHANGED"*)
        echo "its host key is not the one that is known. If the pod was made anew: ssh-keygen -R '[${2##*@}]:$3'" ;;
    *"Host key verification failed"* | *"No "*" host key is known"*)
        echo "its host key is not known: compare and add it with ssh -p $3 $2, or give --accept-new to trust new hosts" ;;
    *"Permission denied"*)
        echo "it does not accept the key: add your public key to the pod, or name the private one with --identity; one with a passphrase has to be in ssh-agent: ssh-add" ;;
    *"Connection refused"* | *"Connection timed out"* | *"No route to host"*)
        echo "no SSH server answers at port $3: is the pod running, and are HOST and PORT those under \"SSH over exposed TCP\"?" ;;
    *"administratively prohibited"* | *"open failed"*)
        echo "it forwards no ports: RunPod's ssh.runpod.io does not; use the pod's address under \"SSH over exposed TCP\"" ;;
    esac
}
