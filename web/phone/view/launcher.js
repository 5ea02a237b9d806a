/** The round button that opens the phone, with a badge that says by colour and drawing what goes on. */

import { h } from "../../base/dom.js";
import { clock } from "./clock.js";
import { icon } from "./icons.js";

/** @typedef {import("./kind.js").Kind} Kind */

/** What the badge shows. @type {Record<Kind, string>} */
export const BADGES = {
    off: "cross",
    connecting: "wait",
    ready: "check",
    lost: "wait",
    elsewhere: "away",
    refused: "alert",
    ringing: "bell",
    calling: "out",
    active: "phone",
    held: "held",
};

/**
 * @typedef {object} Shown
 * @property {Kind} kind @property {boolean} open
 * @property {number} since when the call was answered, ms; 0 without one
 * @property {number} missed calls not seen yet
 * @property {import("../../base/words.js").Say} say
 * @property {() => void} press
 * @property {(corner: "left" | "right") => void} move
 */

/** @param {Shown} shown */
export function launcher({ kind, open, since, missed, say, press, move }) {
    const timed = since > 0 && (kind === "active" || kind === "held");
    const timer = timed ? clock((Date.now() - since) / 1000) : "";
    const fresh = kind === "ready" ? missed : 0;
    const label = fresh ? say("launcher.missed", { count: fresh }) : say(`launcher.${kind}`, { time: timer });
    return h(
        "button",
        {
            key: "launcher",
            class: `launcher is-${kind}`,
            part: "launcher",
            type: "button",
            "aria-label": label,
            "aria-expanded": String(open),
            "aria-haspopup": "dialog",
            title: label,
            onclick: press,
            onpointerdown: (/** @type {PointerEvent} */ event) => pull(event, move),
        },
        icon(open ? "down" : "phone"),
        h("span", { class: `badge${timer ? " long" : ""}`, part: "badge" }, icon(BADGES[kind]), timer),
        fresh > 0 && h("span", { class: "count", part: "missed" }, fresh),
    );
}

/** What follows the pointer comes when it is first wanted. @param {PointerEvent} event @param {Shown["move"]} move */
function pull(event, move) {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    import("./drag.js").then(
        ({ drag }) => drag(button, event.clientX, move),
        () => {},
    );
}
