/** What the live pages decide without a browser: warnings, the hour, settings, the steps of the guide, messages. */

import assert from "node:assert/strict";
import test from "node:test";

import { isDone, nextNumber, placeOfStep, stepAt, STEPS } from "../../../../web/admin/parts/guidesteps.js";
import { along, aMinute, summed } from "../../../../web/admin/parts/hour.js";
import { messageParts } from "../../../../web/admin/parts/message.js";
import { fits, grouped, lines, toml, variable } from "../../../../web/admin/parts/setting.js";
import { gatewayMark, warnings } from "../../../../web/admin/parts/warnings.js";

/** @type {import("../../../../web/admin/parts/warnings.js").Status} */
const WELL = {
    lacking: [],
    gateways: { a: "REGED", b: "NOREG" },
    disks: [{ folder: "store", free: 5e9, size: 9e9 }],
    loop: { held_up: 0 },
};

/** @type {(given: any) => import("../../../../web/admin/parts/guidesteps.js").Setup} */
const setup = (given) => ({
    first_password: true,
    demo: false,
    certificate: null,
    https: true,
    public_address: { configured: "", addresses: ["10.0.0.1"], behind_nat_likely: true },
    users: 1,
    gateways: 0,
    webrtc_port: 10000,
    domain: "localhost",
    origins: [],
    ...given,
});

test("where all is well there is no warning", () => {
    assert.deepEqual(
        warnings({ status: WELL, firstPassword: false, checks: [{ name: "disk", state: "ok", text: "", fix: "" }] }),
        [],
    );
});

test("what keeps calls from being taken comes before what can wait, each with a place to go to", () => {
    const status = {
        ...WELL,
        lacking: ["database"],
        gateways: { carrier: "FAIL_WAIT" },
        disks: [{ folder: "store", free: 5e8, size: 9e9 }],
    };
    const found = warnings({
        status,
        firstPassword: true,
        checks: [{ name: "certificate", state: "warn", text: "ends soon", fix: "renew" }],
    });
    assert.deepEqual(
        found.map((each) => [each.kind, each.key]),
        [
            ["bad", "warning.lacking.database"],
            ["bad", "warning.gateway"],
            ["warn", "warning.disk.store"],
            ["warn", "warning.password"],
            ["warn", "warning.certificate"],
        ],
    );
    assert.ok(found.every((each) => each.href.startsWith("#/")));
});

test("checks that found something are counted, the certificate apart", () => {
    const checks = /** @type {const} */ (["a", "b", "certificate"]).map((name) => ({
        name,
        state: /** @type {const} */ ("warn"),
        text: "",
        fix: "",
    }));
    assert.deepEqual(
        warnings({ status: null, firstPassword: false, checks }).map((each) => each.facts),
        [{}, { count: 2 }],
    );
});

test("a gateway that is switched off is no trouble, one on its way is not well yet", () => {
    assert.deepEqual(["REGED", "DISABLED", "TRYING", "DOWN"].map(gatewayMark), ["good", "soft", "warn", "bad"]);
});

/** @type {(given: any) => import("../../../../web/admin/parts/hour.js").Minute} */
const minute = (given) => ({
    at: "2026-05-01T08:00:00Z",
    started: 0,
    answered: 0,
    ended: 0,
    failed: 0,
    busiest: 0,
    mos: null,
    ...given,
});

test("an hour that began with the switch is filled with nothing at its beginning", () => {
    const points = along(
        { step_seconds: 60, items: [minute({ busiest: 3 })], today: /** @type {any} */ ({}) },
        "busiest",
    );
    assert.equal(points.length, 60);
    assert.deepEqual([points[0]?.value, points[59]?.value], [null, 3]);
    assert.equal((points[59]?.at ?? 0) - (points[0]?.at ?? 0), 59 * 60_000);
});

test("the ratio of the hour counts calls, and MOS those that were answered", () => {
    const items = [
        minute({ ended: 10, failed: 4, mos: 4 }),
        minute({ ended: 2, failed: 0, mos: 2 }),
        minute({ ended: 1, failed: 1 }),
    ];
    const found = summed(items);
    assert.equal(found.ratio, 8 / 13);
    assert.equal(found.mos, (6 * 4 + 2 * 2) / 8);
    assert.deepEqual(summed([minute({})]), { started: 0, ended: 0, ratio: null, mos: null });
});

test("calls a minute are those of the last whole one", () => {
    assert.equal(aMinute([minute({ started: 7 }), minute({ started: 1 })]), 7);
    assert.equal(aMinute([minute({ started: 1 })]), 1);
    assert.equal(aMinute([]), 0);
});

test("settings are grouped in the order of the file, with those that nobody knows at the end", () => {
    const found = grouped({
        "zzz.new": { value: 1, origin: "default" },
        "call.longest": { value: 9, origin: "command line" },
        domain: { value: "localhost", origin: "file" },
    });
    assert.deepEqual(
        found.map(([section]) => section),
        ["", "call", "zzz"],
    );
    assert.equal(found[1]?.[1][0]?.origin, "set");
});

test("each word that is looked for must be somewhere", () => {
    const row = { key: "call.ring_timeout", section: "call", name: "ring_timeout", value: 60, origin: "default" };
    assert.ok(fits(row, "A phone rings this long", "ring PHONE"));
    assert.ok(fits(row, "", "60"));
    assert.ok(!fits(row, "A phone rings", "ring gateway"));
});

test("values are written as TOML has them, with their section and their variable", () => {
    assert.equal(toml(["a", 'b"c']), '["a", "b\\"c"]');
    assert.equal(toml(null), '""');
    assert.equal(lines({ section: "call", name: "longest" }, 60), "[call]\nlongest = 60");
    assert.equal(lines({ section: "", name: "domain" }, "x"), 'domain = "x"');
    assert.equal(variable({ section: "call", name: "longest" }), "XSWITCH_CALL__LONGEST");
});

test("the guide goes from step to step, and what nobody knows is the first one", () => {
    assert.deepEqual(
        [placeOfStep(undefined), placeOfStep("user"), placeOfStep("nonsense"), placeOfStep("done")],
        [0, 3, 0, STEPS.length],
    );
    assert.deepEqual([stepAt(0), stepAt(4), stepAt(5)], ["password", "call", "done"]);
});

test("a step is done by what the switch says, or by what was done here", () => {
    const none = new Set();
    assert.deepEqual(
        STEPS.map((step) => isDone(step, setup({}), none)),
        [false, false, false, false, false],
    );
    assert.ok(isDone("password", setup({ first_password: false }), none));
    assert.ok(
        isDone(
            "address",
            setup({ public_address: { configured: "192.0.2.1", addresses: [], behind_nat_likely: true } }),
            none,
        ),
    );
    assert.ok(isDone("user", setup({ users: 3 }), none));
    assert.ok(isDone("call", setup({}), new Set(["call"])));
});

test("the next number is behind the highest of people, not that of the administrator", () => {
    assert.equal(nextNumber(["999", "admin", "1003", "1001"]), "1004");
    assert.equal(nextNumber(["999"]), "1001");
});

test("a message in JSON is set out, its SDP is text", () => {
    const [json, sdp] = messageParts(JSON.stringify({ method: "verto.invite", params: { sdp: "v=0\r\ns=x\r\n" } }));
    assert.ok(json?.text.includes('"method": "verto.invite"'));
    assert.deepEqual(sdp, { kind: "sdp", text: "v=0\ns=x" });
});

test("a message of SIP stays as it is", () => {
    assert.deepEqual(messageParts("INVITE sip:a SIP/2.0\r\nTo: b\r\n\r\n"), [
        { kind: "text", text: "INVITE sip:a SIP/2.0\nTo: b" },
    ]);
});
