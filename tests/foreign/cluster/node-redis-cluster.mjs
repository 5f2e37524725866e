#!/usr/bin/env node
// node-redis' cluster client over two nodes of one topology.
import assert from "node:assert/strict";
import { check, load } from "../tap.mjs";

const { createCluster } = await load("redis");
const ports = process.env.RESP_PORTS.split(" ").map(Number);

for (const RESP of [2, 3]) {
    const named = (name) => `${name} (RESP${RESP})`;
    const cluster = await createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${ports[1]}` }], defaults: { RESP } }).connect();

    await check(named("both nodes are found"), async () => {
        assert.deepEqual(cluster.masters.map(({ port }) => port).sort(), ports);
        for (const node of cluster.masters) await (await cluster.nodeClient(node)).flushAll();
    });

    await check(named("keys of both nodes"), async () => {
        await Promise.all(Array.from({ length: 500 }, (_, i) => cluster.set(`k${i}`, `${i}`)));
        assert.deepEqual(await Promise.all(Array.from({ length: 500 }, (_, i) => cluster.get(`k${i}`))), Array.from({ length: 500 }, (_, i) => `${i}`));
        const sizes = await Promise.all(cluster.masters.map(async (node) => (await cluster.nodeClient(node)).dbSize()));
        assert.equal(sizes[0] + sizes[1], 500);
    });

    await check(named("keys of one tag together"), async () => {
        await cluster.mSet({ "{tag}1": "a", "{tag}2": "b" });
        assert.deepEqual(await cluster.mGet(["{tag}1", "{tag}2"]), ["a", "b"]);
    });

    await cluster.close();
}
