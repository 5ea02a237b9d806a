/** Choosing a file, in the words of the page: browsers say it in their own language. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/**
 * @param {import("../../base/words.js").Say} say
 * @param {{id: string, label: string, accept: string, name: string, pick: (file: File | null) => void}} about
 * `name`: of what is chosen
 */
export function filePick(say, { id, label, accept, name, pick }) {
    const onchange = (/** @type {any} */ event) => pick(event.target.files[0] ?? null);
    return h(
        "div",
        { class: "field", key: id },
        h("label", { for: id }, label),
        h(
            "div",
            { class: "picker" },
            h("input", { id, type: "file", accept, class: "unseen", onchange }),
            h("label", { class: "button", for: id, "aria-hidden": "true" }, icon("upload"), say("file.choose")),
            h("span", { class: name ? "" : "soft" }, name || say("file.none")),
        ),
    );
}
