/** Logging in, for a phone that stands on a page by itself. The password is kept nowhere. */

import { h } from "../../base/dom.js";
import { press } from "./parts.js";
import { advice } from "./trouble.js";

/** @typedef {import("./panel.js").Panel} Panel */

export class Login {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        this.wrong = false; // an address that is none
    }

    /** @param {SubmitEvent} event */
    submit(event) {
        event.preventDefault();
        const form = /** @type {HTMLFormElement} */ (event.target);
        const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
        const server = field("server").value.trim();
        this.wrong = !/^wss?:\/\/[^\s/]+/.test(server) || !URL.canParse(server);
        if (this.wrong) {
            field("server").focus();
            this.panel.redraw();
            return;
        }
        const { face } = this.panel;
        const [login, password] = [field("user").value.trim(), field("password").value];
        field("password").value = "";
        face.memory.set({ user: login, server: server === face.host.getAttribute("server") ? undefined : server });
        face.enter({ login, password });
    }

    view() {
        const { panel } = this;
        const { host, say, server, memory } = panel.face;
        const trouble = panel.phone?.trouble;
        const user = memory.get("user") ?? host.getAttribute("user") ?? "";
        return h(
            "form",
            {
                key: "login",
                class: "login",
                part: "login",
                onsubmit: (/** @type {SubmitEvent} */ event) => this.submit(event),
            },
            h("h2", {}, say("login.title")),
            trouble && h("div", { class: "banner bad", role: "alert" }, advice(panel, trouble)),
            this.field("user", "text", user, { autocomplete: "username", class: user ? "" : "first" }),
            this.field("password", "password", "", { autocomplete: "current-password", class: user ? "first" : "" }),
            this.field("server", "url", server, {
                "aria-invalid": this.wrong ? "true" : undefined,
                "aria-describedby": this.wrong ? "server-wrong" : undefined,
            }),
            this.wrong && h("p", { class: "bad-text", id: "server-wrong", role: "alert" }, say("login.wrongServer")),
            press(say("login.go"), undefined, { class: "main wide", type: "submit" }),
            h("p", { class: "soft" }, say("login.remember")),
        );
    }

    /**
     * @param {"user" | "password" | "server"} name @param {string} type @param {string} defaultValue
     * @param {import("../../base/dom.js").Props} more
     */
    field(name, type, defaultValue, more) {
        const props = { name, type, defaultValue, required: true, autocapitalize: "off", spellcheck: "false" };
        return h("label", {}, this.panel.say(`login.${name}`), h("input", { ...props, maxlength: "500", ...more }));
    }
}
