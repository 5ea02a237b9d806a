/** A call whose house and sound tests hold in their hands: what comes late, and what comes twice. */

import assert from "node:assert/strict";
import node from "node:test";

import { Call } from "../../../../web/phone/core/call.js";
import { Refusal } from "../../../../web/phone/core/trouble.js";

/** @type {(name: string, work: () => void | Promise<void>) => void} */
const test = node;

/** Lets everything happen that waits for nothing but its turn. */
async function settle() {
    for (let turn = 0; turn < 30; turn++) {
        await Promise.resolve();
    }
}

/** A call of the page before this one, the answers that its sound makes, and what the server is asked. */
function restored() {
    /** @type {Map<string, {resolve: (sdp: string) => void, reject: (why: Error) => void}>} */
    const answers = new Map();
    /** @type {string[]} */
    const asked = [];
    class Talk {
        isBroken = false;

        attach(/** @type {string} */ offer) {
            return new Promise((resolve, reject) => answers.set(offer, { resolve, reject }));
        }

        close() {}
    }
    const house = {
        login: "1000",
        isReady: true,
        sound: async () => ({ Talk, microphone: {} }),
        request: async (/** @type {string} */ method, /** @type {any} */ { sdp }) => {
            asked.push(`${method} ${sdp}`);
            if (asked.length > 1) {
                throw new Refusal("Call is attached", -32002);
            }
            return {};
        },
        tell() {},
        complain() {},
        relieve() {},
        nameOf: async () => "call",
    };
    const call = new Call(/** @type {any} */ (house), { id: "call", way: "out", number: "1001", restored: true });
    const attach = (/** @type {string} */ sdp) => {
        call.told({ type: "attach", call: "call", sdp, name: "", number: "1001", placed: true });
        return settle();
    };
    return { call, answers, asked, attach };
}

test("a call that is offered twice, as the connection was lost twice, is taken up once", async () => {
    const { call, answers, asked, attach } = restored();
    await attach("first");
    await attach("second");
    answers.get("first")?.resolve("old");
    await settle();
    const between = [...asked, call.reconnecting];
    answers.get("second")?.resolve("new");
    await settle();
    const after = [...asked, call.reconnecting, call.state];
    await call.hangup();
    assert.deepEqual([between, after], [[true], ["verto.attach new", false, "active"]]);
});

test("that the sound of an offer is gone by the next one ends no call", async () => {
    const { call, answers, asked, attach } = restored();
    await attach("first");
    await attach("second");
    answers.get("first")?.reject(new Error("the connection is closed"));
    answers.get("second")?.resolve("new");
    await settle();
    const after = [...asked, call.state, call.trouble];
    await call.hangup();
    assert.deepEqual(after, ["verto.attach new", "active", null]);
});
