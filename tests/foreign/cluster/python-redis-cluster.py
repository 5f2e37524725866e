#!/usr/bin/python3
"""redis-py's RedisCluster over two nodes of one topology."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import check, load

redis = load("redis", "python3-redis")
ports = [int(port) for port in os.environ["RESP_PORTS"].split()]
cluster = redis.RedisCluster(host="127.0.0.1", port=ports[0])


@check("both nodes are found")
def _():
    assert sorted(each.port for each in cluster.get_primaries()) == ports
    cluster.flushall(target_nodes=redis.RedisCluster.PRIMARIES)


@check("keys of both nodes")
def _():
    for i in range(200):
        cluster.set(f"k{i}", i)
    assert [cluster.get(f"k{i}") for i in range(200)] == [str(i).encode() for i in range(200)]
    assert cluster.dbsize(target_nodes=redis.RedisCluster.PRIMARIES) == 200


@check("a pipeline over both")
def _():
    pipeline = cluster.pipeline()
    for i in range(200):
        pipeline.incr(f"k{i}")
    assert pipeline.execute() == [i + 1 for i in range(200)]


@check("mget of keys that lie anywhere, and of one tag")
def _():
    assert cluster.mget_nonatomic([f"k{i}" for i in range(5)]) == [b"1", b"2", b"3", b"4", b"5"]
    assert cluster.mset({"{tag}1": "a", "{tag}2": "b"})
    assert cluster.mget("{tag}1", "{tag}2") == [b"a", b"b"]


@check("scan_iter over both")
def _():
    assert len(set(cluster.scan_iter(match="k*"))) == 200
