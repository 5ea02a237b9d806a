/** What all files of the site keep to: size, style, safety, and words for everything that is said. */

import assert from "node:assert/strict";
import test from "node:test";

import { files, isWords, words } from "./house.js";

/** @typedef {import("./house.js").File} File */

const LONGEST_LINE = 120;
const LONGEST_FILE = 400;
const LONGEST_FUNCTION = 60;
const AREAS = ["admin", "demo", "phone"];
const UNTYPED = /^docs\//; // older than these rules
const ALLOWED_HOSTS = /^(www\.w3\.org|localhost|127\.0\.0\.1|([\w-]+\.)*example\.(com|org|net)|\$\{.*)$/;

const scripts = files(".js").filter((file) => !UNTYPED.test(file.name));
const styles = files(".css").filter((file) => !UNTYPED.test(file.name));
const pages = files(".html");

/** @type {[string, RegExp][]} */
const UNSAFE = [
    ["text goes in as text", /\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|createContextual\w+|DOMParser)\b/],
    ["no document.write", /\bdocument\.write/],
    ["no code from strings", /\beval\(|\bnew Function\b|\bset(Timeout|Interval)\(\s*["'`]/],
    ["styles are classes, or properties set one by one", /setAttribute\("style"|\bcssText\b|\bstyle: *["'`][^"'`]*:/],
    ["nothing is left behind for the console", /\bconsole\.(log|debug|info)\b|\bdebugger\b|\b(alert|confirm|prompt)\(/],
    ["double quotes", /^[^"`/]*'[^'"]*'[^"`/]*$/],
    ["let or const", /^\s*var\s/],
    ["=== and !==", /[^=!]==[^=]|!=[^=]/],
];

/** @type {[string, RegExp][]} */
const UNTIDY = [
    ["spaces, an even number of them", /^ *\t|^( {2})* [^ *]/],
    ["no space at the end", /[ \t]$/],
];

/** Every line of these files, without comments. @param {File[]} all @returns {{where: string, line: string}[]} */
function lines(all) {
    return all.flatMap((file) =>
        file.code.split("\n").map((line, index) => ({ where: `${file.name}:${index + 1}`, line })));
}

for (const [rule, pattern] of UNTIDY) {
    test(`scripts and styles: ${rule}`, () => {
        const broken = [...scripts, ...styles].flatMap((file) => file.lines.map((line, index) =>
            pattern.test(line) && `${file.name}:${index + 1}: ${line.trim()}`)).filter((each) => each !== false);
        none(rule, broken);
    });
}

/** @param {string} rule @param {string[]} broken */
function none(rule, broken) {
    assert.ok(!broken.length, `${rule}:\n  ${broken.join("\n  ")}`);
}

for (const [rule, pattern] of UNSAFE) {
    test(`scripts: ${rule}`, () => {
        const broken = lines(scripts).filter(({ line }) => pattern.test(line));
        none(rule, broken.map(({ where, line }) => `${where}: ${line.trim()}`));
    });
}

test("lines, files and functions are short", () => {
    const broken = [...scripts, ...styles, ...pages.filter((file) => !UNTYPED.test(file.name))].flatMap((file) => [
        ...file.lines.flatMap((line, index) => isCode(file) && line.length > LONGEST_LINE ? [`${file.name}:${index + 1} is long`] : []),
        ...(isCode(file) && file.lines.length > LONGEST_FILE + 1 ? [`${file.name} is a long file`] : []),
        ...(file.name.endsWith(".js") ? longFunctions(file) : []),
    ]);
    none("short", broken);
});

/** Not a list of words or of rules for looks. @param {File} file */
function isCode(file) {
    return file.name.endsWith(".js") && !AREAS.some((area) => isWords(file.name, area));
}

test("each module says first what is in there", () => {
    const mute = scripts.filter((file) => !/^\/\*\*\s+(\* )?[^@\s][^]*?[.:。]/u.test(file.text));
    none("a sentence", mute.map((file) => file.name));
});

test("nobody else's host is named", () => {
    const found = [...lines(scripts), ...lines(styles), ...lines(pages)].flatMap(({ where, line }) =>
        [...line.matchAll(/(?:https?|wss?):\/\/([^\s/"'`<>:?#，。]*)/g)]
            .filter(([, host]) => host && !ALLOWED_HOSTS.test(host))
            .map(([all]) => `${where}: ${all}`));
    none("only ourselves and examples", found);
});

test("pages have no inline script, style or handler, and style sheets import nothing", () => {
    const broken = lines(pages).filter(({ line }) => /\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/i.test(line));
    const imports = lines(styles).filter(({ line }) => /@import|url\((?!["']?(data:|#))/.test(line));
    none("nothing inline", [...broken, ...imports].map(({ where, line }) => `${where}: ${line.trim()}`));
});

for (const area of AREAS) {
    test(`${area}: English and Chinese have the same words with the same gaps`, async () => {
        const [en, zh] = [await words(area, "en"), await words(area, "zh")];
        assert.deepEqual(Object.keys(zh.words).sort(), Object.keys(en.words).sort());
        none("gaps", Object.keys(en.words).filter((key) => gaps(en.words[key]) !== gaps(zh.words[key])));
        const empty = Object.keys(en.words).filter((key) => ![en, zh].every((each) => text(each.words[key]).trim()));
        none("not empty", empty);
    });

    test(`${area}: Chinese is Chinese, English is English`, async () => {
        const [en, zh] = [await words(area, "en"), await words(area, "zh")];
        const han = (/** @type {string} */ phrase) => /\p{Script=Han}/u.test(phrase.replaceAll("中文", ""));
        none("English", Object.keys(en.words).filter((key) => han(text(en.words[key]))));
        const foreign = Object.keys(zh.words).filter((key) => !han(text(zh.words[key])));
        const small = (/** @type {string} */ phrase) => phrase.match(/(?<=^| )\p{Ll}+(?= |$)/gu) ?? [];
        none("Chinese", foreign.filter((key) => small(text(zh.words[key])).length > 1));
    });

    test(`${area}: everything that is said has words`, async () => {
        const { words: known } = await words(area, "en");
        const said = lines(scripts.filter((file) => file.name.startsWith(`${area}/`))).flatMap(({ where, line }) =>
            [...line.matchAll(/\bsay\(\s*"([^"]+)"/g)].map(([, key]) => ({ where, key })));
        none("words", said.filter(({ key }) => !(key in known)).map(({ where, key }) => `${where}: ${key}`));
    });

    test(`${area}: all words are used`, async () => {
        const { words: known } = await words(area, "en");
        const code = scripts.filter((file) => file.name.startsWith(`${area}/`) && !isWords(file.name, area));
        const used = uses(code.map((file) => file.code).join("\n"));
        none("used", Object.keys(known).filter((key) => !used(key)));
    });
}

/** @param {any} phrase */
function text(phrase) {
    return typeof phrase === "string" ? phrase : Object.values(phrase).join(" ");
}

/** @param {any} phrase */
function gaps(phrase) {
    return [...new Set(text(phrase).match(/\{\w+\}/g))].sort().join();
}

/**
 * Says of a key whether it occurs: as it is, by its beginning, or as a template of which something is left.
 * @param {string} code
 */
function uses(code) {
    const literal = new Set([...code.matchAll(/"([^"\n]+)"/g)].map(([, each]) => each));
    const names = new Set(code.match(/[A-Za-z_$][\w$]*/g));
    const patterns = [...code.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)]
        .map(([, each]) => each.replace(/\$\{[^}]*\}+/g, "\u0000"))
        .filter((each) => /^[\w.\u0000-]+$/.test(each) && each.replaceAll("\u0000", "").length > 1)
        .map((each) => new RegExp(`^${each.replaceAll(".", "\\.").replaceAll("\u0000", ".+")}$`));
    const beginnings = [...literal].filter((each) => each.endsWith("."));
    const joined = /`\$\{[^}]*\}\.\$\{[^}]*\}[`.]/.test(code); // of two names: then the first one must be known
    return (/** @type {string} */ key) => literal.has(key) || names.has(key) || patterns.some((each) => each.test(key))
        || beginnings.some((each) => key.startsWith(each))
        || (joined && key.includes(".") && names.has(key.split(".")[0]));
}

const WORD = /(?:export |default |static |async |get |set )*/;
const FUNCTION = new RegExp(`^(\\s*)${WORD.source}(?:function\\b.*|\\*?#?[\\w$]+\\(.*\\)|const \\w+ = .*=>) \\{$`);

/** Those of them that are too long, without the functions inside of them. @param {File} file @returns {string[]} */
function longFunctions(file) {
    /** @type {{at: number, end: number, own: number}[]} */
    const around = [];
    const found = [];
    for (const [at, line] of file.lines.entries()) {
        const head = FUNCTION.exec(line);
        if (head && !/^\s*(if|for|while|switch|catch|else|return)\b/.test(line)) {
            const size = file.lines.slice(at).findIndex((each) => each.startsWith(`${head[1]}}`));
            around.push({ at, end: at + size, own: 0 });
        }
        const inner = around.at(-1);
        if (inner && (inner.own += 1) && at === inner.end) {
            around.pop();
            found.push(inner);
        }
    }
    return found.filter(({ own }) => own > LONGEST_FUNCTION)
        .map(({ at, own }) => `${file.name}:${at + 1} is a function of ${own} lines`);
}

test("what is taken for comments here is comments", async () => {
    const { transform } = await import("esbuild");
    for (const file of scripts) {
        const both = [file.text, file.code].map((text) => transform(text, { minify: true }));
        const [whole, part] = await Promise.all(both);
        assert.equal(part.code, whole.code, file.name);
    }
});
