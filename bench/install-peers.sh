#!/usr/bin/env bash
# Installs the servers that `memory` compares with, from Debian's packages. Nothing of FastCache needs them to build.
# No service stays behind: `memory` starts its own, on a socket of its own, and ends it.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# Packages start their services as they are installed, unless this file says no. One that is there already is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi

apt-get update -qq
apt-get install -y --no-install-recommends redis-server memcached

# Nor do they start with the machine.
if command -v systemctl >/dev/null; then
    systemctl disable redis-server memcached >/dev/null 2>&1 || true
fi

redis-server --version
memcached --version
