/** A table of live things; without room each row is a card with its labels. */

import { h } from "../../base/dom.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/**
 * @template Item
 * @typedef {{label: string, cell: (item: Item) => Nested, end?: boolean, quiet?: boolean}} Column
 * `end`: written at the right. `quiet`: its label is only for who cannot see it, as of buttons.
 */

/**
 * @template Item
 * @param {string} caption @param {Column<Item>[]} columns @param {readonly Item[]} items @param {(item: Item) =>
 * string} key
 */
export function rows(caption, columns, items, key) {
    const head = (/** @type {Column<Item>} */ column) =>
        h(
            "th",
            { scope: "col", class: column.end ? "end" : "" },
            column.quiet ? h("span", { class: "unseen" }, column.label) : column.label,
        );
    const cell = (/** @type {Item} */ item, /** @type {Column<Item>} */ column) =>
        h(
            "td",
            { class: `${column.end ? "end" : ""} ${column.quiet ? "quiet" : ""}`, "data-label": column.label },
            column.cell(item),
        );
    return h(
        "div",
        { class: "rows" },
        h(
            "table",
            {},
            h("caption", { class: "unseen" }, caption),
            h("thead", {}, h("tr", {}, columns.map(head))),
            h(
                "tbody",
                {},
                items.map((item) =>
                    h(
                        "tr",
                        { key: key(item) },
                        columns.map((column) => cell(item, column)),
                    ),
                ),
            ),
        ),
    );
}

/** What stands where nothing is yet. @param {Nested} picture @param {string} text @param {Nested} [more] */
export function nothing(picture, text, more) {
    return h("div", { class: "card empty" }, picture, h("p", {}, text), more);
}
