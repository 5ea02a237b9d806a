/** The form of the first-run guide for another password. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { state } from "./figures.js";
import { sentence } from "./trouble.js";

const SHORTEST = 8;

/** One form. */
export class NewPassword {
    /** @param {import("./site.js").Site} site @param {() => void} changed */
    constructor(site, changed) {
        this.site = site;
        this.changed = changed;
        this.fault = "";
        this.busy = false;
    }

    /** @param {boolean} done */
    view(done) {
        const { say } = this.site;
        if (done) {
            return h("p", {}, state("good", say("wizard.password.done")));
        }
        return h(
            "form",
            {
                class: "wizard-form",
                onsubmit: (/** @type {SubmitEvent} */ event) => this._send(event),
                novalidate: true,
            },
            h("input", {
                type: "text",
                name: "username",
                autocomplete: "username",
                value: this.site.me.name,
                hidden: true,
                "aria-hidden": "true",
            }),
            this._field("old", "current-password"),
            this._field("wanted", "new-password"),
            this._field("again", "new-password"),
            h("p", { class: "fault", role: "alert" }, this.fault),
            h("button", { type: "submit", class: "primary", disabled: this.busy }, say("password.change")),
        );
    }

    /** @param {string} name @param {string} autocomplete */
    _field(name, autocomplete) {
        const id = `wizard-${name}`;
        return h(
            "div",
            { class: "field" },
            h("label", { for: id }, this.site.say(`password.${name}`)),
            h("input", { id, name, type: "password", autocomplete, required: true, maxlength: 200 }),
        );
    }

    /** @param {string} old @param {string} wanted @param {string} again */
    _wrong(old, wanted, again) {
        const { say } = this.site;
        if (!old) {
            return say("password.missing");
        }
        if (wanted.length < SHORTEST) {
            return say("password.short", { count: SHORTEST });
        }
        return wanted === again ? "" : say("password.differ");
    }

    /** @param {SubmitEvent} event */
    async _send(event) {
        event.preventDefault();
        const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
        const [old = "", wanted = "", again = ""] = ["old", "wanted", "again"].map((name) => String(given.get(name)));
        this.fault = this._wrong(old, wanted, again);
        if (!this.fault) {
            this.busy = true;
            this.site.redraw();
            try {
                await this.site.api.send("POST", "/auth/password", { old_password: old, new_password: wanted });
                this.site.toast(this.site.say("password.done"));
                this.changed();
            } catch (error) {
                const { say } = this.site;
                this.fault = problemOf(error).code === "forbidden" ? say("password.wrong") : sentence(say, error);
            }
            this.busy = false;
        }
        this.site.redraw();
    }
}
