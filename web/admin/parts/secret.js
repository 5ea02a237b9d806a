/** A secret that is shown this once, with a button that copies it. */

import { h } from "../../base/dom.js";
import { buttons } from "./dialogs.js";
import { icon } from "./icons.js";

/**
 * @param {import("./site.js").Site} site
 * @param {{title: string, text: string, secrets: [string, string][]}} about labels and secrets
 * @returns {Promise<void>} when it is closed
 */
export async function showSecret(site, { title, text, secrets }) {
    const { say } = site;
    let copied = "";
    const dialog = site.dialogs.open(
        () => [
            h("h2", { id: "dialog-title" }, title),
            h("p", {}, text),
            secrets.map(([label, secret], at) => {
                const id = `secret-${at}`;
                const select = (/** @type {any} */ event) => event.target.select();
                return h(
                    "div",
                    { class: "field", key: id },
                    h("label", { for: id }, label),
                    h(
                        "div",
                        { class: "beside" },
                        h("input", { id, class: "mono", readonly: true, value: secret, onfocus: select }),
                        h(
                            "button",
                            { type: "button", onclick: () => copy(secret) },
                            icon(copied === secret ? "good" : "copy"),
                            say("copy"),
                        ),
                    ),
                );
            }),
            h("p", { class: "soft", role: "status" }, copied && say("copied")),
            buttons(
                h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, say("secret.kept")),
            ),
        ],
        { stays: () => true },
    );

    /** @param {string} secret */
    async function copy(secret) {
        try {
            await navigator.clipboard.writeText(secret);
            copied = secret;
        } catch {
            /** @type {HTMLInputElement | null} */ (document.querySelector(".dialog input[readonly]"))?.select();
        }
        dialog.redraw();
    }
    await dialog.done;
}
