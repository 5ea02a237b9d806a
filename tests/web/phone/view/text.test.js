/** Names of others are one short line without tricks; times are digits. */

import assert from "node:assert/strict";
import test from "node:test";

import { clock } from "../../../../web/phone/view/clock.js";
import { initials, numberOf, party, plain, within } from "../../../../web/phone/view/text.js";

test("a name has no controls and no marks of direction", () => {
    assert.equal(plain("Ann\u202e\u0007 \n Lee\u2069"), "Ann Lee");
    assert.equal(plain("<b>1</b>"), "<b>1</b>");
    assert.equal(plain(null), "");
});

test("a name of ten thousand letters is cut, by letters and not in the middle of one", () => {
    const cut = plain("😀".repeat(10_000), 5);
    assert.equal(cut, "😀😀😀😀…");
    assert.equal(Array.from(plain("x".repeat(10_000))).length, 60);
});

test("a name in a sentence keeps its direction to itself", () => {
    assert.equal(within("\u2069שלום"), "\u2068שלום\u2069");
});

test("who is there is the name, or the number, or what was dialed", () => {
    assert.equal(party({ name: "Ann", number: "1001" }), "Ann");
    assert.equal(numberOf({ name: "Ann", number: "1001" }), "1001");
    assert.equal(party({ name: " ", number: "1001" }), "1001");
    assert.equal(numberOf({ name: "1001", number: "1001" }), "");
    assert.equal(party({ destination: "9196" }), "9196");
});

test("two letters stand for a name, one for a Chinese one, none for a number", () => {
    assert.equal(initials("ann-marie lee"), "AM");
    assert.equal(initials("王小明"), "王");
    assert.equal(initials("+86 1001"), "");
});

test("a time has hours when it needs them", () => {
    assert.deepEqual([0, 5, 65, 3723, -3].map(clock), ["0:00", "0:05", "1:05", "1:02:03", "0:00"]);
});
