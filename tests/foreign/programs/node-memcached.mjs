#!/usr/bin/env node
// memcached of npm: what its users do with one node.
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { check, load } from "../tap.mjs";

const { default: Memcached } = await load("memcached");
const client = new Memcached(`127.0.0.1:${process.env.MEMCACHED_PORT}`);
const node = Object.fromEntries(["set", "get", "gets", "getMulti", "cas", "add", "replace", "append", "prepend", "incr", "decr", "del", "touch", "flush", "stats"]
    .map((name) => [name, promisify(client[name]).bind(client)]));
await node.flush();

await check("values of every type come back by their flags", async () => {
    for (const value of ["čaj", 42, { a: [1, 2] }, Buffer.from([0, 13, 10, 255])]) {
        assert.equal(await node.set("key", value, 100), true);
        assert.deepEqual(await node.get("key"), value);
    }
    assert.equal(await node.get("nothing"), undefined);
});

await check("add, replace, append, prepend, del, touch", async () => {
    await node.set("t", "b", 100);
    await assert.rejects(node.add("t", "x", 100), /not stored/);
    await assert.rejects(node.replace("nothing", "x", 100), /not stored/);
    await node.append("t", "c");
    await node.prepend("t", "a");
    assert.equal(await node.get("t"), "abc");
    assert.equal(await node.touch("t", 50), true);
    assert.equal(await node.del("t"), true);
    assert.equal(await node.del("t"), false);
});

await check("gets and cas", async () => {
    await node.set("c", "1", 100);
    const { cas } = await node.gets("c");
    assert.equal(await node.cas("c", "2", cas, 100), true);
    assert.equal(await node.cas("c", "3", cas, 100), false);
    assert.equal(await node.get("c"), "2");
});

await check("numbers", async () => {
    await node.set("n", 10, 100);
    assert.equal(await node.incr("n", 5), 15);
    assert.equal(await node.decr("n", 1), 14);
    assert.equal(await node.incr("nothing", 1), false);
});

await check("many keys at once", async () => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => node.set(`m${i}`, i, 100)));
    assert.deepEqual(await node.getMulti(["m0", "nothing", "m299"]), { m0: 0, m299: 299 });
});

await check("stats", async () => {
    const [statistics] = await node.stats();
    assert.ok(statistics.curr_items > 0);
});

client.end();
