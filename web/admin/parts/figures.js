/** Tiles with a figure each: what it is, how much, and whether that is good. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/**
 * @typedef {{label: string, value: string, note?: Nested, mark?: "good" | "warn" | "bad" | "", href?: string}} Figure
 */

/** @param {Figure[]} all */
export function figures(all) {
    return h("dl", { class: "figures" }, all.map(tile));
}

/** @param {Figure} figure */
function tile({ label, value, note, mark = "", href }) {
    return h(
        "div",
        { class: `figure ${mark}`, key: label },
        h("dt", {}, href ? h("a", { href }, label) : label),
        h("dd", { class: "figure-value" }, mark === "bad" || mark === "warn" ? icon("bad") : null, value),
        note ? h("dd", { class: "figure-note" }, note) : null,
    );
}

/** A word with a coloured dot, for states. @param {"good" | "warn" | "bad" | "soft"} mark @param {string} word */
export function state(mark, word) {
    return h("span", { class: `state ${mark}` }, h("span", { class: "dot", "aria-hidden": "true" }), word);
}

/** Names and values, one under the other. @param {[string, Nested][]} rows those without a value are left out */
export function facts(rows) {
    const there = rows.filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
    return h(
        "dl",
        { class: "known" },
        there.map(([name, value]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value))),
    );
}
