/** Short messages in passing; those about troubles stay until they are closed. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/** @typedef {{id: number, text: string, kind: string, detail: string}} Toast */

const SHOWN_MS = 6000;
const MOST = 4;

/** The messages there are. */
export class Toasts {
    /** @param {{say: import("../../base/words.js").Say, redraw: () => void}} site */
    constructor(site) {
        this.site = site;
        this.count = 0;
        /** @type {Toast[]} */
        this.all = [];
    }

    /** @param {string} text @param {string} kind @param {string} [detail] what the switch said itself */
    add(text, kind, detail = "") {
        const id = ++this.count;
        const others = this.all.filter((each) => each.text !== text || each.kind !== kind);
        this.all = [...others, { id, text, kind, detail }].slice(-MOST);
        if (kind !== "bad") {
            setTimeout(() => this.remove(id), SHOWN_MS);
        }
        this.site.redraw();
    }

    /** @param {number} id */
    remove(id) {
        this.all = this.all.filter((each) => each.id !== id);
        this.site.redraw();
    }

    view() {
        return h(
            "div",
            { class: "toasts", role: "status", "aria-live": "polite", "aria-relevant": "additions" },
            this.all.map((each) => this._toast(each)),
        );
    }

    /** @param {Toast} toast */
    _toast({ id, text, kind, detail }) {
        const close = this.site.say("close");
        return h(
            "div",
            { key: id, class: `toast ${kind}` },
            icon(kind),
            h("div", {}, h("p", {}, text), detail && h("p", { class: "soft", lang: "en" }, detail)),
            h(
                "button",
                { type: "button", class: "plain", "aria-label": close, onclick: () => this.remove(id) },
                icon("close"),
            ),
        );
    }
}
