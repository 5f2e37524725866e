#!/usr/bin/python3
"""pymemcache: what its users do with one node."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import check, load, raises

pymemcache = load("pymemcache", "python3-pymemcache")
from pymemcache import serde  # noqa: E402
from pymemcache.client.base import Client, PooledClient  # noqa: E402
from pymemcache.client.hash import HashClient  # noqa: E402
from pymemcache.exceptions import MemcacheClientError  # noqa: E402

address = ("127.0.0.1", int(os.environ["MEMCACHED_PORT"]))
node = Client(address, default_noreply=False)
node.flush_all()


@check("values come back, bytes too")
def _():
    assert node.set("text", "value") is True
    assert node.get("text") == b"value"
    assert node.set("bytes", bytes(range(256))) is True
    assert node.get("bytes") == bytes(range(256))
    assert node.get("nothing", "default") == "default"
    assert node.set("empty", b"") is True
    assert node.get("empty") == b""


@check("add, replace, append, prepend, delete")
def _():
    assert node.add("text", "x") is False
    assert node.replace("nothing", "x") is False
    assert node.append("text", "-end") is True
    assert node.prepend("text", "start-") is True
    assert node.get("text") == b"start-value-end"
    assert node.delete("text") is True
    assert node.delete("text") is False


@check("compare and set")
def _():
    node.set("c", "1")
    value, unique = node.gets("c")
    assert value == b"1"
    assert node.cas("c", "2", unique) is True
    assert node.cas("c", "3", unique) is False
    assert node.cas("nothing", "3", unique) is None


@check("numbers")
def _():
    node.set("n", "10")
    assert node.incr("n", 5) == 15
    assert node.decr("n", 20) == 0
    assert node.incr("nothing", 1) is None
    node.set("word", "w")
    assert "non-numeric" in raises(MemcacheClientError, node.incr, "word", 1)


@check("lives end")
def _():
    assert node.set("brief", "1", expire=1) is True
    assert node.set("long", "1", expire=1) is True
    assert node.touch("long", 100) is True
    time.sleep(1.1)
    assert node.get("brief") is None
    assert node.get("long") == b"1"


@check("many keys at once")
def _():
    assert node.set_many({f"m{i}": f"v{i}" for i in range(500)}) == []
    assert node.get_many([f"m{i}" for i in range(600)]) == {f"m{i}": f"v{i}".encode() for i in range(500)}
    assert len(node.gets_many(["m0", "m1"])["m1"]) == 2
    assert node.delete_many(["m0", "m1"]) is True
    assert node.get_many(["m0", "m2"]) == {"m2": b"v2"}


@check("noreply")
def _():
    for i in range(200):
        node.set(f"q{i}", str(i), noreply=True)
    assert node.get("q199") == b"199"


@check("Python's objects in flags")
def _():
    pickled = Client(address, serde=serde.pickle_serde)
    pickled.set("object", {"a": [1, 2, 3]})
    assert pickled.get("object") == {"a": [1, 2, 3]}
    pickled.close()


@check("a pool of connections, and keys hashed over servers")
def _():
    pool = PooledClient(address, max_pool_size=4)
    assert pool.set("pooled", "1", noreply=False) is True
    assert pool.get("pooled") == b"1"
    hashed = HashClient([address])
    assert hashed.set_many({"h1": "1", "h2": "2"}, noreply=False) == []
    assert hashed.get_many(["h1", "h2"]) == {"h1": b"1", "h2": b"2"}


@check("version, statistics, an error, flush_all")
def _():
    assert node.version()
    assert node.stats()[b"curr_items"] > 0
    assert b"maxconns" in node.stats("settings")
    raises(MemcacheClientError, node.set, "x" * 251, "1")
    assert node.flush_all() is True
    assert node.get("m2") is None


@check("a megabyte")
def _():
    assert node.set("large", b"x" * 1_000_000) is True
    assert node.get("large") == b"x" * 1_000_000
