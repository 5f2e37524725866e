# Nodes for the scripts that begin with this one: started on loopback, ended with the script.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

build_node() {
    dotnet build -c Release "$root/node/FastCache.Node" >/dev/null || {
        echo "the node does not build: dotnet build -c Release node/FastCache.Node" >&2
        exit 1
    }
}

scratch=$(mktemp -d)
nodes=()
end_nodes() {
    local node
    for node in ${nodes[@]+"${nodes[@]}"}; do
        kill "$node" 2>/dev/null && wait "$node"
    done
    nodes=()
}
trap 'end_nodes; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# start_node NAME OPTION...: a node whose output is in the scratch file of that name. False if it ended before all doors were open.
start_node() {
    local output=$scratch/$1 node tries=0
    shift
    : >"$output"
    dotnet "$root/node/FastCache.Node/bin/Release/net10.0/FastCache.Node.dll" --memory 256MiB --prefault false --spin false "$@" >"$output" 2>&1 &
    node=$!
    nodes+=("$node")
    until [ "$(grep -c '^FastCache listening on' "$output")" -eq "$(grep -o -- '--listen' <<<"$*" | wc -l)" ]; do
        tries=$((tries + 1))
        if ! kill -0 "$node" 2>/dev/null || [ "$tries" -gt 300 ]; then
            return 1
        fi
        sleep 0.1
    done
}

port_of() { # port_of NAME SCHEME: where that node's door is open
    sed -n "s#^FastCache listening on $2://127.0.0.1:##p" "$scratch/$1"
}
