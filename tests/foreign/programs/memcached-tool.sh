#!/usr/bin/env bash
# memcached's own script that shows statistics: those of size classes, general ones, settings, sizes.
. "$(dirname "$0")/../tap.sh"
tool=/usr/share/memcached/scripts/memcached-tool
[ -x "$tool" ] || exit 77
echo "version $(dpkg-query -W -f '${Version}' memcached 2>/dev/null)"
server=127.0.0.1:$MEMCACHED_PORT

succeeds "values are stored" bash -c "exec 3<>/dev/tcp/127.0.0.1/$MEMCACHED_PORT
    printf 'set tool 0 0 3\r\nabc\r\nget tool\r\nget none\r\nquit\r\n' >&3; grep -q '^STORED' <&3"
has "memcached-tool display" '[0-9]+B +[0-9]+s +[1-9][0-9]* +[1-9]' "$(perl "$tool" "$server" display)"
has "memcached-tool stats" 'curr_items +[1-9]' "$(perl "$tool" "$server" stats)"
has "memcached-tool settings" "tcpport +$MEMCACHED_PORT" "$(perl "$tool" "$server" settings)"
has "memcached-tool sizes" '[0-9]+ +[1-9]' "$(perl "$tool" "$server" sizes)"
