/**
 * Data of a page that is read, and read again: on request, when something happened, or every few seconds while it is
 * seen.
 */

import { h } from "../../base/dom.js";
import { trouble } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */

const APART_MS = 1000; // between two readings that events cause

/** @template Data */
export class Loaded {
    /** @param {import("./site.js").Site} site @param {() => Promise<Data>} load */
    constructor(site, load) {
        this.site = site;
        this._load = load;
        /** @type {Data | null} */
        this.data = null;
        /** Why the last reading failed. @type {unknown} */
        this.problem = null;
        this.reading = false;
        this.closed = false;
        this._again = false;
        this._last = 0;
        this._due = 0;
        this._beat = 0;
    }

    /** Read now; while it is read already, once more behind that. */
    async read() {
        if (this.reading) {
            this._again = true;
            return;
        }
        this.reading = true;
        try {
            this.data = await this._load();
            this.problem = null;
        } catch (error) {
            this.problem = error;
        }
        this.reading = false;
        this._last = performance.now();
        if (!this.closed) {
            this.site.redraw();
            if (this._again) {
                this._again = false;
                this.soon();
            }
        }
    }

    /** Read because something happened: once for all that happens in a second. */
    soon() {
        if (!this._due && !this.closed) {
            const wait = Math.max(100, this._last + APART_MS - performance.now());
            this._due = window.setTimeout(() => {
                this._due = 0;
                this.read();
            }, wait);
        }
    }

    /** Read every so many seconds, while somebody can see it. @param {number} seconds */
    every(seconds) {
        this._beat = window.setInterval(() => document.hidden || this.soon(), seconds * 1000);
        return this;
    }

    /** No more. */
    close() {
        this.closed = true;
        clearTimeout(this._due);
        clearInterval(this._beat);
    }

    /**
     * What is there, or why not; what was read before stays, with a word above that it is old.
     * @param {(data: Data) => Nested} shown @returns {Nested}
     */
    view(shown) {
        const again = () => {
            this.problem = null;
            this.site.redraw();
            this.read();
        };
        if (this.data !== null) {
            return [this.problem ? trouble(this.site, this.problem, again) : null, shown(this.data)];
        }
        return this.problem
            ? trouble(this.site, this.problem, again)
            : h("p", { class: "soft", role: "status" }, this.site.say("live.loading"));
    }
}
