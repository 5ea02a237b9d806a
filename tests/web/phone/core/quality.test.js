/** How speech sounds by what was measured, and who is to blame. */

import assert from "node:assert/strict";
import test from "node:test";

import { grade, mos, opinion } from "../../../../web/phone/core/emodel.js";
import { blame, counts, figures, reported } from "../../../../web/phone/core/quality.js";

/** @typedef {import("../../../../web/phone/core/quality.js").Counts} Counts */

// ITU-T G.107, annex B: from R to MOS.
for (const [r, expected] of /** @type {[number, number][]} */ ([
    [90, 4.34], [80, 4.03], [70, 3.6], [60, 3.1], [50, 2.58], [0, 1], [-5, 1], [100, 4.5], [120, 4.5],
])) {
    test(`R ${r} is MOS ${expected}`, () => assert.ok(Math.abs(opinion(r) - expected) < 0.015, String(opinion(r))));
}

test("nothing in the way is excellent, and each thing makes it worse", () => {
    const best = mos({ rtt: 0, jitter: 0, loss: 0 });
    assert.ok(best > 4.3);
    assert.ok(mos({ rtt: 400, jitter: 0, loss: 0 }) < best);
    assert.ok(mos({ rtt: 800, jitter: 0, loss: 0 }) < 3.6);
    assert.ok(mos({ rtt: 0, jitter: 100, loss: 0 }) < best);
    assert.ok(mos({ rtt: 0, jitter: 0, loss: 5 }) < 4);
    assert.ok(mos({ rtt: 0, jitter: 0, loss: 20 }) < 2.6);
    assert.ok(mos({ rtt: 0, jitter: 0, loss: 5, codec: "PCMU" }) > mos({ rtt: 0, jitter: 0, loss: 5, codec: "G729" }));
});

test("odd figures give a score all the same", () => {
    const none = { rtt: 0, jitter: 0, loss: 0 };
    const odds = [{ rtt: -5, jitter: -1, loss: -3 },
        { rtt: 1e9, jitter: 1e9, loss: 1e9 }, { ...none, codec: "constructor" }];
    for (const odd of odds) {
        const score = mos(odd);
        assert.ok(score >= 1 && score <= 4.5, String(score));
    }
});

test("there are four grades", () => assert.deepEqual([4.3, 3.8, 3.2, 2].map(grade), [4, 3, 2, 1]));

/** @param {Partial<Counts>} [more] @returns {Counts} */
function counted(more) {
    return {
        at: 0, packets: 0, lost: 0, bytes: 0, samples: 0, concealed: 0, silent: 0, jitter: 0, delay: 0, emitted: 0,
        rtt: 0.02, sentLoss: 0, level: 0.1, sentLevel: 0.1, codec: "opus", ...more,
    };
}

test("a second is what lies between two looks", () => {
    const before = counted({ packets: 1000, lost: 10, bytes: 80_000, samples: 48_000, concealed: 100 });
    const later = { at: 1000, packets: 1045, lost: 15, bytes: 84_000, samples: 96_000, concealed: 4900, jitter: 0.005 };
    const now = counted(later);
    const found = figures(before, now);
    assert.deepEqual([found.loss, found.concealed, found.jitter, found.rtt, found.bitrate], [10, 10, 5, 20, 32]);
    assert.ok(found.grade <= 2);
});

test("counters that begin anew, as after a new connection, do no harm", () => {
    const found = figures(counted({ packets: 5000, lost: 50, samples: 1e6, concealed: 1e5 }), counted({ at: 1 }));
    assert.deepEqual([found.loss, found.concealed], [0, 0]);
});

test("silence that is made up is not counted", () => {
    const later = { at: 1000, packets: 50, samples: 48_000, concealed: 24_000, silent: 24_000 };
    const found = figures(counted(), counted(later));
    assert.equal(found.concealed, 0);
});

test("sound that is made up because nothing comes at all is no silence", () => {
    const found = figures(counted(), counted({ at: 1000, samples: 48_000, concealed: 48_000, silent: 40_000 }));
    assert.deepEqual([found.concealed, found.grade], [100, 1]);
});

const BAD = { ...figures(counted(), counted({ at: 1000, packets: 80, lost: 20 })) };
for (const [who, mine, other] of /** @type {[string, object, object | null][]} */ ([
    ["you", { sentLoss: 10 }, null], ["you", { rtt: 500 }, { heardLoss: 0, toldLoss: 0 }], ["you", {}, null],
    ["them", {}, { heardLoss: 10, toldLoss: 0 }], ["them", {}, { heardLoss: 0, toldLoss: 9 }],
    ["server", { sentLoss: 10 }, { heardLoss: 10, toldLoss: 0 }], ["", { grade: 4 }, { heardLoss: 50, toldLoss: 50 }],
])) {
    test(`who is to blame: ${who || "nobody"} ${JSON.stringify(mine)} ${JSON.stringify(other)}`, () => {
        assert.equal(blame({ ...BAD, ...mine }, /** @type {any} */ (other)), who);
    });
}

test("what is told to the server has its names and stays in its bounds", () => {
    const told = reported({ ...BAD, rtt: null, jitter: 1e9, level: 7, codec: "x".repeat(99), bitrate: -1 }, "leg");
    assert.deepEqual(Object.keys(told).sort(), [
        "bitrate", "codec", "concealed", "jitter", "leg", "level", "loss", "mos", "sent_level", "sent_loss",
    ]);
    assert.deepEqual([told.jitter, told.level, told.codec?.length, told.bitrate], [60_000, 1, 40, 0]);
});

test("the browser's rows are found by their kinds; without sound there is nothing", () => {
    const rows = new Map(/** @type {[string, any][]} */ ([
        ["a", { type: "inbound-rtp", kind: "video", packetsReceived: 9 }],
        ["b", { type: "inbound-rtp", kind: "audio", packetsReceived: 5, packetsLost: -1, codecId: "c", jitter: 0.1 }],
        ["c", { id: "c", type: "codec", mimeType: "audio/opus" }],
        ["d", { type: "candidate-pair", nominated: true, state: "succeeded", currentRoundTripTime: 0.3 }],
    ]));
    const found = counts(rows);
    assert.deepEqual([found?.packets, found?.codec, found?.rtt, found?.sentLoss], [5, "opus", 0.3, null]);
    rows.delete("b");
    assert.equal(counts(rows), null);
});
