#!/usr/bin/python3
"""redis-py (the distribution's): what its users do with one node."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import check, check_if, load, raises

redis = load("redis", "python3-redis")
port = int(os.environ["RESP_PORT"])
node = redis.Redis(port=port)
text = redis.Redis(port=port, decode_responses=True)


commands = node.command()
node.flushall()


def has(word):
    return word in commands


@check("strings, text and bytes")
def _():
    assert node.set("text", "čaj") is True
    assert node.get("text") == "čaj".encode()
    assert text.get("text") == "čaj"
    assert node.set(b"\0\r\n\xff", bytes(range(256)))
    assert node.get(b"\0\r\n\xff") == bytes(range(256))
    assert node.get("nothing") is None
    assert node.set("text", "x", nx=True) is None
    assert text.set("text", "x", get=True) == "čaj"
    assert node.setrange("text", 3, "y") == 4
    assert node.getrange("text", 1, 3) == b"\0\0y"
    assert node.getdel("text") == b"x\0\0y"
    assert node.strlen("text") == 0


@check("lives end")
def _():
    node.set("brief", 1, px=50)
    node.setex("long", 100, 1)
    assert node.ttl("long") == 100
    assert node.getex("long", persist=True) == b"1"
    assert node.ttl("long") == -1
    node.expireat("long", int(time.time()) + 50)
    assert 48 <= node.ttl("long") <= 50
    time.sleep(0.08)
    assert node.get("brief") is None
    assert node.pttl("brief") == -2


@check("numbers")
def _():
    assert node.incr("n", 5) == 5
    assert node.decr("n") == 4
    assert node.incrbyfloat("f", 0.5) == 0.5
    assert "not an integer" in raises(redis.ResponseError, node.incr, "f")


@check("mset, msetnx and mget")
def _():
    assert node.mset({f"m{i}": f"v{i}" for i in range(100)})
    assert node.mget("m0", "nothing", "m99") == [b"v0", None, b"v99"]
    assert node.msetnx({"{m}0": 1, "{m}1": 1}) is True
    assert node.exists("m0", "m0", "nothing") == 2
    assert node.delete("m0", "m1", "nothing") == 2


@check("a pipeline of 2,000 in order")
def _():
    pipeline = node.pipeline(transaction=False)
    for i in range(1000):
        pipeline.set(f"p{i}", i).get(f"p{i}")
    assert pipeline.execute()[1::2] == [str(i).encode() for i in range(1000)]


@check("one error in a pipeline is that of its command")
def _():
    replies = node.pipeline(transaction=False).set("word", "w").incr("word").get("word").execute(raise_on_error=False)
    assert replies[0] is True and isinstance(replies[1], redis.ResponseError) and replies[2] == b"w"


@check("scan_iter finds every key")
def _():
    assert len(set(node.scan_iter(match="p*", count=100))) == 1000
    assert len(set(node.scan_iter(_type="string"))) == node.dbsize()


@check("keys: rename, copy, type, touch, object")
def _():
    node.set("{k}1", "v")
    assert node.rename("{k}1", "{k}2") is True
    assert node.copy("{k}2", "{k}3") is True
    assert node.type("{k}3") == b"string"
    assert node.touch("{k}2", "{k}3", "nothing") == 2
    assert node.object("encoding", "{k}3") == b"embstr"
    assert node.memory_usage("{k}3") > 0
    assert node.randomkey() is not None


@check("connection: name, client list, info, config, time")
def _():
    named = redis.Redis(port=port, client_name="mine", health_check_interval=1)
    assert named.client_getname() in (b"mine", "mine")
    assert named.client_info()["name"] == "mine"
    assert any(each["name"] == "mine" for each in named.client_list())
    assert node.info()["redis_mode"] == "standalone"
    assert node.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lfu"}
    assert abs(node.time()[0] - time.time()) < 5
    assert named.echo("x") == b"x"
    named.close()


@check("an unknown command is an error, and the connection goes on")
def _():
    assert "unknown command" in raises(redis.ResponseError, node.execute_command, "NOSUCH", "x")
    assert node.ping()


@check_if(has, "exec", "transactions")
def _():
    assert node.pipeline().set("t", 1).incr("t").get("t").execute() == [True, 2, b"2"]
    with node.pipeline() as pipeline:
        pipeline.watch("t")
        text.set("t", "changed")
        pipeline.multi()
        pipeline.set("t", "lost")
        raises(redis.WatchError, pipeline.execute)
    assert node.get("t") == b"changed"


@check_if(has, "subscribe", "publish and subscribe")
def _():
    subscriber = text.pubsub(ignore_subscribe_messages=False)
    subscriber.subscribe("news")
    subscriber.psubscribe("n*")
    assert [subscriber.get_message(timeout=1)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    assert node.publish("news", "hello") == 2
    messages = [subscriber.get_message(timeout=1) for _ in range(2)]
    assert sorted((each["type"], each["channel"], each["data"]) for each in messages) == [
        ("message", "news", "hello"),
        ("pmessage", "news", "hello"),
    ]
    subscriber.close()


@check_if(has, "hset", "hashes")
def _():
    assert node.hset("h", mapping={"a": 1, "b": "two"}) == 2
    assert text.hgetall("h") == {"a": "1", "b": "two"}
    assert node.hincrbyfloat("h", "a", 0.5) == 1.5
    assert dict(text.hscan_iter("h")) == {"a": "1.5", "b": "two"}
    assert node.hdel("h", "a", "b") == 2


@check_if(has, "rpush", "lists")
def _():
    assert node.rpush("l", "a", "b", "c") == 3
    assert node.lpop("l", 2) == [b"a", b"b"]
    assert node.linsert("l", "before", "c", "x") == 2
    assert node.lrange("l", 0, -1) == [b"x", b"c"]
    assert "WRONGTYPE" in raises(redis.ResponseError, node.get, "l")


@check_if(has, "blpop", "a list that is waited for")
def _():
    started = time.time()
    assert node.blpop("queue", timeout=0.2) is None
    assert 0.15 < time.time() - started < 2
    node.rpush("queue", "job")
    assert node.blpop("queue", timeout=1) == (b"queue", b"job")


@check_if(has, "sadd", "sets")
def _():
    assert node.sadd("{s}1", "a", "b", "b") == 2
    assert node.sadd("{s}2", "b", "c") == 2
    assert text.sinter("{s}1", "{s}2") == {"b"}
    assert text.sunion("{s}1", "{s}2") == {"a", "b", "c"}
    assert text.smembers("{s}1") == {"a", "b"}
    assert set(text.sscan_iter("{s}1")) == {"a", "b"}


@check_if(has, "zadd", "sorted sets")
def _():
    assert node.zadd("z", {"a": 1, "b": 2, "c": 3.5}) == 3
    assert text.zrange("z", 0, -1, withscores=True) == [("a", 1.0), ("b", 2.0), ("c", 3.5)]
    assert node.zincrby("z", 10, "a") == 11.0
    assert text.zrangebyscore("z", "(2", "+inf") == ["c", "a"]
    assert dict(text.zscan_iter("z")) == {"a": 11.0, "b": 2.0, "c": 3.5}
