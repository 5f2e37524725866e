#!/usr/bin/env php
<?php
// PHP's memcached, which is libmemcached: what its users do with one node.
require __DIR__ . '/../tap.php';
load('memcached');

$node = new Memcached();
$node->addServer('127.0.0.1', (int) getenv('MEMCACHED_PORT'));
$node->flush();

check('values of every type come back by their flags', function () use ($node) {
    foreach (['čaj', 42, 1.5, true, ['a' => [1, 2]], str_repeat('long ', 1000)] as $value) {
        is(true, $node->set('key', $value, 100));
        is($value, $node->get('key'));
    }
    is(false, $node->get('nothing'));
    is(Memcached::RES_NOTFOUND, $node->getResultCode());
});

check('add, replace, append, prepend, delete, touch', function () use ($node) {
    $node->setOption(Memcached::OPT_COMPRESSION, false);
    $node->set('t', 'b');
    is(false, $node->add('t', 'x'));
    is(false, $node->replace('nothing', 'x'));
    is(true, $node->append('t', 'c'));
    is(true, $node->prepend('t', 'a'));
    is('abc', $node->get('t'));
    is(true, $node->touch('t', 50));
    is(true, $node->delete('t'));
    is(false, $node->delete('t'));
});

check('compare and set', function () use ($node) {
    $node->set('c', '1');
    $cas = $node->get('c', null, Memcached::GET_EXTENDED)['cas'];
    is(true, $node->cas($cas, 'c', '2'));
    is(false, $node->cas($cas, 'c', '3'));
    is('2', $node->get('c'));
});

check('numbers', function () use ($node) {
    $node->set('n', 10);
    is(15, $node->increment('n', 5));
    is(14, $node->decrement('n'));
    is(false, $node->increment('nothing'));
});

check('many keys at once', function () use ($node) {
    $items = [];
    for ($i = 0; $i < 300; $i++) {
        $items["m$i"] = $i;
    }
    is(true, $node->setMulti($items));
    is(['m0' => 0, 'm299' => 299], $node->getMulti(['m0', 'nothing', 'm299']));
    is(true, $node->getDelayed(array_keys($items), true));
    is(300, count($node->fetchAll()));
});

check('requests that are buffered, and not answered', function () {
    $silent = new Memcached();
    $silent->addServer('127.0.0.1', (int) getenv('MEMCACHED_PORT'));
    $silent->setOption(Memcached::OPT_NOREPLY, true);
    $silent->setOption(Memcached::OPT_BUFFER_WRITES, true);
    for ($i = 0; $i < 200; $i++) {
        $silent->set("q$i", "$i");
    }
    is('199', $silent->get('q199'));
});

check('version and statistics', function () use ($node) {
    is(1, preg_match('/^\d+\.\d+/', current($node->getVersion())));
    is(true, current($node->getStats())['curr_items'] > 0);
});
