/** A button that opens a list of things to do; arrows go through it, Esc closes it. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/**
 * @typedef {{text: string, act: () => void, icon?: string, lang?: string, chosen?: boolean, danger?: boolean}} Choice
 */

/**
 * @param {{id: string, label: string, face: Nested, entries: Choice[], about?: Nested, class?: string}} menu
 * `id`: unlike those of other menus of the page. `label`: what the button is called.
 */
export function menu({ id, label, face, entries, about, class: kind = "plain" }) {
    const list = `menu-${id}`;
    return h(
        "div",
        { class: "menu" },
        h(
            "button",
            {
                type: "button",
                class: kind,
                "aria-label": label,
                title: label,
                "aria-haspopup": "menu",
                popovertarget: list,
            },
            face,
        ),
        h(
            "div",
            {
                id: list,
                class: "choices",
                popover: "auto",
                role: "menu",
                "aria-label": label,
                ontoggle: opened,
                onkeydown: moved,
            },
            about,
            entries.map((entry) => choice(entry)),
        ),
    );
}

/** @param {Choice} entry */
function choice({ text, act, icon: picture, lang, chosen, danger }) {
    const role = chosen === undefined ? "menuitem" : "menuitemradio";
    const checked = chosen === undefined ? null : String(chosen);
    const press = (/** @type {Event} */ event) => {
        /** @type {HTMLElement | null} */ (
            /** @type {HTMLElement} */ (event.currentTarget).closest(".choices")
        )?.hidePopover();
        act();
    };
    const props = {
        type: "button",
        class: danger ? "choice bad" : "choice",
        role,
        "aria-checked": checked,
        lang,
        tabindex: -1,
        onclick: press,
    };
    return h("button", props, picture && icon(picture), h("span", {}, text), chosen && icon("good"));
}

/** Beside its button, inside the window. @param {Event} event */
function opened(event) {
    const list = /** @type {HTMLElement} */ (event.currentTarget);
    if (/** @type {any} */ (event).newState !== "open") {
        return;
    }
    const button = /** @type {Element} */ (list.previousElementSibling).getBoundingClientRect();
    const { width, height } = list.getBoundingClientRect();
    const under = button.bottom + 4 + height <= innerHeight;
    list.style.left = `${Math.max(8, Math.min(button.right - width, innerWidth - width - 8))}px`;
    list.style.top = `${under ? button.bottom + 4 : Math.max(8, button.top - height - 4)}px`;
    /** @type {HTMLElement | null} */ (
        list.querySelector("[aria-checked=true]") ?? list.querySelector("button")
    )?.focus();
}

/** @param {KeyboardEvent} event */
function moved(event) {
    const list = /** @type {HTMLElement} */ (event.currentTarget);
    const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) {
        event.preventDefault();
        all.at(to % all.length)?.focus();
    } else if (event.key === "Tab") {
        list.hidePopover();
    }
}
