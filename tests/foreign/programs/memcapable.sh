#!/usr/bin/env bash
# memcapable, libmemcached's test of servers: all its tests of the text protocol. Those of the binary protocol are not run: the
# door does not speak it, and memcached itself calls it deprecated.
. "$(dirname "$0")/../tap.sh"
program=$(libmemcached memcapable 2>&1) || { echo "$program"; exit 77; }
echo "version $(dpkg-query -W -f '${Version}' libmemcached-tools 2>/dev/null)"
while read -r line; do
    case $line in
        *'[pass]') echo "ok ${line%%  *}" ;;
        *'[FAIL]' | *'[TIMEOUT]') echo "not ok $line" ;;
        *) echo "$line" ;;
    esac
done < <("$program" -h 127.0.0.1 -p "$MEMCACHED_PORT" -a -v -t 5 2>&1)
