#!/usr/bin/env bash
# Prints a pod's HOST and PORT on one line: POD_HOST and POD_PORT of the environment, else the outputs of Terraform.
# TERRAFORM names the folder (terraform); TERRAFORM_HOST and TERRAFORM_PORT its outputs (pod_host, pod_port).
set -u
cd "$(dirname "$0")/.." || exit 1

folder=${TERRAFORM:-terraform}

fail() {
    echo "$1" >&2
    echo "Name the pod's SSH server: make ${TARGET:-gpu-tunnel} POD_HOST=203.0.113.5 POD_PORT=22034" >&2
    exit 1
}

output() {
    local value
    value=$(terraform "-chdir=$folder" output -raw "$1" 2>&1) ||
        fail "terraform -chdir=$folder output -raw $1 failed: $(grep -m 1 -i error <<<"$value" | sed 's/^[^A-Za-z]*//')"
    [ -n "$value" ] || fail "Terraform's output $1 of the folder $folder is empty: has it been applied?"
    echo "$value"
}

if [ -n "${POD_HOST:-}" ]; then
    echo "$POD_HOST ${POD_PORT:-22}"
elif [ -d "$folder" ]; then
    command -v terraform >/dev/null || fail "There is a folder $folder, but no terraform on the PATH to ask for the pod's address."
    host=$(output "${TERRAFORM_HOST:-pod_host}") && port=$(output "${TERRAFORM_PORT:-pod_port}") || exit 1
    echo "$host $port"
else
    fail "Which pod? POD_HOST is not set, and there is no folder $folder whose \`terraform output\` tells."
fi
