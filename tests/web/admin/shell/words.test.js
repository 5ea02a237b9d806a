/** The words of the shell and of the pages of resources. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import {
    AUDIT,
    BLOCKS,
    GATEWAYS,
    KEYS,
    MEDIA,
    ROUTES,
    SCOPES,
    USERS,
    VERBS,
    WEBHOOKS,
} from "../../../../web/admin/hints.js";
import { GROUPS } from "../../../../web/admin/parts/rights.js";
import enLive from "../../../../web/admin/words/en/live.js";
import enResources from "../../../../web/admin/words/en/resources.js";
import enShell from "../../../../web/admin/words/en/shell.js";
import zhResources from "../../../../web/admin/words/zh/resources.js";
import zhShell from "../../../../web/admin/words/zh/shell.js";

const EN = { ...enShell, ...enResources };
const ZH = { ...zhShell, ...zhResources };
const WEB = new URL("../../../../web/admin/", import.meta.url);
/** Texts that are the same in both languages, or names. */
const NAMES = /^choice\.|\.like$/;

/** @param {import("../../../../web/base/words.js").Phrase} phrase */
function gaps(phrase) {
    const text = typeof phrase === "string" ? phrase : phrase.other;
    return [...text.matchAll(/\{(\w+)\}/g)].map((each) => each[1]).sort();
}

test("both languages say the same things, with the same gaps", () => {
    assert.deepEqual(Object.keys(ZH), Object.keys(EN));
    for (const [key, phrase] of Object.entries(EN)) {
        assert.deepEqual(gaps(/** @type {any} */ (ZH)[key]), gaps(phrase), key);
    }
});

test("no word is in both areas", () => {
    assert.deepEqual(
        Object.keys(enShell).filter((key) => key in enResources),
        [],
    );
});

test("all Chinese words are Chinese", () => {
    const texts = Object.entries(ZH).map(([key, phrase]) => [key, typeof phrase === "string" ? phrase : phrase.other]);
    const foreign = texts.filter(
        ([key = "", text = ""]) => !NAMES.test(key) && !/[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]/.test(text),
    );
    assert.deepEqual(foreign, []);
});

test("every word that a page of ours asks for is there", () => {
    const ours = ["api", "admin", "schema"].map((each) => `${each}.js`);
    const parts = readdirSync(new URL("parts/", WEB)).map((/** @type {string} */ each) => `parts/${each}`);
    const pages = [
        "login",
        "users",
        "routes",
        "gateways",
        "media",
        "webhooks",
        "keys",
        "blocks",
        "audit",
        "resource",
    ].map((each) => `pages/${each}.js`);
    const all = { ...EN, ...enLive };
    for (const file of [...ours, ...parts, ...pages]) {
        const text = readFileSync(new URL(file, WEB), "utf8");
        for (const [, key = ""] of text.matchAll(/\bsay\("([\w.]+)"/g)) {
            assert.ok(key in all, `${file}: ${key}`);
        }
    }
});

test("what is made of names has its words", () => {
    const keys = [
        ...GROUPS.map((each) => `group.${each.name}`),
        ...GROUPS.flatMap((each) => each.entries.map((entry) => `page.${entry.name}`)),
        ...SCOPES.map((each) => `scope.${each}`),
        ...Object.keys(VERBS).flatMap((each) => [`verb.${each}`, `verb.${each}.help`]),
        ...Object.entries(VERBS).flatMap(([each, wants]) => (wants ? [`verb.${each}.like`] : [])),
        ...[USERS, ROUTES, GATEWAYS, WEBHOOKS, KEYS, BLOCKS].flatMap((each) => [
            `${each.name}.new`,
            `${each.name}.empty`,
            `${each.name}.remove`,
        ]),
        ...[USERS, ROUTES, GATEWAYS, WEBHOOKS, KEYS, BLOCKS, AUDIT, MEDIA].flatMap((each) => [
            ...each.columns.map((column) => `${each.name}.${column}`),
            ...(each.groups ?? []).flatMap((group) => [
                `${each.name}.group.${group.name}`,
                ...group.keys.map((key) => `${each.name}.${key}`),
            ]),
        ]),
    ];
    assert.deepEqual(
        keys.filter((key) => !(key in EN)),
        [],
    );
});
