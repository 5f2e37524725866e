#!/usr/bin/env bash
# libmemcached's commands: files are stored, shown, counted, touched, removed; statistics; load by memslap.
. "$(dirname "$0")/../tap.sh"
needs memccp
memslap=$(libmemcached memslap) || exit 77
echo "version $(dpkg-query -W -f '${Version}' libmemcached-tools 2>/dev/null)"
server=--servers=127.0.0.1:$MEMCACHED_PORT
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
printf 'first\n' >one
head -c 100000 /dev/urandom >two

succeeds "memcping" memcping "$server"
succeeds "memcflush" memcflush "$server"
succeeds "memccp stores files" memccp "$server" one two
is "memccat shows one" first "$(memccat "$server" one)"
memccat "$server" --file=again two
succeeds "memccat writes the same bytes to a file" cmp two again
succeeds "memcexist finds it" memcexist "$server" one
is "memcexist finds nothing" 1 "$(memcexist "$server" nothing; echo $?)"
succeeds "memctouch" memctouch "$server" --expire=100 one
succeeds "memcrm" memcrm "$server" one
is "and it is gone" 1 "$(memcexist "$server" one; echo $?)"
has "memccp --add of what is there" "NOT STORED" "$(memccp "$server" --add two 2>&1)"
succeeds "memccp --replace" memccp "$server" --replace two
has "memcstat counts items" 'curr_items: [1-9]' "$(memcstat "$server")"
has "memcstat settings" 'item_size_max: [1-9]' "$(memcstat "$server" settings)"
has "memcstat items" 'items:[0-9]+:number: [1-9]' "$(memcstat "$server" items)"
has "memcstat slabs" '[0-9]+:chunk_size: [1-9]' "$(memcstat "$server" slabs)"
has "memcstat --analyze" 'Number of Servers Analyzed *: 1' "$(memcstat "$server" --analyze)"
has "memcstat --server-version" '1\.' "$(memcstat "$server" --server-version 2>&1)"
succeeds "memcerror" memcerror 0
for test in set get mget; do
    has "memslap --test=$test" 'Time|Took|seconds' "$(timeout 20 "$memslap" "$server" --test="$test" --concurrency=4 --execute-number=200 --initial-load=1000 2>&1)"
done
