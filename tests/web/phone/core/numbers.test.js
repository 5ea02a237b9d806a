/** Numbers in all the shapes in which people have them. */

import assert from "node:assert/strict";
import test from "node:test";

import { dialable, digits, linked } from "../../../../web/phone/core/numbers.js";

for (const [given, expected] of /** @type {[unknown, string][]} */ ([
    ["1000", "1000"], [" +49 (0)30 / 123-45.67 ", "+49301234567"], ["(0) 30 12", "03012"],
    ["010-6255 1234", "01062551234"],
    ["＋８６ １０ ６２５５", "+86106255"], ["*98", "*98"],
    ["9196#", "9196#"], ["**21*1000#", "**21*1000#"], ["1+2", "12"],
    ["alice", "alice"], ["alice@example.com", "alice@example.com"], ["tel:+1-202-555-0100;ext=5", "+12025550100"],
    ["tel:%2B49%2030", "+4930"], ["sip:1001@example.com;transport=ws", "1001"], ["0800 FLOWERS", "08003569377"],
    ["1\u202d000\u202c", "1000"], ["", ""], [null, ""], [1001, "1001"], ["javascript:alert(1)", ""], ["a\"b", ""],
    ["<script>", ""], ["张三", "张三"], ["9".repeat(500), "9".repeat(200)],
])) {
    test(`${JSON.stringify(given)?.slice(0, 40)} is dialed as ${JSON.stringify(expected).slice(0, 30)}`, () => {
        assert.equal(dialable(given), expected);
    });
}

for (const [link, expected] of /** @type {[unknown, string][]} */ ([
    ["tel:+49-30-1", "+49301"], ["TEL:1000", "1000"], ["sip:bob@x", "bob"], ["callto://1000", "1000"],
    ["https://example.com", ""], ["javascript:1000", ""], ["", ""], [null, ""], ["tel:%", ""],
])) {
    test(`the link ${link} calls ${expected || "nobody"}`, () => assert.equal(linked(link), expected));
}

test("letters are the digits of their keys", () => assert.equal(digits("Flowers-7z"), "3569377-79"));
