/** Pages of the past, in whatever order they are asked for and come. */

import assert from "node:assert/strict";
import node from "node:test";

import { History } from "../../../../web/phone/view/history.js";

/** @type {(name: string, work: () => void | Promise<void>) => void} */
const test = node;

/** @param {string} id @param {string | null} next */
function page(id, next) {
    return { items: [{ id, at: new Date(0), missed: false, number: id, name: "" }], next };
}

test("who wants more twice is given the next page once", async () => {
    /** @type {((page: object) => void)[]} */
    const answers = [];
    const panel = {
        phone: { history: () => new Promise((resolve) => answers.push(resolve)) },
        memory: { get: () => 0, set() {} },
        face: { open: true },
        tab: "phone",
        redraw() {},
    };
    const history = new History(/** @type {any} */ (panel));
    const first = history.load();
    answers.shift()?.(page("newest", "a"));
    await first;
    const both = [history.load(true), history.load(true)];
    answers.forEach((answer) => answer(page("older", "b")));
    await Promise.all(both);
    assert.deepEqual([history.items.map(({ id }) => id), history.next], [["newest", "older"], "b"]);
});
