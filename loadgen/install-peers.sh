#!/usr/bin/env bash
# Installs the caches that `loadgen compare` and `bench memory` put beside FastCache: redis-server, memcached and, where
# there is a package, valkey-server from the distribution; Garnet from its NuGet package. Nothing of FastCache needs them
# to build. No service stays behind: both commands start servers of their own, and end them.
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBIAN_FRONTEND=noninteractive DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Packages start their services as they are installed, unless this file says no. One that is there already is kept.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi

apt-get update -qq
packages=(redis-server memcached)
if apt-cache policy valkey-server | grep -q 'Candidate: [0-9]'; then
    packages+=(valkey-server)
else
    echo "valkey-server: this distribution has no package of it; compare goes on without"
fi

apt-get install -y --no-install-recommends "${packages[@]}"

# Nor do they start with the machine.
if command -v systemctl >/dev/null; then
    systemctl disable "${packages[@]}" >/dev/null 2>&1 || true
fi

dotnet build -c Release loadgen/FastCache.GarnetPeer

for package in "${packages[@]}"; do
    "$package" --version
done
dotnet loadgen/FastCache.GarnetPeer/bin/Release/net10.0/FastCache.GarnetPeer.dll --version
