// Checks of the scripts in JavaScript; run has the meaning of the lines.
import { createRequire } from "node:module";

/** Loads a package of npm and prints its version; ends the script when it is not installed. */
export async function load(name) {
    try {
        console.log(`version ${createRequire(import.meta.url)(`${name}/package.json`).version}`);
        return await import(name);
    } catch (error) {
        if (error.code !== "MODULE_NOT_FOUND") throw error;
        console.log(`${name} is not installed: tests/foreign/run --install`);
        process.exit(77);
    }
}

/** Runs one check, an async function that throws when something is wrong. */
export async function check(name, body) {
    try {
        await body();
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`not ok ${name}\n${error.stack}`);
    }
}

/** Runs a check if the node has the command, as `command` (an async function from its name to COMMAND INFO's entry) says. */
export async function checkIf(command, word, name, body) {
    if (await command(word)) {
        await check(name, body);
    } else {
        console.log(`skip ${name}: there is no ${word.toUpperCase()} here`);
    }
}
