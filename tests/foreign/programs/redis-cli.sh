#!/usr/bin/env bash
# redis-cli: its modes, and the reply of every kind as it prints them.
. "$(dirname "$0")/../tap.sh"
needs redis-cli
redis-cli --version | awk '{ print "version", $2 }'
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
cli() { redis-cli -p "$RESP_PORT" "$@"; }

is "FLUSHALL" OK "$(cli flushall)"
is "an argument of several lines by -x" $'one\ntwo' "$(printf 'one\ntwo' | cli -x set lines >/dev/null; cli get lines)"
is "-r and -i repeat" "1 2 3" "$(cli -r 3 -i 0.01 incr counter | xargs)"
is "-n 0 selects the database" PONG "$(cli -n 0 ping)"
is "-e fails upon an error" 1 "$(cli -e incr lines >/dev/null 2>&1; echo $?)"
is "--csv" '"3",NULL' "$(cli --csv mget counter nothing)"
is "--json of a map" true "$(cli -3 --json config get maxmemory-policy | grep -q '{"maxmemory-policy":"allkeys-lfu"}' && echo true)"
is "-2 speaks version 2" 2 "$(cli -2 hello | sed -n '/^proto$/{n;p}')"
is "-3 speaks version 3" '3# "proto" => (integer) 3' "$(cli -3 --no-raw hello | grep proto | sed 's/^ *//')"
has "an error is shown" "^ERR value is not an integer or out of range" "$(cli incr lines)"
has "MONITOR is refused" "^ERR unknown command 'MONITOR'" "$(cli MONITOR)"
has "INFO has the sections that are looked for" "redis_version:[0-9].*" "$(cli info)"

cli flushall >/dev/null
is "--pipe loads 10,000 keys" "errors: 0, replies: 10000" \
    "$(for i in $(seq 10000); do printf 'SET many:%d value-%d\r\n' "$i" "$i"; done | cli --pipe | tail -1)"
is "DBSIZE" 10000 "$(cli dbsize)"
is "--scan finds every key once" "10000 in all, 0 twice" \
    "$(cli --scan | sort >"$scratch"; echo "$(wc -l <"$scratch") in all, $(uniq -d "$scratch" | wc -l) twice")"
is "--scan --pattern" 1000 "$(cli --scan --pattern 'many:1???' | wc -l)"
is "--scan --quoted-pattern" 1 "$(cli --scan --quoted-pattern '"many:77"' | wc -l)"
cli set large "$(printf 'x%.0s' $(seq 5000))" >/dev/null
has "--bigkeys names the largest" 'Biggest string found .*large.* has 5000 bytes' "$(cli --bigkeys)"
has "--memkeys names the largest" 'Biggest string found .*large.* has [0-9]+ bytes' "$(cli --memkeys)"
has "--hotkeys counts uses" 'hot key found with counter: [0-9]+' "$(cli get large >/dev/null; cli --hotkeys)"
has "--latency for a second" '^[0-9.]+ [0-9.]+ [0-9.]+ [0-9]+' "$(cli --raw --latency)"
has "--stat prints a row" '^10001 ' "$(timeout 2 stdbuf -oL redis-cli -p "$RESP_PORT" --stat -i 0.2)"

# With a terminal redis-cli asks for COMMAND DOCS, and shows hints from it.
if command -v script >/dev/null; then
    session=$(printf 'set greeting hello\nget greeting\nquit\n' |
        TERM=dumb timeout 10 script -qec "redis-cli -p $RESP_PORT" /dev/null)
    has "a session at a terminal" '"hello"' "$session"
    has "help of a command comes from COMMAND DOCS" 'Returns a part of a value' "$(printf 'help getrange\nquit\n' |
        TERM=dumb timeout 10 script -qec "redis-cli -p $RESP_PORT" /dev/null)"
else
    echo "skip a session at a terminal: script is not installed"
fi
