/** Native dialogs: the rest of the page waits, the focus stays inside, Esc closes. */

import { h, mount } from "../../base/dom.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../../base/words.js").Say} Say */
/**
 * @typedef {{close: (result?: any) => void, redraw: () => void, done: Promise<any>}} Shown
 * `done` gives what it was closed with
 */
/**
 * @typedef {{label?: string, wide?: boolean, stays?: () => boolean}} Options `stays`: Esc does nothing while it says so
 */

/** All that are open. */
export class Dialogs {
    /** @param {{say: Say}} site */
    constructor(site) {
        this.site = site;
        /** @type {Set<Shown>} */
        this.shown = new Set();
    }

    redraw() {
        this.shown.forEach((each) => each.redraw());
    }

    /** Close all: somebody else is here now. */
    closeAll() {
        this.shown.forEach((each) => each.close());
    }

    /** @param {(dialog: Shown) => Nested} view @param {Options} [options] @returns {Shown} */
    open(view, options = {}) {
        const element = document.createElement("dialog");
        element.className = options.wide ? "dialog wide" : "dialog";
        if (options.label) {
            element.setAttribute("aria-label", options.label);
        } else {
            element.setAttribute("aria-labelledby", "dialog-title");
        }
        /** @type {Shown} */
        const shown = { close: () => {}, redraw: () => {}, done: Promise.resolve() };
        shown.done = new Promise((resolve) => {
            shown.close = (result) => {
                this.shown.delete(shown);
                element.close();
                element.remove();
                resolve(result);
            };
        });
        element.addEventListener("cancel", (event) => {
            event.preventDefault();
            options.stays?.() || shown.close();
        });
        document.body.append(element);
        this.shown.add(shown);
        shown.redraw = mount(element, () => view(shown));
        element.showModal();
        return shown;
    }

    /**
     * @param {{title: string, text?: string, yes: string, danger?: boolean}} question @returns {Promise<boolean>}
     */
    async ask({ title, text, yes, danger = false }) {
        const shown = this.open((dialog) => [
            h("h2", { id: "dialog-title" }, title),
            text && h("p", {}, text),
            buttons(
                h(
                    "button",
                    { type: "button", autofocus: danger, onclick: () => dialog.close(false) },
                    this.site.say("no"),
                ),
                h(
                    "button",
                    {
                        type: "button",
                        class: danger ? "danger" : "primary",
                        autofocus: !danger,
                        onclick: () => dialog.close(true),
                    },
                    yes,
                ),
            ),
        ]);
        return (await shown.done) === true;
    }
}

/** The row at the end of a dialog or form. @param {Nested[]} content */
export function buttons(...content) {
    return h("div", { class: "buttons" }, ...content);
}
