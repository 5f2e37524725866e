#!/usr/bin/env node
// ioredis: what its users do with one node.
import assert from "node:assert/strict";
import { check, checkIf, load } from "../tap.mjs";

const { Redis } = await load("ioredis");
const address = { host: "127.0.0.1", port: Number(process.env.RESP_PORT) };
const redis = new Redis(address);
const has = async (word) => (await redis.command("INFO", word))[0] !== null;
await redis.flushall();

await check("strings, text and bytes", async () => {
    assert.equal(await redis.set("text", "čaj"), "OK");
    assert.equal(await redis.get("text"), "čaj");
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.set(Buffer.from([0, 13, 10, 255]), bytes);
    assert.deepEqual(await redis.getBuffer(Buffer.from([0, 13, 10, 255])), bytes);
    assert.equal(await redis.get("nothing"), null);
    assert.equal(await redis.set("text", "x", "NX"), null);
    assert.equal(await redis.set("text", "y", "XX", "GET"), "čaj");
    assert.equal(await redis.append("text", "z"), 2);
    assert.equal(await redis.getrange("text", -1, -1), "z");
    assert.equal(await redis.getdel("text"), "yz");
    assert.equal(await redis.exists("text"), 0);
});

await check("a value of a megabyte", async () => {
    const value = Buffer.alloc(1_000_000, "0123456789");
    await redis.set("large", value);
    assert.ok(value.equals(await redis.getBuffer("large")));
});

await check("numbers", async () => {
    assert.equal(await redis.incr("n"), 1);
    assert.equal(await redis.decrby("n", 11), -10);
    assert.equal(await redis.incrbyfloat("f", 0.1), "0.1");
});

await check("lives end", async () => {
    await redis.set("brief", "1", "PX", 50);
    await redis.setex("long", 100, "1");
    assert.equal(await redis.ttl("long"), 100);
    assert.equal(await redis.persist("long"), 1);
    assert.equal(await redis.ttl("long"), -1);
    assert.equal(await redis.expire("long", 10, "GT"), 0);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.equal(await redis.get("brief"), null);
    assert.equal(await redis.pttl("brief"), -2);
});

await check("mset and mget", async () => {
    await redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, `v${i}`])));
    assert.deepEqual(await redis.mget("m0", "nothing", "m99"), ["v0", null, "v99"]);
    assert.equal(await redis.del("m0", "m1", "nothing"), 2);
});

await check("a pipeline of 2,000 in order", async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.set(`p${i}`, i).get(`p${i}`);
    const replies = await pipeline.exec();
    assert.deepEqual(replies.map(([error]) => error).filter(Boolean), []);
    assert.deepEqual(replies.filter((_, i) => i % 2 === 1).map(([, value]) => value), Array.from({ length: 1000 }, (_, i) => `${i}`));
});

await check("one error in a pipeline is that of its command", async () => {
    const replies = await redis.pipeline().set("word", "w").incr("word").get("word").exec();
    assert.match(replies[1][0].message, /ERR value is not an integer/);
    assert.equal(replies[2][1], "w");
});

await check("automatic pipelining", async () => {
    const automatic = new Redis({ ...address, enableAutoPipelining: true });
    await Promise.all(Array.from({ length: 200 }, (_, i) => automatic.set(`a${i}`, i)));
    assert.deepEqual(await Promise.all([automatic.get("a0"), automatic.get("a199")]), ["0", "199"]);
    await automatic.quit();
});

await check("a stream of SCAN finds every key", async () => {
    const found = new Set();
    for await (const keys of redis.scanStream({ match: "p*", count: 100 })) keys.forEach((key) => found.add(key));
    assert.equal(found.size, 1000);
});

await check("connection: name, database, prefix, readiness", async () => {
    const named = new Redis({ ...address, connectionName: "mine", db: 0, keyPrefix: "in:", lazyConnect: true });
    await named.connect();
    assert.equal(await named.client("GETNAME"), "mine");
    await named.set("side", "1");
    assert.equal(await redis.get("in:side"), "1");
    assert.equal(await named.quit(), "OK");
});

await check("an unknown command is an error, and the connection goes on", async () => {
    await assert.rejects(redis.call("NOSUCH", "x"), /ERR unknown command 'NOSUCH'/);
    assert.equal(await redis.ping(), "PONG");
});

await checkIf(has, "exec", "transactions", async () => {
    assert.deepEqual(await redis.multi().set("t{x}", "1").incr("t{x}").get("t{x}").exec(), [[null, "OK"], [null, 2], [null, "2"]]);
    const other = new Redis(address);
    await redis.watch("t{x}");
    await other.set("t{x}", "changed");
    assert.equal(await redis.multi().set("t{x}", "lost").exec(), null);
    assert.equal(await redis.get("t{x}"), "changed");
    await other.quit();
});

await checkIf(has, "subscribe", "publish and subscribe", async () => {
    const subscriber = new Redis(address);
    const messages = [];
    subscriber.on("message", (channel, message) => messages.push([channel, message]));
    subscriber.on("pmessage", (pattern, channel, message) => messages.push([pattern, channel, message]));
    assert.equal(await subscriber.subscribe("news", "sport"), 2);
    assert.equal(await subscriber.psubscribe("n*"), 3);
    assert.equal(await redis.publish("news", "hello"), 2);
    while (messages.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(messages.sort((a, b) => a.length - b.length), [["news", "hello"], ["n*", "news", "hello"]]);
    // Without names, ioredis waits until no subscription of either kind is left, and with Redis too it never comes.
    await subscriber.unsubscribe("news", "sport");
    await subscriber.punsubscribe("n*");
    assert.equal(await subscriber.ping(), "PONG");
    await subscriber.quit();
});

await checkIf(has, "hset", "hashes", async () => {
    assert.equal(await redis.hset("h", { a: 1, b: "two" }), 2);
    assert.deepEqual(await redis.hgetall("h"), { a: "1", b: "two" });
    assert.deepEqual(await redis.hmget("h", "a", "none"), ["1", null]);
    assert.equal(await redis.hincrby("h", "a", 4), 5);
    assert.equal(await redis.hdel("h", "a", "b"), 2);
    assert.deepEqual(await redis.hgetall("h"), {});
});

await checkIf(has, "rpush", "lists", async () => {
    assert.equal(await redis.rpush("l", "a", "b", "c"), 3);
    assert.equal(await redis.lpop("l"), "a");
    assert.deepEqual(await redis.lrange("l", 0, -1), ["b", "c"]);
    await assert.rejects(redis.get("l"), /WRONGTYPE/);
});

await checkIf(has, "blpop", "a list that is waited for", async () => {
    const waiting = new Redis(address);
    const popped = waiting.blpop("queue", 5);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await redis.rpush("queue", "job");
    assert.deepEqual(await popped, ["queue", "job"]);
    await waiting.quit();
});

await checkIf(has, "sadd", "sets", async () => {
    assert.equal(await redis.sadd("s", "a", "b", "b"), 2);
    assert.deepEqual((await redis.smembers("s")).sort(), ["a", "b"]);
    assert.equal(await redis.sismember("s", "z"), 0);
    const found = new Set();
    for await (const members of redis.sscanStream("s")) members.forEach((member) => found.add(member));
    assert.deepEqual([...found].sort(), ["a", "b"]);
});

await checkIf(has, "zadd", "sorted sets", async () => {
    assert.equal(await redis.zadd("z", 2, "b", 1, "a", 3.5, "c"), 3);
    assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "2", "c", "3.5"]);
    assert.equal(await redis.zincrby("z", 10, "a"), "11");
    assert.deepEqual(await redis.zrangebyscore("z", 2, "(11"), ["b", "c"]);
    assert.equal(await redis.zrank("z", "a"), 2);
});

await redis.quit();
