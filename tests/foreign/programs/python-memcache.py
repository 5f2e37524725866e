#!/usr/bin/python3
"""python-memcached: what its users do with one node."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import check, load

memcache = load("memcache", "python3-memcache")
node = memcache.Client([f"127.0.0.1:{os.environ['MEMCACHED_PORT']}"], debug=0, cache_cas=True)
node.flush_all()


@check("values of every type come back by their flags")
def _():
    for key, value in {"text": "čaj", "bytes": b"\0\r\n", "whole": 42, "object": {"a": [1, 2]}}.items():
        assert node.set(key, value)
        assert node.get(key) == value, key
    assert node.get("nothing") is None


@check("compressed values")
def _():
    assert node.set("compressed", "x" * 10_000, min_compress_len=100)
    assert node.get("compressed") == "x" * 10_000


@check("add, replace, append, prepend, delete, touch")
def _():
    assert not node.add("text", "x")
    assert not node.replace("nothing", "x")
    node.set("t", "b")
    assert node.append("t", "c") and node.prepend("t", "a")
    assert node.get("t") == "abc"
    assert node.touch("t", 100)
    assert node.delete("t")
    assert node.get("t") is None


@check("numbers")
def _():
    node.set("n", 10)
    assert node.incr("n", 5) == 15
    assert node.decr("n", 1) == 14


@check("compare and set")
def _():
    node.set("c", "1")
    assert node.gets("c") == "1"
    other = memcache.Client([f"127.0.0.1:{os.environ['MEMCACHED_PORT']}"])
    other.set("c", "2")
    assert not node.cas("c", "lost")
    assert node.gets("c") == "2"
    assert node.cas("c", "3")
    assert node.get("c") == "3"


@check("many keys at once, with a prefix")
def _():
    assert node.set_multi({str(i): i for i in range(300)}, key_prefix="m") == []
    assert node.get_multi([str(i) for i in range(400)], key_prefix="m") == {str(i): i for i in range(300)}
    assert node.delete_multi(["0", "1"], key_prefix="m") == 1
    assert node.get("m0") is None


@check("statistics")
def _():
    (_, statistics), = node.get_stats()
    assert int(statistics["curr_items"]) > 0
