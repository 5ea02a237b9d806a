/** Somebody changed what one was changing: whose is to be kept? */

import { h } from "../../base/dom.js";
import { buttons } from "./dialogs.js";
import { labelOf } from "./form.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../schema.js").Field} Field */

/**
 * The fields that are not the same.
 * @param {Field[]} fields @param {Record<string, any>} now @param {Record<string, any>} mine @returns {Field[]}
 */
export function differing(fields, now, mine) {
    return fields.filter(
        (each) =>
            each.key in mine &&
            each.kind !== "secret" &&
            JSON.stringify(now[each.key]) !== JSON.stringify(mine[each.key]),
    );
}

/**
 * @param {import("./site.js").Site} site @param {string} prefix of words @param {import("./form.js").Form} form
 * @param {any} now what there is
 * @param {(field: Field, value: any) => Nested} shown @returns {Promise<"mine" | "theirs" | undefined>}
 */
export async function settle(site, prefix, form, now, shown) {
    const { say } = site;
    const mine = form.differing();
    const rows = differing(form.fields, now ?? {}, mine).map((each) => ({
        label: labelOf(say, prefix, each.key),
        theirs: shown(each, now[each.key]),
        mine: shown(each, mine[each.key]),
    }));
    const choice = (/** @type {string} */ text, /** @type {string | undefined} */ answer, kind = "") =>
        h("button", { type: "button", class: kind, onclick: () => dialog.close(answer) }, say(text));
    const dialog = site.dialog(
        () => [
            h("h2", { id: "dialog-title" }, say("conflict.title")),
            h("p", {}, say("conflict.text")),
            rows.length > 0 && comparison(say, rows),
            buttons(
                choice("cancel", undefined),
                choice("conflict.take", "theirs"),
                choice("conflict.keep", "mine", "primary"),
            ),
        ],
        { wide: true },
    );
    return dialog.done;
}

/** @param {import("../../base/words.js").Say} say @param {{label: string, theirs: Nested, mine: Nested}[]} rows */
function comparison(say, rows) {
    const head = (/** @type {string} */ key) => h("th", { scope: "col" }, say(key));
    const cell = (/** @type {string} */ key, /** @type {Nested} */ content) =>
        h("td", { "data-label": say(key) }, h("span", {}, content));
    return h(
        "div",
        { class: "tabled" },
        h(
            "table",
            {},
            h("caption", { class: "unseen" }, say("conflict.title")),
            h("thead", {}, h("tr", {}, ["conflict.field", "conflict.theirs", "conflict.mine"].map(head))),
            h(
                "tbody",
                {},
                rows.map((each) =>
                    h(
                        "tr",
                        {},
                        h("th", { scope: "row" }, each.label),
                        cell("conflict.theirs", each.theirs),
                        cell("conflict.mine", each.mine),
                    ),
                ),
            ),
        ),
    );
}
