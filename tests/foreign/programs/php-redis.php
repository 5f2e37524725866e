#!/usr/bin/env -S php -d output_buffering=1048576
<?php
// phpredis: what its users do with one node.
require __DIR__ . '/../tap.php';
load('redis');

$node = new Redis();
$node->connect('127.0.0.1', (int) getenv('RESP_PORT'));
$node->flushAll();
$has = fn (string $word): bool => !empty($node->rawCommand('COMMAND', 'INFO', $word)[0]);
$checkIf = function (string $word, string $name, callable $body) use ($has): void {
    $has($word) ? check($name, $body) : print("skip $name: there is no " . strtoupper($word) . " here\n");
};

check('strings', function () use ($node) {
    is(true, $node->set('text', 'čaj'));
    is('čaj', $node->get('text'));
    is(false, $node->get('nothing'));
    is(false, $node->set('text', 'x', ['nx']));
    is(true, $node->set('text', 'x', ['xx', 'px' => 50000]));
    is(50, (int) ceil($node->pttl('text') / 1000));
    is(3, $node->append('text', 'yz'));
    is('yz', $node->getRange('text', 1, -1));
    is(1, $node->del('text', 'nothing'));
});

check('numbers', function () use ($node) {
    is(5, $node->incrBy('n', 5));
    is(4, $node->decr('n'));
    is(1.5, $node->incrByFloat('f', 1.5));
    is(false, $node->incr('f'));
    is('ERR value is not an integer or out of range', rtrim($node->getLastError(), "\0"));
    $node->clearLastError();
});

check('mset and mget', function () use ($node) {
    is(true, $node->mset(['m1' => 'a', 'm2' => 'b']));
    is(['a', false, 'b'], $node->mget(['m1', 'nothing', 'm2']));
});

check('a pipeline', function () use ($node) {
    $node->multi(Redis::PIPELINE);
    for ($i = 0; $i < 500; $i++) {
        $node->set("p$i", $i)->get("p$i");
    }
    $replies = $node->exec();
    is(1000, count($replies));
    is('499', $replies[999]);
});

check('scan finds every key', function () use ($node) {
    $node->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    $found = [];
    $cursor = null;
    while ($keys = $node->scan($cursor, 'p*', 100)) {
        $found += array_flip($keys);
    }
    is(500, count($found));
});

check('values that are serialised', function () use ($node) {
    $node->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
    $node->set('object', ['a' => [1, 2]]);
    is(['a' => [1, 2]], $node->get('object'));
    $node->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_NONE);
});

// Sessions begin before anything is printed, so the output is buffered.
check('sessions of PHP', function () {
    ini_set('session.save_handler', 'redis');
    ini_set('session.save_path', 'tcp://127.0.0.1:' . getenv('RESP_PORT'));
    ini_set('session.use_cookies', '0');
    session_cache_limiter('');
    session_id('abc');
    session_start();
    $_SESSION['user'] = 42;
    session_write_close();
    $_SESSION = [];
    session_start();
    is(42, $_SESSION['user']);
    session_destroy();
});

$checkIf('exec', 'transactions', function () use ($node) {
    is([true, 2, '2'], $node->multi()->set('t', 1)->incr('t')->get('t')->exec());
});

$checkIf('hset', 'hashes', function () use ($node) {
    is(true, $node->hMSet('h', ['a' => 1, 'b' => 'two']));
    is(['a' => '1', 'b' => 'two'], $node->hGetAll('h'));
    is(2, $node->hDel('h', 'a', 'b'));
});

$checkIf('rpush', 'lists', function () use ($node) {
    is(3, $node->rPush('l', 'a', 'b', 'c'));
    is('a', $node->lPop('l'));
    is(['b', 'c'], $node->lRange('l', 0, -1));
});

$checkIf('sadd', 'sets', function () use ($node) {
    is(2, $node->sAdd('s', 'a', 'b', 'b'));
    is(true, $node->sIsMember('s', 'a'));
    is(2, $node->sCard('s'));
});

$checkIf('zadd', 'sorted sets', function () use ($node) {
    is(2, $node->zAdd('z', 2, 'b', 1.5, 'a'));
    is(['a' => 1.5, 'b' => 2.0], $node->zRange('z', 0, -1, true));
});
