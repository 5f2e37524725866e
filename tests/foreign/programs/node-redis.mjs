#!/usr/bin/env node
// node-redis: what its users do with one node, in both versions of the protocol.
import assert from "node:assert/strict";
import { check, checkIf, load } from "../tap.mjs";

const { createClient, createClientPool, RESP_TYPES, WatchError } = await load("redis");
const address = { url: `redis://127.0.0.1:${process.env.RESP_PORT}` };

for (const RESP of [2, 3]) {
    const errors = [];
    const connect = (options) => createClient({ ...address, RESP, ...options }).on("error", (error) => errors.push(error)).connect();
    const redis = await connect();
    const has = async (word) => (await redis.sendCommand(["COMMAND", "INFO", word]))[0] !== null;
    const named = (name) => `${name} (RESP${RESP})`;
    await redis.flushAll();

    await check(named("strings and bytes"), async () => {
        assert.equal(await redis.set("text", "čaj"), "OK");
        assert.equal(await redis.get("text"), "čaj");
        assert.equal(await redis.get("nothing"), null);
        assert.equal(await redis.set("text", "x", { condition: "NX" }), null);
        assert.equal(await redis.set("text", "x", { GET: true, expiration: { type: "EX", value: 10 } }), "čaj");
        const bytes = Buffer.from([0, 13, 10, 255]);
        await redis.set(bytes, bytes);
        assert.deepEqual(await redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(bytes), bytes);
        assert.equal(await redis.getDel("text"), "x");
    });

    await check(named("lives end"), async () => {
        await redis.set("brief", "1", { expiration: { type: "PX", value: 50 } });
        await redis.setEx("long", 100, "1");
        assert.equal(await redis.ttl("long"), 100);
        assert.equal(await redis.getEx("long", { type: "PERSIST" }), "1");
        assert.equal(await redis.ttl("long"), -1);
        await new Promise((resolve) => setTimeout(resolve, 80));
        assert.equal(await redis.get("brief"), null);
    });

    await check(named("numbers"), async () => {
        assert.equal(await redis.incrBy("n", 5), 5);
        assert.equal(Number(await redis.incrByFloat("f", 1.5)), 1.5);
        await assert.rejects(redis.incr("f"), /ERR value is not an integer/);
    });

    await check(named("mSet and mGet"), async () => {
        await redis.mSet(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, `v${i}`])));
        assert.deepEqual(await redis.mGet(["m0", "nothing", "m99"]), ["v0", null, "v99"]);
        assert.equal(await redis.unlink(["m0", "m1", "nothing"]), 2);
    });

    await check(named("2,000 requests at once, in order"), async () => {
        const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => [redis.set(`p${i}`, `${i}`), redis.get(`p${i}`)]).flat());
        assert.deepEqual(replies.filter((_, i) => i % 2 === 1), Array.from({ length: 1000 }, (_, i) => `${i}`));
    });

    await check(named("multi as a pipeline"), async () => {
        assert.deepEqual(await redis.multi().set("q", "1").incr("q").get("q").execAsPipeline(), ["OK", 2, "2"]);
    });

    await check(named("scanIterator finds every key"), async () => {
        const found = new Set();
        for await (const keys of redis.scanIterator({ MATCH: "p*", COUNT: 100 })) keys.forEach((key) => found.add(key));
        assert.equal(found.size, 1000);
    });

    await check(named("a pool of four connections"), async () => {
        const pool = await createClientPool({ ...address, RESP }, { minimum: 4, maximum: 4 }).connect();
        await Promise.all(Array.from({ length: 100 }, (_, i) => pool.incr("pooled")));
        assert.equal(await pool.get("pooled"), "100");
        await pool.close();
    });

    await check(named("name, database and who is connected"), async () => {
        const other = await connect({ name: "mine", database: 0 });
        assert.equal(await other.clientGetName(), "mine");
        assert.equal((await other.clientInfo()).name, "mine");
        assert.equal((await other.configGet("maxmemory-policy"))["maxmemory-policy"], "allkeys-lfu");
        await other.close();
    });

    await checkIf(has, "exec", named("transactions"), async () => {
        assert.deepEqual(await redis.multi().set("t", "1").incr("t").get("t").exec(), ["OK", 2, "2"]);
        const other = await connect();
        await redis.watch("t");
        await other.set("t", "changed");
        await assert.rejects(redis.multi().set("t", "lost").exec(), WatchError);
        assert.equal(await redis.get("t"), "changed");
        await other.close();
    });

    await checkIf(has, "subscribe", named("publish and subscribe"), async () => {
        const subscriber = await connect();
        const messages = [];
        await subscriber.subscribe("news", (message, channel) => messages.push(`${channel} ${message}`));
        await subscriber.pSubscribe("n*", (message, channel) => messages.push(`n* ${channel} ${message}`));
        assert.equal(await redis.publish("news", "hello"), 2);
        while (messages.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.deepEqual(messages.sort(), ["n* news hello", "news hello"]);
        if (RESP === 3) assert.equal(await subscriber.get("t-nothing"), null);
        await subscriber.unsubscribe();
        await subscriber.pUnsubscribe();
        await subscriber.close();
    });

    if (RESP === 3) {
        await checkIf(async () => (await redis.sendCommand(["CLIENT", "TRACKING", "OFF"]).catch(() => null)) !== null,
            "client tracking", named("its own cache is told of changes"), async () => {
                const caching = await connect({ clientSideCache: { ttl: 0, maxEntries: 0 } });
                await redis.set("cached", "1");
                assert.equal(await caching.get("cached"), "1");
                assert.equal(await caching.get("cached"), "1");
                await redis.set("cached", "2");
                let value;
                for (let i = 0; i < 200 && value !== "2"; i++) {
                    await new Promise((resolve) => setTimeout(resolve, 5));
                    value = await caching.get("cached");
                }
                assert.equal(value, "2");
                await caching.close();
            });
    }

    await checkIf(has, "hset", named("hashes"), async () => {
        assert.equal(await redis.hSet("h", { a: 1, b: "two" }), 2);
        assert.deepEqual({ ...(await redis.hGetAll("h")) }, { a: "1", b: "two" });
        assert.equal(await redis.hIncrBy("h", "a", 4), 5);
        const found = [];
        for await (const entries of redis.hScanIterator("h")) entries.forEach(({ field, value }) => found.push(`${field}=${value}`));
        assert.deepEqual(found.sort(), ["a=5", "b=two"]);
        assert.equal(await redis.hDel("h", ["a", "b"]), 2);
    });

    await checkIf(has, "rpush", named("lists"), async () => {
        assert.equal(await redis.rPush("l", ["a", "b", "c"]), 3);
        assert.equal(await redis.lPop("l"), "a");
        assert.deepEqual(await redis.lRange("l", 0, -1), ["b", "c"]);
        await assert.rejects(redis.get("l"), /WRONGTYPE/);
    });

    await checkIf(has, "sadd", named("sets"), async () => {
        assert.equal(await redis.sAdd("s", ["a", "b", "b"]), 2);
        assert.deepEqual([...(await redis.sMembers("s"))].sort(), ["a", "b"]);
        assert.deepEqual(await redis.smIsMember("s", ["a", "z"]), [1, 0]);
    });

    await checkIf(has, "zadd", named("sorted sets"), async () => {
        assert.equal(await redis.zAdd("z", [{ score: 2, value: "b" }, { score: 1, value: "a" }, { score: 3.5, value: "c" }]), 3);
        assert.deepEqual(await redis.zRangeWithScores("z", 0, 1), [{ value: "a", score: 1 }, { value: "b", score: 2 }]);
        assert.equal(await redis.zIncrBy("z", 10, "a"), 11);
        assert.equal(await redis.zScore("z", "c"), 3.5);
    });

    await check(named("no error at the side"), async () => assert.deepEqual(errors, []));
    await redis.close();
}
