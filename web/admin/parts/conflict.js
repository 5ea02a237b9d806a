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
    const rows = differing(form.fields, now ?? {}, mine);
    const dialog = site.dialog(
        () => [
            h("h2", { id: "dialog-title" }, say("conflict.title")),
            h("p", {}, say("conflict.text")),
            rows.length > 0 &&
                h(
                    "div",
                    { class: "tabled" },
                    h(
                        "table",
                        {},
                        h("caption", { class: "unseen" }, say("conflict.title")),
                        h(
                            "thead",
                            {},
                            h(
                                "tr",
                                {},
                                ["conflict.field", "conflict.theirs", "conflict.mine"].map((key) =>
                                    h("th", { scope: "col" }, say(key)),
                                ),
                            ),
                        ),
                        h(
                            "tbody",
                            {},
                            rows.map((each) => {
                                const label = labelOf(say, prefix, each.key);
                                return h(
                                    "tr",
                                    {},
                                    h("th", { scope: "row" }, label),
                                    h(
                                        "td",
                                        { "data-label": say("conflict.theirs") },
                                        h("span", {}, shown(each, now[each.key])),
                                    ),
                                    h(
                                        "td",
                                        { "data-label": say("conflict.mine") },
                                        h("span", {}, shown(each, mine[each.key])),
                                    ),
                                );
                            }),
                        ),
                    ),
                ),
            buttons(
                h("button", { type: "button", onclick: () => dialog.close() }, say("cancel")),
                h("button", { type: "button", onclick: () => dialog.close("theirs") }, say("conflict.take")),
                h(
                    "button",
                    { type: "button", class: "primary", onclick: () => dialog.close("mine") },
                    say("conflict.keep"),
                ),
            ),
        ],
        { wide: true },
    );
    return dialog.done;
}
