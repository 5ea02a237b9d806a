/** Smaller parts of the shell. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { placeAt, placed } from "../../../../web/admin/parts/drag.js";
import { Problem } from "../../../../web/admin/api.js";
import { byField } from "../../../../web/admin/parts/faults.js";
import { detailOf, sentence } from "../../../../web/admin/parts/trouble.js";
import { MessageReader } from "../../../../web/admin/parts/messages.js";
import { hashOf, placeOf } from "../../../../web/admin/parts/place.js";
import { may, mayAll, visible } from "../../../../web/admin/parts/rights.js";
import { partsOf, stepOf } from "../../../../web/admin/parts/routesteps.js";
import { found, ordered } from "../../../../web/admin/parts/table.js";
import { ago } from "../../../../web/admin/parts/when.js";

const say = (/** @type {string} */ key, facts = {}) => `${key} ${JSON.stringify(facts)}`;

test("an address has a name, segments and a query, and odd signs come back", () => {
    const place = placeOf(hashOf("users", "a/b?c#d e%"));
    assert.deepEqual([place.name, place.rest], ["users", ["a/b?c#d e%"]]);
    assert.equal(placeOf("#/users?new").query.has("new"), true);
    assert.deepEqual(placeOf("#/x/%E0%A4%A").rest, ["%E0%A4%A"], "what nobody can decode stays");
    assert.equal(placeOf("").name, "");
});

test("a role sees the pages of its scopes alone", () => {
    assert.deepEqual(
        visible(["calls:read:own", "cdr:read"]).flatMap((each) => each.entries.map((entry) => entry.name)),
        ["calls", "cdrs"],
    );
    assert.equal(visible(["__ANY__"]).flatMap((each) => each.entries).length, 14);
    assert.deepEqual([may(["calls:read:own"], "calls:read"), mayAll(["calls:read:own"], "calls:read")], [true, false]);
    assert.deepEqual(visible([]), []);
});

test("messages are read wherever the pieces break", () => {
    const text =
        'retry: 2000\n\n:\n\nid: 1\nevent: call.created\ndata: {"a":\r\ndata:1}\r\n\r\ndata\n\nid: 2\ndata: x\n\n';
    const whole = new MessageReader().read(text);
    assert.deepEqual(
        whole.map((each) => [each.id, each.event, each.data]),
        [
            ["1", "call.created", '{"a":\n1}'],
            ["1", "message", ""],
            ["2", "message", "x"],
        ],
    );
    const reader = new MessageReader();
    assert.deepEqual(
        [...text].flatMap((sign) => reader.read(sign)),
        whole,
    );
});

test("faults of the switch stand beside their fields, in the reader's words", () => {
    const errors = [
        { pointer: "/name", detail: "String should have at most 64 characters" },
        { pointer: "/deny/3", detail: "String should match pattern '^x$'" },
        { pointer: "/nothing", detail: "Extra inputs are not permitted" },
    ];
    const told = byField(say, { code: "invalid", detail: "", errors }, ["name", "deny"]);
    assert.deepEqual(told.get("name"), { text: 'fault.long {"count":64}', foreign: false, at: null });
    assert.equal(told.get("deny")?.at, 3);
    assert.equal(told.get("")?.text, "fault.unknown {}");
});

test("what names no field is about the name if that is taken, or else about the whole", () => {
    const fault = (/** @type {string} */ code, /** @type {string} */ detail) => [
        ...byField(say, { code, detail, errors: [] }, ["name", "number"]).keys(),
    ];
    assert.deepEqual(fault("taken", "gateway carrier exists already"), ["name"]);
    assert.deepEqual(fault("conflict", "you cannot do this to yourself"), [""]);
    assert.deepEqual(fault("conflict", "something else"), []);
});

test("refusals that we have words for are said in them alone", () => {
    const known = new Problem({ status: 409, code: "conflict", detail: "you cannot do this to yourself" });
    assert.deepEqual([sentence(say, known), detailOf(say, known)], ["fault.yourself {}", ""]);
    const other = new Problem({ status: 409, code: "conflict", detail: "odd" });
    assert.equal(detailOf(say, other), "odd");
    assert.match(sentence(say, other), /^problem\.conflict/);
});

test("words that we do not know are shown as they are", () => {
    const told = byField(
        say,
        { code: "invalid", detail: "", errors: [{ pointer: "/a", detail: "Value error, odd" }] },
        ["a"],
    );
    assert.deepEqual(told.get("a"), { text: "odd", foreign: true, at: null });
});

test("one of a column is placed elsewhere", () => {
    assert.deepEqual(placed(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
    assert.deepEqual(placed(["a", "b", "c"], 2, 0), ["c", "a", "b"]);
    assert.deepEqual(placed(["a", "b", "c"], 1, 1), ["a", "b", "c"]);
    assert.deepEqual(
        [-1, 15, 99].map((y) => placeAt([10, 20], y)),
        [0, 1, 2],
    );
});

test("a step is its verb and the rest", () => {
    assert.deepEqual(partsOf("bridge 1001, 1002"), ["bridge", "1001, 1002"]);
    assert.deepEqual(partsOf(" answer "), ["answer", ""]);
    assert.deepEqual([stepOf("answer", ""), stepOf("sleep", "20")], ["answer", "sleep 20"]);
});

test("numbers in texts are sorted as numbers, and all words are looked for", () => {
    const columns = [
        { key: "name", label: "", kind: "text" },
        { key: "role", label: "", kind: "text" },
    ];
    const items = [
        { name: "10", role: "user" },
        { name: "9", role: "admin" },
        { name: "b", role: null },
    ];
    assert.deepEqual(
        ordered(items, columns[0], false, "en").map((each) => each.name),
        ["9", "10", "b"],
    );
    assert.deepEqual(
        ordered(items, columns[0], true, "en").map((each) => each.name),
        ["b", "10", "9"],
    );
    assert.deepEqual(
        found(items, columns, "USER 1").map((each) => each.name),
        ["10"],
    );
    assert.equal(found(items, columns, " ").length, 3);
});

test("times are told from now", () => {
    const now = Date.parse("2026-01-01T12:00:00Z");
    assert.equal(ago("en", "2026-01-01T11:57:30Z", now), "2 minutes ago");
    assert.equal(ago("en", "2026-01-03T12:00:00Z", now), "in 2 days");
    assert.equal(ago("en", "2026-01-01T12:00:00Z", now), "now");
});

test("the page asks at once for all modules that it cannot begin without", () => {
    const web = new URL("../../../../web/", import.meta.url);
    /** @type {Set<string>} */
    const needed = new Set();
    const follow = (/** @type {URL} */ place) => {
        if (!needed.has(place.href)) {
            needed.add(place.href);
            const code = readFileSync(place, "utf-8").replace(/\/\*\*?[^]*?\*\//g, "");
            [...code.matchAll(/^import [^"]*?"([^"]+)";$/gm)].forEach(([, path = ""]) => follow(new URL(path, place)));
        }
    };
    follow(new URL("admin/admin.js", web));
    const page = readFileSync(new URL("admin/index.html", web), "utf-8");
    const asked = [...page.matchAll(/(?:modulepreload" href|module" src)="\/static\/([^"]+)"/g)];
    assert.deepEqual(asked.map(([, path = ""]) => new URL(path, web).href).sort(), [...needed].sort());
});
