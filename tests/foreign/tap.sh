# Checks of the scripts in bash; run has the meaning of the lines.

needs() { # needs PROGRAM: ends the script when it is not installed
    command -v "$1" >/dev/null || { echo "$1 is not installed"; exit 77; }
}

libmemcached() { # libmemcached NAME: the tool under that name or Debian's, which puts memc before all; ends the script when there is none
    command -v "$1" || command -v "memc${1#mem}" || { echo "$1 is not installed" >&2; return 77; }
}

is() { # is NAME EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        echo "ok $1"
    else
        printf 'not ok %s\nexpected: %s\nbut was: %s\n' "$1" "$2" "$3"
    fi
}

has() { # has NAME PATTERN TEXT: whether an extended regular expression is in it
    if grep -qE -- "$2" <<<"$3"; then
        echo "ok $1"
    else
        printf 'not ok %s\nexpected to find: %s\nin: %s\n' "$1" "$2" "$3"
    fi
}

succeeds() { # succeeds NAME COMMAND...
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        echo "ok $name"
    else
        printf 'not ok %s\n%s\n' "$name" "$output"
    fi
}
