/** Small pieces that many views are made of. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../../base/dom.js").Props & {drawing?: string}} More */

/** A button with words. @param {string} text @param {(() => unknown) | undefined} act @param {More} [more] */
export function press(text, act, { drawing, ...more } = {}) {
    const props = { class: "small", type: "button", onclick: act && (() => void act()), ...more };
    return h("button", props, drawing && icon(drawing), text);
}

/**
 * A button with only a drawing.
 * @param {string} label @param {string} drawing @param {(() => unknown) | undefined} act @param {More} [more]
 */
export function round(label, drawing, act, more = {}) {
    const props = {
        class: "round",
        type: "button",
        "aria-label": label,
        title: label,
        onclick: act && (() => void act()),
    };
    return h("button", { ...props, ...more }, icon(drawing));
}

/**
 * A field of text.
 * @param {string} label @param {string} value @param {(value: string) => void} write @param {More} [more]
 */
export function written(label, value, write, { tag = "input", ...more } = {}) {
    return h(tag, {
        type: tag === "input" ? "text" : undefined,
        "aria-label": label,
        placeholder: label,
        autocomplete: "off",
        maxlength: "200",
        value,
        oninput: (/** @type {Event} */ event) => write(/** @type {HTMLInputElement} */ (event.target).value),
        ...more,
    });
}

/** What a form does in place of being sent. @param {() => unknown} act */
export function submit(act) {
    return (/** @type {Event} */ event) => {
        event.preventDefault();
        void act();
    };
}

/**
 * Whose call it is: a round picture, the name, the number.
 * @param {string} mark @param {import("../../base/dom.js").Nested[]} lines
 */
export function person(mark, ...lines) {
    return [
        h("span", { class: "face", "aria-hidden": "true" }, mark || icon("phone")),
        h("div", { class: "grow" }, ...lines),
    ];
}

/** @param {string} name @param {string} number */
export function names(name, number) {
    return [
        h("strong", { class: "name" }, h("bdi", {}, name)),
        number && h("bdi", { class: "soft number-line" }, number),
    ];
}

/** Nothing is there, and why. @param {string} drawing @param {string} text */
export function empty(drawing, text) {
    return h("div", { key: "none", class: "empty" }, icon(drawing), h("p", { class: "soft" }, text));
}
