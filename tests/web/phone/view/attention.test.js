/** A screen that stays on while there is a call, and no longer. */

import assert from "node:assert/strict";
import node from "node:test";

import { Attention } from "../../../../web/phone/view/attention.js";

/** @type {(name: string, work: () => void | Promise<void>) => void} */
const test = node;

/** @type {{isOn: boolean, give: () => void}[]} in the order in which they were asked for */
const locks = [];
const page = Object.assign(new EventTarget(), { hidden: false });
const request = () =>
    new Promise((resolve) => {
        const lock = { isOn: false, give: () => resolve(Object.assign(lock, { isOn: true })), release };
        async function release() {
            lock.isOn = false;
        }
        locks.push(lock);
    });
Object.assign(globalThis, { document: page });
Object.defineProperty(globalThis, "navigator", { value: { wakeLock: { request } } });

/** What is on after all that was asked for has come. */
async function given() {
    locks.forEach((lock) => lock.give());
    await new Promise((resolve) => setTimeout(resolve));
    return locks.splice(0).filter((lock) => lock.isOn);
}

test("a lock that comes after the call is given back", async () => {
    const attention = new Attention();
    attention.keepAwake(true);
    attention.keepAwake(false);
    assert.equal((await given()).length, 0);
});

test("two calls, one soon after the other, leave no lock behind", async () => {
    const attention = new Attention();
    attention.keepAwake(true);
    attention.keepAwake(false);
    attention.keepAwake(true);
    const on = await given();
    assert.equal(on.length, 1);
    attention.keepAwake(false);
    assert.equal(on.filter((lock) => lock.isOn).length, 0);
});
