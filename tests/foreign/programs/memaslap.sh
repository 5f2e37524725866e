#!/usr/bin/env bash
# memaslap, libmemcached's load generator: a tenth of what it reads is verified, keys of a life and many keys a request.
. "$(dirname "$0")/../tap.sh"
program=$(libmemcached memaslap 2>&1) || { echo "$program"; exit 77; }
echo "version $(dpkg-query -W -f '${Version}' libmemcached-tools 2>/dev/null)"

# loads NAME OPTION...: it ends by itself, reads what it wrote, and says no error.
loads() {
    local name=$1 output
    shift
    output=$(timeout 20 "$program" -s "127.0.0.1:$MEMCACHED_PORT" -T 2 -c 16 "$@" 2>&1 </dev/null)
    if grep -qE 'Run time: .* Ops: [1-9]' <<<"$output" &&
        grep -q 'verify_misses: 0' <<<"$output" && grep -q 'verify_failed: 0' <<<"$output"; then
        echo "ok $name"
    else
        printf 'not ok %s\n%s\n' "$name" "$output"
    fi
}
loads "20,000 requests, a tenth verified" -x 20000 -v 0.1
loads "values of 4,000 bytes" -x 5000 -X 4000 -v 0.1
loads "16 keys a request" -x 20000 -d 16 -v 0.1
loads "a tenth with a life" -x 10000 -e 0.1 -v 0.1
