/** Which page is shown: by the part of the address behind #. */

import { Problem } from "../api.js";
import { placeOf } from "./place.js";
import { entryOf, may, visible } from "./rights.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./site.js").Page} Page */

/** Pages that the sidebar does not name, and what they need. @type {Record<string, string>} */
const OTHERS = { wizard: "config:read" };

/** The page that is shown, and the way from one to another. */
export class Pages {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        /** @type {Page | null} */
        this.page = null;
        /** Why there is no page: "nowhere", "forbidden", or an error. @type {unknown} */
        this.fault = null;
        this.name = "";
        /** The address that is shown. */
        this.hash = "";
        /** Changes with each page that is shown. */
        this.turn = 0;
        this.opened = false;
        addEventListener("hashchange", () => this._moved());
        site.addEventListener("language", () => this.opened && !this.unsaved() && this.again());
        site.api.addEventListener("back", () => this.fault instanceof Problem && this.again());
        addEventListener("beforeunload", (event) => this.unsaved() && event.preventDefault());
    }

    unsaved() {
        return this.page?.unsaved?.() ?? false;
    }

    /** @returns {Promise<boolean>} */
    mayLeave() {
        const { say } = this.site;
        return this.site.ask({
            title: say("unsaved.title"),
            text: say("unsaved.text"),
            yes: say("unsaved.yes"),
            danger: true,
        });
    }

    /** Somebody is there: show them where they want to be. @param {boolean} anew nothing of who was here before */
    open(anew) {
        this.opened = true;
        if (anew) {
            this.drop();
        }
        if (!this.page || this.hash !== location.hash) {
            this.again();
        }
    }

    /** Nobody is there: only what is not saved is kept. */
    rest() {
        this.opened = false;
        if (!this.unsaved()) {
            this.drop();
        }
    }

    drop() {
        const page = this.page;
        this.page = null;
        page?.close?.();
    }

    /** Make the page of the address anew. */
    async again() {
        this.drop();
        this.hash = location.hash;
        const turn = ++this.turn;
        const { name, rest, query } = placeOf(this.hash);
        this.name = name || this._first();
        this.fault = this._refusal(this.name);
        this.site.redraw();
        if (this.fault) {
            return this._arrived();
        }
        try {
            const made = await import(`../pages/${this.name}.js`);
            if (turn === this.turn) {
                this.page = made.default(this.site, rest, query);
            }
        } catch (error) {
            const fault = unloaded(error) ? this.site.api.lost() : error;
            this.fault = turn === this.turn ? fault : this.fault;
            console.error(error);
        }
        if (turn === this.turn) {
            this._arrived();
        }
    }

    /** The first page that may be seen. */
    _first() {
        return visible(this.site.me.scopes)[0]?.entries[0]?.name ?? "nothing";
    }

    /** @param {string} name @returns {string | null} */
    _refusal(name) {
        const scope = entryOf(name)?.scope ?? OTHERS[name];
        if (scope === undefined) {
            return "nowhere";
        }
        return may(this.site.me.scopes, scope) ? null : "forbidden";
    }

    async _moved() {
        if (!this.opened || location.hash === this.hash) {
            return;
        }
        const wanted = location.hash;
        if (this.unsaved()) {
            history.replaceState(null, "", this.hash || "#/");
            if (!(await this.mayLeave())) {
                return;
            }
            history.pushState(null, "", wanted);
        }
        await this.again();
    }

    _arrived() {
        const { say } = this.site;
        const title = this.page ? say(this.page.title) : say("site");
        document.title = `${title} · XSwitch`;
        this.site.redraw();
        if (this.turn > 1) {
            setTimeout(() => document.getElementById("title")?.focus({ preventScroll: false }));
        }
    }
}

/** Whether a module could not be fetched, in the words of each browser. @param {unknown} error */
function unloaded(error) {
    return error instanceof TypeError && /dynamically imported module|module script failed/i.test(error.message);
}
