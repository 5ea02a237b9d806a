/** Sentences with gaps, and which language a page speaks. */

import assert from "node:assert/strict";
import test from "node:test";

import { chooseLanguage, locale, speaker } from "../../../web/base/words.js";

const WORDS = {
    plain: "Ready",
    gaps: "{name} calls {number}",
    calls: { one: "{count} call", other: "{count} calls" },
};

for (const [key, facts, expected] of /** @type {[string, Record<string, any>, string][]} */ ([
    ["plain", {}, "Ready"],
    ["gaps", { name: "Ann", number: "1001" }, "Ann calls 1001"],
    ["gaps", { name: "Ann" }, "Ann calls "],
    ["gaps", { name: "{number}", number: "1" }, "{number} calls 1"],
    ["calls", { count: 1 }, "1 call"],
    ["calls", { count: 0 }, "0 calls"],
    ["calls", { count: 12345 }, "12,345 calls"],
    ["no such key", {}, "no such key"],
])) {
    test(`${key} with ${JSON.stringify(facts)}`, () => {
        assert.equal(speaker(WORDS, "en")(key, facts), expected);
    });
}

test("Chinese has one form", () => {
    assert.equal(speaker({ calls: { other: "{count} 个通话" } }, "zh")("calls", { count: 1 }), "1 个通话");
});

for (const [wanted, expected] of /** @type {[any[], string][]} */ ([
    [["zh-CN", "en"], "zh"],
    [["ZH"], "zh"],
    [["", null, undefined, "de-AT", "en-GB"], "en"],
    [["de"], "en"],
    [[], "en"],
    [["toString"], "en"],
])) {
    test(`of ${JSON.stringify(wanted)} we speak ${expected}`, () => {
        assert.equal(chooseLanguage(wanted), expected);
    });
}

test("a language has a locale", () => {
    assert.deepEqual([locale("zh"), locale("en")], ["zh-CN", "en"]);
});
