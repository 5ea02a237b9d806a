/** The form of the first-run guide for the first user, and how their phone logs in. */

import { h } from "../../base/dom.js";
import { facts } from "./figures.js";
import { icon } from "./icons.js";
import { copyText } from "./message.js";
import { nextNumber } from "./guidesteps.js";
import { detailOf, sentence } from "./trouble.js";

/** One form. */
export class FirstUser {
    /** @param {import("./site.js").Site} site @param {() => void} made */
    constructor(site, made) {
        this.site = site;
        this.told = made;
        this.number = "";
        this.fault = "";
        this.detail = "";
        this.busy = false;
        /**
         * Who was made, with a secret that is never shown again. @type {{name: string, number: string, phone_secret:
         * string} | null}
         */
        this.user = null;
        this.copied = false;
    }

    /** A number that nobody has. */
    async read() {
        const { items } = await this.site.api.get("/users", { limit: 500 }).catch(() => ({ items: [] }));
        this.number ||= nextNumber(items.map((/** @type {any} */ each) => each.number || each.name));
        this.site.redraw();
    }

    /** Whether there is a secret that nobody has copied yet. */
    unseen() {
        return this.user !== null && !this.copied;
    }

    /** @param {import("./guidesteps.js").Setup} setup */
    view(setup) {
        return this.user ? this._made(this.user, setup) : this._form();
    }

    _form() {
        const { say } = this.site;
        return h(
            "form",
            { class: "wizard-form", onsubmit: (/** @type {SubmitEvent} */ event) => this._send(event) },
            h(
                "div",
                { class: "field" },
                h("label", { for: "first-name" }, say("wizard.user.name")),
                h("input", { id: "first-name", name: "display_name", maxlength: 200, autocomplete: "off" }),
                h("p", { class: "help" }, say("wizard.user.name.help")),
            ),
            h(
                "div",
                { class: "field" },
                h("label", { for: "first-number" }, say("wizard.user.number")),
                h("input", {
                    id: "first-number",
                    name: "name",
                    required: true,
                    inputmode: "numeric",
                    pattern: "[0-9]{2,20}",
                    maxlength: 20,
                    autocomplete: "off",
                    value: this.number,
                    oninput: (/** @type {any} */ event) => (this.number = event.target.value),
                }),
                h("p", { class: "help" }, say("wizard.user.number.help")),
            ),
            h("p", { class: "fault", role: "alert" }, this.fault),
            this.detail ? h("p", { class: "soft", lang: "en" }, this.detail) : null,
            h("button", { type: "submit", class: "primary", disabled: this.busy }, say("wizard.user.make")),
        );
    }

    /**
     * @param {{name: string, number: string, phone_secret: string}} user @param {import("./guidesteps.js").Setup}
     * setup
     */
    _made(user, setup) {
        const { site } = this;
        const { say } = site;
        const copy = () => {
            this.copied = true;
            copyText(site, user.phone_secret);
        };
        return h(
            "div",
            { class: "first-user" },
            h("p", { role: "status" }, icon("good"), say("wizard.user.made", { number: user.number || user.name })),
            facts([
                [say("wizard.user.server"), h("code", {}, location.hostname)],
                [say("wizard.user.domain"), h("code", {}, setup.domain)],
                [say("wizard.user.login"), h("code", {}, user.name)],
                [
                    say("wizard.user.secret"),
                    [
                        h("code", {}, user.phone_secret),
                        " ",
                        h("button", { type: "button", onclick: copy }, icon("copy"), say("diag.copy")),
                    ],
                ],
            ]),
            h("p", { class: "warn" }, say("wizard.user.once")),
            h("p", { class: "soft" }, say("wizard.user.how")),
        );
    }

    /** @param {SubmitEvent} event */
    async _send(event) {
        event.preventDefault();
        const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
        const name = String(given.get("name")).trim();
        this.busy = true;
        this.fault = this.detail = "";
        this.site.redraw();
        try {
            const { data } = await this.site.api.send("POST", "/users", {
                name,
                number: name,
                display_name: String(given.get("display_name")).trim(),
            });
            this.user = data;
            this.told();
        } catch (error) {
            this.fault = sentence(this.site.say, error);
            this.detail = detailOf(this.site.say, error);
        }
        this.busy = false;
        this.site.redraw();
    }
}
