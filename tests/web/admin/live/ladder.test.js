/** The ladder of a call, laid out. */

import assert from "node:assert/strict";
import test from "node:test";

import {
    asText,
    columns,
    counted,
    inSight,
    ofLayers,
    rungs,
    scrolledTo,
    since,
} from "../../../../web/admin/parts/rungs.js";

/**
 * @type {(id: string, side: "caller" | "callee", number: string) =>
 * import("../../../../web/admin/parts/rungs.js").Leg}
 */
const leg = (id, side, number) => ({ id, side, door: "sip", party: { name: "", number } });

/**
 * @type {(given: Partial<import("../../../../web/admin/parts/rungs.js").Entry>) =>
 * import("../../../../web/admin/parts/rungs.js").Entry}
 */
const entry = (given) => ({
    at: "2026-05-01T08:00:00Z",
    ms: 0,
    leg: "a",
    layer: "sip",
    way: "<",
    text: "INVITE",
    message: null,
    ...given,
});

const LEGS = [leg("b", "callee", "1002"), leg("a", "caller", "1001")];

/** @type {(entries: any[]) => import("../../../../web/admin/parts/rungs.js").Trace} */
const traced = (entries) => ({
    call: "call_1",
    began: "2026-05-01T08:00:00Z",
    ended: null,
    legs: LEGS,
    entries,
    missing: 0,
});

test("the caller stands left of the switch and who was called right of it", () => {
    assert.deepEqual(
        columns(LEGS).map((each) => each.name),
        ["1001", "xswitch", "1002"],
    );
});

test("a call that nobody placed has the switch at the left", () => {
    assert.deepEqual(
        columns([leg("b", "callee", "1002")]).map((each) => each.switch),
        [true, false],
    );
});

test("columns are spread evenly, with room for notes behind few of them", () => {
    assert.deepEqual(
        columns(LEGS).map((each) => each.at),
        [8, 43, 78],
    );
    const legs = [leg("a", "caller", "1001"), ...["2", "3", "4"].map((each) => leg(each, "callee", each))];
    assert.deepEqual(
        columns(legs).map((each) => each.at),
        [8, 29, 50, 71, 92],
    );
});

test("of too many parties the last column is all the others'", () => {
    const legs = [leg("a", "caller", "1001"), ...["2", "3", "4", "5", "6"].map((each) => leg(each, "callee", each))];
    const found = columns(legs, 4);
    assert.equal(found.length, 5);
    assert.deepEqual(found.at(-1)?.legs, ["4", "5", "6"]);
    assert.equal(found.at(-1)?.others, 3);
});

test("what the caller sends points at the switch, and what the switch sends on points away from it", () => {
    const trace = traced([
        entry({}),
        entry({ leg: "b", way: ">" }),
        entry({ leg: "b", way: "<", text: "200" }),
        entry({ way: ">" }),
    ]);
    const found = rungs(trace, columns(LEGS)).map((rung) => [rung.arrow?.from, rung.arrow?.to, rung.arrow?.right]);
    assert.deepEqual(found, [
        ["1001", "xswitch", true],
        ["xswitch", "1002", true],
        ["1002", "xswitch", false],
        ["xswitch", "1001", false],
    ]);
});

test("what the switch did is a note beside its line, with whose leg it was", () => {
    const [rung] = rungs(traced([entry({ way: "", layer: "call", text: "answered" })]), columns(LEGS));
    assert.equal(rung?.arrow, null);
    assert.equal(rung?.at, 43);
    assert.equal(rung?.whose, "1001");
});

test("an entry of a leg that is not known is a note, not an arrow to nowhere", () => {
    const [rung] = rungs(traced([entry({ leg: "x" })]), columns(LEGS));
    assert.equal(rung?.arrow, null);
});

test("layers are counted in their order, and chosen ones alone are left", () => {
    const trace = traced([entry({ layer: "call" }), entry({}), entry({})]);
    assert.deepEqual(counted(trace.entries), [
        ["sip", 2],
        ["call", 1],
    ]);
    const all = rungs(trace, columns(LEGS));
    assert.equal(ofLayers(all, new Set(["call"])).length, 1);
    assert.equal(ofLayers(all, new Set()).length, 3);
});

test("of hundreds of rows only those in sight are there", () => {
    assert.deepEqual(inSight(0, 320, 32, 500), { first: 0, last: 18 });
    assert.deepEqual(inSight(3200, 320, 32, 500), { first: 92, last: 118 });
    assert.deepEqual(inSight(99_999, 320, 32, 500).last, 500);
});

test("a row above or below what is in sight is scrolled to, and no further", () => {
    assert.equal(scrolledTo(0, 100, 320, 32), 0);
    assert.equal(scrolledTo(20, 0, 320, 32), 352);
    assert.equal(scrolledTo(5, 0, 320, 32), 0);
});

test("times are seconds with a sign", () => {
    assert.equal(since(-1.5), "−0.002");
    assert.equal(since(1574.04), "+1.574");
});

test("as text it has every entry, who sent it to whom, and the message", () => {
    const text = asText({ ...traced([entry({ message: "INVITE sip:1002\r\nTo: x\r\n" })]), missing: 7 });
    assert.match(text, /\+0\.000 {2}sip {4}1001 > xswitch/);
    assert.match(text, /\| INVITE sip:1002\n {12}\| To: x\n/);
    assert.match(text, /7 entries were not kept/);
});
