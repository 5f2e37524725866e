#!/usr/bin/env node
// ioredis' Cluster over two nodes of one topology.
import assert from "node:assert/strict";
import { check, load } from "../tap.mjs";

const { Cluster } = await load("ioredis");
const ports = process.env.RESP_PORTS.split(" ").map(Number);
const cluster = new Cluster([{ host: "127.0.0.1", port: ports[0] }]);

await check("both nodes are found", async () => {
    await cluster.ping();
    assert.deepEqual(cluster.nodes("master").map(({ options }) => options.port).sort(), ports);
    await Promise.all(cluster.nodes("master").map((node) => node.flushall()));
});

await check("keys of both nodes", async () => {
    await Promise.all(Array.from({ length: 500 }, (_, i) => cluster.set(`k${i}`, i)));
    assert.deepEqual(await Promise.all(Array.from({ length: 500 }, (_, i) => cluster.get(`k${i}`))), Array.from({ length: 500 }, (_, i) => `${i}`));
    const sizes = await Promise.all(cluster.nodes("master").map((node) => node.dbsize()));
    assert.equal(sizes[0] + sizes[1], 500);
    assert.ok(sizes.every((size) => size > 200), `${sizes}`);
});

await check("keys of one tag together", async () => {
    await cluster.mset("{tag}1", "a", "{tag}2", "b");
    assert.deepEqual(await cluster.mget("{tag}1", "{tag}2"), ["a", "b"]);
    assert.equal(await cluster.rename("{tag}1", "{tag}3"), "OK");
    await assert.rejects(cluster.mget("a", "b"), /CROSSSLOT/);
});

await check("a pipeline to one node", async () => {
    assert.deepEqual(await cluster.pipeline().set("{p}1", "1").incr("{p}1").exec(), [[null, "OK"], [null, 2]]);
});

await check("SCAN of each node", async () => {
    const found = new Set();
    for (const node of cluster.nodes("master")) {
        for await (const keys of node.scanStream({ match: "k*" })) keys.forEach((key) => found.add(key));
    }
    assert.equal(found.size, 500);
});

await cluster.quit();
