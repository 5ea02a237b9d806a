/** The line on top while the switch does not answer: it is asked again, ever less often. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

const PAUSES_S = [2, 4, 8, 15, 30];

/** Watches whether the switch answers. */
export class Away {
    /** @param {import("./site.js").Site} site */
    constructor(site) {
        this.site = site;
        this.tries = 0;
        this.seconds = 0;
        this.asking = false;
        site.api.addEventListener("away", () => this._wait());
        site.api.addEventListener("back", () => this._back());
    }

    view() {
        const { api, say } = this.site;
        const text = this.asking ? say("away.asking") : say("away.wait", { count: this.seconds });
        return h(
            "div",
            { class: "away", key: "away", role: "status" },
            api.away && [
                icon("bad"),
                h("span", {}, say("away.title")),
                h("span", { class: "count", "aria-hidden": "true" }, text),
                h("button", { type: "button", disabled: this.asking, onclick: () => this._ask() }, say("away.now")),
            ],
        );
    }

    _wait() {
        this.seconds = PAUSES_S[Math.min(this.tries++, PAUSES_S.length - 1)] ?? 0;
        this._tick();
    }

    _tick() {
        clearTimeout(this.timer);
        this.site.redraw();
        if (this.site.api.away) {
            this.timer = setTimeout(() => (--this.seconds > 0 ? this._tick() : this._ask()), 1000);
        }
    }

    async _ask() {
        clearTimeout(this.timer);
        this.asking = true;
        this.site.redraw();
        await this.site.api.get("/auth/me", {}, { wait: 5 }).catch(() => {});
        this.asking = false;
        if (this.site.api.away) {
            this._wait();
        }
    }

    _back() {
        clearTimeout(this.timer);
        this.tries = 0;
        this.site.toast(this.site.say("away.back"));
    }
}
