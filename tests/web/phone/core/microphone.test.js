/** The microphone while somebody chooses another one: what was chosen last counts, and nothing stays open. */

import assert from "node:assert/strict";
import node from "node:test";

import { Microphone } from "../../../../web/phone/core/microphone.js";

/** @type {(name: string, work: () => void | Promise<void>) => void} */
const test = node;

/** Lets everything happen that waits for nothing but its turn. */
async function settle() {
    for (let turn = 0; turn < 30; turn++) {
        await Promise.resolve();
    }
}

class FakeTrack extends EventTarget {
    readyState = "live";

    constructor(/** @type {string} */ of) {
        super();
        this.of = of;
    }

    clone() {
        return new FakeTrack(this.of);
    }

    stop() {
        this.readyState = "ended";
    }
}

/** What the browser was asked for, and how it is answered. */
class FakeDevices {
    /** @type {{track: FakeTrack, give: () => Promise<void>}[]} */
    asked = [];

    getUserMedia = () =>
        new Promise((resolve) => {
            const track = new FakeTrack(String(this.asked.length));
            const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
            this.asked.push({ track, give: () => (resolve(stream), settle()) });
        });

    /** Those that are open. */
    get open() {
        return this.asked.filter(({ track }) => track.readyState === "live").map(({ track }) => track.of);
    }
}

/** A microphone that one call uses. */
async function used() {
    const devices = new FakeDevices();
    Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: devices }, configurable: true });
    const microphone = new Microphone();
    const call = {};
    const opened = microphone.open(call);
    await devices.asked[0]?.give();
    await opened;
    const give = (/** @type {number} */ n) => devices.asked[n]?.give();
    return { devices, microphone, call, give };
}

test("a choice takes the place of the one before", async () => {
    const { devices, microphone, call, give } = await used();
    let swaps = 0;
    microphone.addEventListener("swap", () => swaps++);
    const changing = microphone.change();
    await give(1);
    await changing;
    assert.deepEqual([devices.open, swaps], [["1"], 1]);
    microphone.close(call);
    await settle();
    assert.deepEqual(devices.open, []);
});

for (const order of [[1, 2], [2, 1]]) {
    test(`of two choices that come as ${order} the second is used`, async () => {
        const { devices, microphone, call, give } = await used();
        const changing = [microphone.change(), microphone.change()];
        for (const n of order) {
            await give(n);
        }
        await Promise.all(changing);
        assert.deepEqual(devices.open, ["2"]);
        const copy = /** @type {any} */ (await microphone.open(call));
        assert.equal(copy.of, "2");
        microphone.close(call);
        await settle();
        assert.deepEqual(devices.open, []);
    });
}

test("a choice that comes after the call is not left open", async () => {
    const { devices, microphone, call, give } = await used();
    const changing = microphone.change();
    microphone.close(call);
    await give(1);
    await changing;
    assert.deepEqual(devices.open, []);
});
