#!/usr/bin/env bash
# redis-benchmark: each standard test whose commands are here, a few thousand requests of each, alone and in pipelines.
. "$(dirname "$0")/../tap.sh"
needs redis-benchmark
needs redis-cli
redis-benchmark --version | awk '{ print "version", $2 }'
redis-cli -p "$RESP_PORT" flushall >/dev/null

# measures NAME OPTION...: the program reports a rate and no error.
measures() {
    local name=$1 output
    shift
    output=$(timeout 30 redis-benchmark -p "$RESP_PORT" -n 5000 -q "$@" 2>&1 </dev/null | tr '\r' '\n')
    if grep -qiE 'error|err ' <<<"$output"; then
        printf 'not ok %s\n%s\n' "$name" "$output"
    else
        has "$name" '[0-9.]+ requests per second, p50=' "$output"
    fi
}

# The command that each test needs, and its name for -t.
while read -r command test; do
    if [ -n "$(redis-cli -p "$RESP_PORT" command info "$command" | head -1)" ]; then
        measures "-t $test" -t "$test" -c 10
        measures "-t $test -P 16" -t "$test" -c 10 -P 16 -r 1000 -d 100
    else
        echo "skip -t $test: there is no ${command^^} here"
    fi
done <<END
ping ping_inline
ping ping_mbulk
set set
get get
incr incr
lpush lpush
rpush rpush
lpop lpop
rpop rpop
sadd sadd
hset hset
spop spop
zadd zadd
zpopmin zpopmin
lrange lrange_100
lrange lrange_600
mset mset
END
measures "a command of its own" -r 1000 -c 10 -P 4 set key:__rand_int__ value:__rand_int__ ex 100
measures "two threads, 200 connections" --threads 2 -c 200 -t get -n 20000
