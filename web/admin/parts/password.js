/** The dialog that changes one's own password. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { buttons } from "./dialogs.js";
import { sentence } from "./trouble.js";

const SHORTEST = 8;

/** @param {import("./site.js").Site} site */
export function changePassword(site) {
    const { say } = site;
    const given = { old: "", wanted: "", again: "" };
    let fault = "";
    let busy = false;
    const dialog = site.dialog(() => [
        h("h2", { id: "dialog-title" }, say("password.change")),
        h("p", { class: "soft" }, say("password.others")),
        h(
            "form",
            { onsubmit: send, novalidate: true },
            field("old", "current-password"),
            field("wanted", "new-password"),
            field("again", "new-password"),
            h("p", { class: "fault", role: "alert" }, fault),
            buttons(
                h("button", { type: "button", onclick: () => dialog.close() }, say("cancel")),
                h("button", { type: "submit", class: "primary", disabled: busy }, say("password.change")),
            ),
        ),
    ]);

    /** @param {"old" | "wanted" | "again"} name @param {string} autocomplete */
    function field(name, autocomplete) {
        const oninput = (/** @type {any} */ event) => (given[name] = event.target.value);
        const id = `password-${name}`;
        return h(
            "p",
            { class: "field" },
            h("label", { for: id }, say(`password.${name}`)),
            h("input", { id, type: "password", autocomplete, oninput, required: true, autofocus: name === "old" }),
        );
    }

    function check() {
        if (!given.old) {
            return say("password.missing");
        }
        if (given.wanted.length < SHORTEST) {
            return say("password.short", { count: SHORTEST });
        }
        return given.wanted === given.again ? "" : say("password.differ");
    }

    /** @param {Event} event */
    async function send(event) {
        event.preventDefault();
        fault = check();
        busy = !fault;
        dialog.redraw();
        if (fault) {
            return;
        }
        try {
            await site.api.send("POST", "/auth/password", { old_password: given.old, new_password: given.wanted });
            dialog.close();
            site.toast(say("password.done"));
        } catch (error) {
            fault = problemOf(error).code === "forbidden" ? say("password.wrong") : sentence(say, error);
            busy = false;
            dialog.redraw();
        }
    }
}
