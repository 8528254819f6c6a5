#!/usr/bin/env bash
# Installs what a build needs and is missing: the C libraries' -dev packages, and those named as arguments. Names a way to
# get Swift where it is missing.
set -euo pipefail

packages=(
    libsqlite3-dev         # the database file
    libcurl4-openssl-dev   # scraping
    libre2-dev             # PromQL's regular expressions
    libsnappy-dev          # remote write
    zlib1g-dev             # gzip
    libyaml-dev            # the configuration file
    libcrypt-dev           # passwords' hashes
)
packages+=("$@")

if ! command -v swift >/dev/null; then
    echo "No Swift toolchain on the PATH: install Swift 6.2 or newer from https://www.swift.org/install/linux/ and run this again." >&2
    if [ -n "${SUDO_USER:-}" ]; then
        echo "sudo has a PATH of its own. What was built without it is installed by: sudo make install BINARIES=.build/release" >&2
    fi
    if command -v docker >/dev/null && timeout 5 docker info >/dev/null 2>&1 &&
        { docker compose version || docker-compose version --short | grep -E '^v?([2-9]|[1-9][0-9])\.'; } >/dev/null 2>&1; then
        echo "A Docker engine answers here, so this works without one: make services-up PROFILES=simulated   (tsdb on :9090, Grafana on :3001)" >&2
    fi
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing libraries, and no apt-get to install them with: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
