/** What the live pages say: the same in both languages, and something for each setting and state. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import en from "../../../../web/admin/words/en/live.js";
import zh from "../../../../web/admin/words/zh/live.js";

const WEB = new URL("../../../../web/admin/", import.meta.url);
const AREAS = ["shell", "resources"];
const PAGES = ["dashboard", "calls", "cdrs", "recordings", "settings", "diagnostics", "wizard"];

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, WEB), "utf8");

/** @param {any} phrase */
const gaps = (phrase) => [...new Set(JSON.stringify(phrase).match(/\{\w+\}/g) ?? [])].sort();

test("both languages have the same keys in the same order", () => {
    assert.deepEqual(Object.keys(zh), Object.keys(en));
});

test("both languages have the same gaps in each sentence", () => {
    for (const key of Object.keys(en)) {
        assert.deepEqual(gaps(zh[key]), gaps(en[key]), key);
    }
});

test("no key is one of another area, which would be hidden", async () => {
    for (const area of AREAS) {
        const others = (await import(new URL(`words/en/${area}.js`, WEB).href)).default;
        assert.deepEqual(
            Object.keys(en).filter((key) => key in others),
            [],
            area,
        );
    }
});

test("each key of the configuration has a sentence", () => {
    const toml = readFileSync(new URL("../../conf/xswitch.toml", WEB), "utf8");
    let section = "";
    for (const line of toml.split("\n")) {
        section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
        const key = /^(\w+) =/.exec(line)?.[1];
        assert.ok(!key || `setting.${section && `${section}.`}${key}` in en, `${section}.${key}`);
        assert.ok(!section || `settings.section.${section}` in en, section);
    }
});

test("each whole key that a live page names is there", async () => {
    const others = await Promise.all(
        AREAS.map(async (area) => (await import(new URL(`words/en/${area}.js`, WEB).href)).default),
    );
    const known = Object.assign({}, en, ...others);
    const pages = PAGES.map((name) => `pages/${name}.js`);
    const parts = readdirSync(new URL("parts", WEB)).map((/** @type {string} */ name) => `parts/${name}`);
    for (const file of [...pages, ...parts]) {
        for (const [, key] of read(file).matchAll(/\bsay\("([^"]+)"/g)) {
            assert.ok(key && key in known, `${file} says ${key}`);
        }
    }
});
