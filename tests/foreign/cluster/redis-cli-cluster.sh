#!/usr/bin/env bash
# redis-cli -c, which goes where it is sent, and redis-benchmark --cluster.
. "$(dirname "$0")/../tap.sh"
needs redis-cli
needs redis-benchmark
redis-cli --version | awk '{ print "version", $2 }'
read -r first second <<<"$RESP_PORTS"

# "a" is of slot 15495, "b" of 3300.
has "without -c it is told where the key is" "^MOVED 15495 127.0.0.1:$second" "$(redis-cli -p "$first" set a 1)"
is "with -c it goes there" OK "$(redis-cli -c -p "$first" set a 1)"
is "and finds it from the other" 1 "$(redis-cli -c -p "$second" get a)"
is "both keys, from one session" "2 1" "$(printf 'set b 2\nget b\nget a\n' | redis-cli -c -p "$first" | grep -E '^[0-9]' | xargs)"
has "keys of two nodes in one command" "^CROSSSLOT" "$(redis-cli -c -p "$first" mget a b)"
has "--cluster call reaches both" "127.0.0.1:$second: PONG" "$(redis-cli --cluster call "127.0.0.1:$first" ping 2>&1)"
has "redis-benchmark --cluster" '[0-9.]+ requests per second' \
    "$(timeout 30 redis-benchmark -p "$first" --cluster -t set,get -n 5000 -r 1000 -c 10 -q 2>&1 </dev/null | tr '\r' '\n')"
