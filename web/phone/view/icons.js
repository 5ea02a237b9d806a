/** Small drawings, 24 by 24, in the colour of the text beside them. */

import { h } from "../../base/dom.js";

const HANDSET =
    "M2.6 14.6c0-6.4 18.8-6.4 18.8 0v1.7c0 .9-.7 1.5-1.5 1.5h-2.7c-.8 0-1.4-.5-1.5-1.3l-.3-2.2c-2.1-.6-4.7-.6-6.8 0" +
    "l-.3 2.2c-.1.8-.7 1.3-1.5 1.3H4.1c-.8 0-1.5-.6-1.5-1.5z";

/** Lines are drawn; what begins with "!" is filled; "@" turns what follows. @type {Record<string, string[]>} */
const DRAWINGS = {
    phone: [`@translate(12 12) rotate(225) scale(1.12) translate(-12 -13.8)!${HANDSET}`],
    end: [`@translate(12 12) scale(1.12) translate(-12 -13.8)!${HANDSET}`],
    held: ["M8.5 6v12M15.5 6v12"],
    check: ["M5 12.5l4.6 4.6L19 7.5"],
    cross: ["M6 6l12 12M18 6L6 18"],
    alert: ["M12 5v8.5M12 18v.5"],
    away: ["M4 7h9v9H4zM11 4h9v9"],
    wait: ["M12 4a8 8 0 1 1-8 8"],
    down: ["M5 9l7 7 7-7"],
    bell: ["M6 16.5c1.4-1.5 1.5-3 1.5-5.5a4.5 4.5 0 0 1 9 0c0 2.5.1 4 1.5 5.5zM10.3 19.5h3.4"],
    out: ["M6 18L18 6M9 6h9v9"],
};

/** Know more drawings from now on. @param {Record<string, string[]>} more */
export function learn(more) {
    Object.assign(DRAWINGS, more);
}

/** A drawing that says nothing by itself: words stand beside it or name its button. @param {string} name */
export function icon(name) {
    const paths = (DRAWINGS[name] ?? []).map((path) => {
        const [, turn, filled, d] = /** @type {string[]} */ (/^(?:@([^!]*))?(!?)(.*)$/.exec(path));
        return h("path", { d, transform: turn, class: filled ? "full" : undefined });
    });
    return h(
        "svg",
        { key: `icon-${name}`, viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" },
        paths,
    );
}
