/** Records of calls as the one sees them whose they are. */

import assert from "node:assert/strict";
import test from "node:test";

import { entry } from "../../../../web/phone/core/history.js";

const ROW = {
    id: "call_1", user: "1000@x", reached: "1001@x", caller: { name: "Ann", number: "1000" },
    callee: { name: "Bob", number: "1001" }, started: "2026-01-01T10:00:00Z", answered: "2026-01-01T10:00:05Z",
    ended: "2026-01-01T10:01:05Z", billsec: 60,
    cause: "NORMAL_CLEARING", quality: { heard: { mos: 4.2 }, told: { mos: 3.9 } },
};

for (const [name, row, login, expected] of /** @type {[string, object, string, object][]} */ ([
    ["who called sees whom", {}, "1000",
        { way: "out", number: "1001", name: "Bob", missed: false, seconds: 60, mos: 3.9 }],
    ["who was called sees by whom", {}, "1001@x",
        { way: "in", number: "1000", name: "Ann", missed: false, seconds: 60 }],
    ["nobody answered", { answered: null, reached: null, billsec: 0 }, "1001", { way: "in", missed: true, seconds: 0 }],
    ["nobody answered there", { answered: null, reached: null, billsec: 0 }, "1000", { way: "out", missed: false }],
    ["another one answered", { reached: "1002@x" }, "1001", { way: "in", missed: false, seconds: 0 }],
    ["from outside", { user: null, caller: { name: "", number: "+4930" } }, "1001", { way: "in", number: "+4930" }],
    ["nothing was measured", { quality: null }, "1000", { way: "out", mos: undefined }],
    ["names are harmless", { caller: { name: "A\u202eB", number: null } }, "1001", { name: "AB", number: "" }],
])) {
    test(name, () => {
        const found = /** @type {any} */ (entry({ ...ROW, ...row }, login));
        for (const [key, value] of Object.entries(expected)) {
            assert.equal(found[key], value, key);
        }
        assert.equal(found.at.getTime(), Date.UTC(2026, 0, 1, 10));
    });
}
