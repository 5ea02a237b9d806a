/** What becomes of a call, whatever happens to it in whichever order. */

import assert from "node:assert/strict";
import test from "node:test";

import { begun, isUp, receive } from "../../../../web/phone/core/machine.js";

/** @typedef {import("../../../../web/phone/core/machine.js").CallEvent} CallEvent */
/** @typedef {import("../../../../web/phone/core/machine.js").State} State */

/** @type {Record<string, CallEvent>} */
const E = {
    offered: { type: "offered", sdp: "offer" }, accepted: { type: "accepted" },
    refused: { type: "refused", cause: "X", causeCode: 5 },
    media: { type: "media", sdp: "early" }, answer: { type: "answer", sdp: "" },
    answerSdp: { type: "answer", sdp: "late" },
    pickUp: { type: "pickUp" }, pickedUp: { type: "pickedUp" }, unable: { type: "unable" },
    held: { type: "holdState", held: true }, unheld: { type: "holdState", held: false },
    attach: { type: "attach", sdp: "anew" },
    bye: { type: "bye", cause: "USER_BUSY", causeCode: 17 }, hangup: { type: "hangup", cause: "" },
    lost: { type: "lost" }, forgotten: { type: "forgotten" }, taken: { type: "taken" },
};

/** @param {"in" | "out"} way @param {string} events names, with blanks between */
function after(way, events) {
    let dialog = begun(way);
    /** @type {string[]} */
    const done = [];
    for (const name of events.split(" ").filter(Boolean)) {
        const event = E[name];
        assert.ok(event, name);
        const next = receive(dialog, event);
        dialog = next.dialog;
        done.push(...next.effects.map(({ do: what, ...more }) => [what, ...Object.values(more)].join(" ")));
    }
    return { dialog, done };
}

for (const [name, way, events, state, done] of /** @type {[string, "in" | "out", string, State, string[]][]} */ ([
    ["a call is placed, rings and is answered", "out", "offered accepted media answer", "active",
        ["invite offer", "apply early"]],
    ["an SDP goes once", "out", "offered accepted media answerSdp media", "active", ["invite offer", "apply early"]],
    ["an answer without early media brings the SDP", "out", "offered accepted answerSdp", "active",
        ["invite offer", "apply late"]],
    ["an answer may overtake the result", "out", "offered answerSdp accepted", "active",
        ["invite offer", "apply late"]],
    ["a call is refused", "out", "offered refused", "ended", ["invite offer", "close"]],
    ["nobody learns of a call given up before it began", "out", "hangup offered", "ended", ["close"]],
    ["a bye waits for the result", "out", "offered hangup accepted", "ended",
        ["invite offer", "close", "bye ORIGINATOR_CANCEL"]],
    ["a bye that waits is not said to who refused", "out", "offered hangup refused accepted", "ended",
        ["invite offer", "close"]],
    ["giving up while it rings there", "out", "offered accepted media hangup", "ended",
        ["invite offer", "apply early", "bye ORIGINATOR_CANCEL", "close"]],
    ["a call comes in and is answered", "in", "pickUp pickedUp", "active", []],
    ["without a microphone it rings on, and can be answered again", "in", "pickUp unable pickUp pickedUp", "active",
        []],
    ["a call is declined", "in", "hangup", "ended", ["bye CALL_REJECTED", "close"]],
    ["who called gave up while it was answered", "in", "pickUp bye pickedUp", "ended", ["close"]],
    ["hold and back", "in", "pickUp pickedUp held unheld", "active", []],
    ["hold", "in", "pickUp pickedUp held", "held", []],
    ["the end of a held call", "in", "pickUp pickedUp held hangup", "ended", ["bye NORMAL_CLEARING", "close"]],
    ["nothing is held that is not answered", "out", "offered accepted media held", "early",
        ["invite offer", "apply early"]],
    ["who comes back is off hold", "in", "pickUp pickedUp held attach", "active", ["attach anew"]],
    ["a lost socket ends what is not answered", "in", "lost", "ended", ["close"]],
    ["a lost socket leaves what is", "out", "offered accepted answerSdp lost", "active",
        ["invite offer", "apply late"]],
    ["early media without SDP changes nothing", "out", "offered accepted answer", "active", ["invite offer"]],
])) {
    test(name, () => {
        const found = after(way, events);
        assert.deepEqual([found.dialog.state, found.done], [state, done]);
    });
}

const WAYS = /** @type {["in" | "out", string][]} */ ([
    ["out", ""], ["out", "offered"], ["out", "offered accepted"], ["out", "offered accepted media"],
    ["out", "offered accepted answerSdp"], ["out", "offered accepted answerSdp held"],
    ["in", ""], ["in", "pickUp"], ["in", "pickUp pickedUp"], ["in", "pickUp pickedUp held"],
]);

for (const [way, events] of WAYS) {
    test(`a bye ends it once: ${way} ${events}`, () => {
        const { dialog, done } = after(way, `${events} bye bye hangup lost`);
        assert.deepEqual([dialog.state, dialog.cause, dialog.causeCode], ["ended", "USER_BUSY", 17]);
        assert.equal(done.filter((each) => each === "close").length, 1);
        assert.ok(!done.some((each) => each.startsWith("bye")));
    });

    test(`hanging up ends it at once: ${way} ${events}`, () => {
        const { dialog, done } = after(way, `${events} hangup`);
        assert.equal(dialog.state, "ended");
        assert.equal(done.filter((each) => each === "close").length, 1);
    });

    test(`after the end nothing happens: ${way} ${events}`, () => {
        const before = after(way, `${events} bye`).dialog;
        for (const event of Object.values(E)) {
            const { dialog, effects } = receive(before, event);
            assert.deepEqual([dialog.state, dialog.cause, effects], ["ended", "USER_BUSY", []]);
        }
    });

    test(`no event is out of place: ${way} ${events}`, () => {
        const { dialog } = after(way, events);
        for (const event of Object.values(E)) {
            const next = receive(dialog, event).dialog;
            assert.ok(!isUp(dialog) || isUp(next) || next.state === "ended", "who speaks goes on speaking, or ends");
        }
    });
}
