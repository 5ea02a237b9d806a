/** What the launcher shows follows from the phone and its calls. */

import assert from "node:assert/strict";
import test from "node:test";

import { ACTIONS } from "../../../../web/phone/view/actions.js";
import { kindOf, sinceOf } from "../../../../web/phone/view/kind.js";
import { browserOf } from "../../../../web/phone/view/trouble.js";
import en from "../../../../web/phone/words/en.js";
import first from "../../../../web/phone/words/first.en.js";

/** @param {string} state @param {...[("in" | "out"), string, number?]} calls @returns {any} */
function phone(state, ...calls) {
    const made = calls.map(([way, name, answeredAt = 0]) => ({ way, state: name, answeredAt }));
    return { state, calls: made, active: made.find((call) => call.state === "active") ?? null };
}

test("a phone without calls shows its connection", () => {
    assert.equal(kindOf(null), "off");
    for (const state of ["connecting", "ready", "lost", "elsewhere", "refused"]) {
        assert.equal(kindOf(phone(state)), state);
    }
});

test("what rings comes before what talks, and what talks before what waits", () => {
    assert.equal(kindOf(phone("ready", ["in", "ringing"], ["out", "active"])), "ringing");
    assert.equal(kindOf(phone("lost", ["out", "held"], ["out", "active"])), "active");
    assert.equal(kindOf(phone("ready", ["out", "held"], ["out", "trying"])), "calling");
    assert.equal(kindOf(phone("ready", ["out", "ringing"])), "calling");
    assert.equal(kindOf(phone("ready", ["out", "held"])), "held");
});

test("the timer is that of the call that talks, or else of one that waits", () => {
    assert.equal(sinceOf(phone("ready", ["out", "held", 1], ["in", "active", 2])), 2);
    assert.equal(sinceOf(phone("ready", ["out", "held", 1], ["out", "trying"])), 1);
    assert.equal(sinceOf(phone("ready", ["out", "trying"])), 0);
    assert.equal(sinceOf(null), 0);
});

test("every kind has words, and every trouble that a page is told of has words and an action", () => {
    for (const kind of ["off", "connecting", "ready", "lost", "elsewhere", "refused", "ringing", "calling", "active", "held"]) {
        assert.ok(`launcher.${kind}` in first, kind);
    }
    for (const code of Object.keys(ACTIONS)) {
        assert.ok(`trouble.${code}` in en, code);
    }
});

test("the picture of the address bar is that of the browser", () => {
    const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
    assert.equal(browserOf(chrome), "chromium");
    assert.equal(browserOf("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"), "firefox");
    assert.equal(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"), "safari");
});
