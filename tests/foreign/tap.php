<?php
// Checks of the scripts in PHP; run has the meaning of the lines.

/** Ends the script when the extension is not installed. */
function load(string $extension): void
{
    if (!extension_loaded($extension)) {
        echo "php-$extension is not installed\n";
        exit(77);
    }
    echo 'version ', phpversion($extension), "\n";
}

/** Runs one check, which throws when something is wrong. */
function check(string $name, callable $body): void
{
    try {
        $body();
        echo "ok $name\n";
    } catch (Throwable $error) {
        echo "not ok $name\n$error\n";
    }
}

function is(mixed $expected, mixed $actual): void
{
    if ($expected !== $actual) {
        throw new Exception('expected ' . var_export($expected, true) . ', but was ' . var_export($actual, true));
    }
}
