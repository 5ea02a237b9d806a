/** Dialogs about a call that is up: where to send a side of it, which digits to press. */

import { h } from "../../base/dom.js";
import { buttons } from "./dialogs.js";
import { partyName } from "./tell.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./callwords.js").Call} Call */
/** @typedef {{name: string, pattern: string, mode?: string}} Wanted `name`: of the words */

/** @param {Site} site @param {Call} call @param {(to: string, side: string) => void} act */
export function askTransfer(site, call, act) {
    ask(site, call, { name: "transfer", pattern: "[\\w.+*#~!'-]{1,64}" }, act);
}

/** @param {Site} site @param {Call} call @param {(digits: string, side: string) => void} act */
export function askDigits(site, call, act) {
    ask(site, call, { name: "digits", pattern: "[0-9A-Da-d*#wW]{1,32}", mode: "tel" }, act);
}

/** @param {Site} site @param {Call} call @param {Wanted} wanted @param {(text: string, side: string) => void} act */
function ask(site, call, { name, pattern, mode }, act) {
    const { say } = site;
    const send = (/** @type {SubmitEvent} */ event, /** @type {import("./dialogs.js").Shown} */ dialog) => {
        event.preventDefault();
        const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
        dialog.close();
        act(String(given.get("text")).trim(), String(given.get("side")));
    };
    site.dialog((dialog) =>
        h(
            "form",
            { onsubmit: (/** @type {SubmitEvent} */ event) => send(event, dialog) },
            h("h2", { id: "dialog-title" }, say(`call.${name}.title`)),
            sides(site, call, say(`call.${name}.side`)),
            h(
                "div",
                { class: "field" },
                h("label", { for: "call-text" }, say(`call.${name}.text`)),
                h("input", {
                    id: "call-text",
                    name: "text",
                    required: true,
                    autofocus: true,
                    autocomplete: "off",
                    inputmode: mode,
                    pattern,
                    "aria-describedby": "call-help",
                }),
                h("p", { class: "help", id: "call-help" }, say(`call.${name}.help`)),
            ),
            buttons(
                h("button", { type: "button", onclick: () => dialog.close() }, say("no")),
                h("button", { type: "submit", class: "primary" }, say(`call.${name}.yes`)),
            ),
        ),
    );
}

/** Which side it is about. @param {Site} site @param {Call} call @param {string} legend */
function sides(site, call, legend) {
    const there = call.legs.filter((leg, place) => call.legs.findIndex((each) => each.side === leg.side) === place);
    return h(
        "fieldset",
        { class: "sides" },
        h("legend", {}, legend),
        there.map((leg, place) =>
            h(
                "label",
                { class: "check", key: leg.id },
                h("input", { type: "radio", name: "side", value: leg.side, defaultChecked: place === 0 }),
                h("span", {}, partyName(leg.party), h("small", { class: "soft" }, site.say(`side.${leg.side}`))),
            ),
        ),
    );
}
