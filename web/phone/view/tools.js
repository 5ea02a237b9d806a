/** What is on the card of a call that talks: levels, digits, and the buttons. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { keys } from "./pad.js";
import { transfer } from "./transfer.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./cards.js").Cards} Cards */
/** @typedef {import("../core/call.js").Call} Call */

/** Levels both ways, and how loud. @param {Panel} panel @param {Call} call */
export function sound(panel, call) {
    const label = panel.say("call.volume");
    return h(
        "div",
        { key: "sound", class: "sound" },
        level(panel, call, "mine"),
        level(panel, call, "theirs"),
        h("input", {
            type: "range",
            class: "volume",
            part: "volume",
            min: "0",
            max: "1",
            step: "0.05",
            "aria-label": label,
            title: label,
            value: String(panel.audio.volume),
            oninput: (/** @type {Event} */ event) =>
                panel.audio.setVolume(Number(/** @type {HTMLInputElement} */ (event.target).value)),
        }),
    );
}

/** @param {Panel} panel @param {Call} call @param {"mine" | "theirs"} side */
function level(panel, call, side) {
    const drawing = side === "theirs" ? "volume" : call.muted ? "muted" : "mic";
    const ref = (/** @type {HTMLElement} */ element) => panel.meters.show(element, call, side);
    return h(
        "div",
        { class: `level ${side}`, role: "img", "aria-label": panel.say(`level.${side}`) },
        icon(drawing),
        h("span", { class: "track" }, h("span", { own: true, class: "fill", ref })),
    );
}

/** Digits to send. @param {Cards} cards @param {Call} call */
export function tones(cards, call) {
    const { say } = cards.panel.face;
    return h(
        "div",
        { key: "tones", class: "tones" },
        h("output", { class: "dialed", "aria-label": say("call.digits") }, call.digitsSent.slice(-20)),
        keys((digit) => cards.digit(call, digit), { label: say("call.keypad"), at: cards.at, say }),
    );
}

/** @param {Cards} cards @param {Call} call */
export function controls(cards, call) {
    const { mine, screen } = call.video;
    const open = cards.keypad === call.id;
    const shares = "mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices;
    const tool = tools(cards.panel, call);
    return h(
        "div",
        { key: "controls", class: "controls" },
        tool("mute", call.muted ? "muted" : "mic", () => call.mute(!call.muted), call.muted),
        !open && tool("hold", "held", () => call.hold(true), false),
        tool("keypad", "keypad", () => (cards.keypad = open ? "" : call.id), open),
        !open && tool("transfer", "transfer", () => transfer(cards.panel, call)),
        !open && tool("video", "video", () => call.setVideo(!mine), mine),
        !open && shares && tool("screen", "screen", () => call.shareScreen(!screen), screen),
        !open && tool("record", "record", () => call.record(!call.recording), call.recording),
    );
}

/** Makes the buttons; those that are on or off say so. @param {Panel} panel @param {Call} call */
function tools(panel, call) {
    return (
        /** @type {string} */ key,
        /** @type {string} */ drawing,
        /** @type {() => unknown} */ act,
        on = /** @type {boolean | undefined} */ (undefined),
    ) =>
        h(
            "button",
            {
                key,
                class: `tool${on ? " on" : ""}`,
                type: "button",
                part: `tool ${key}`,
                "aria-pressed": on === undefined ? undefined : String(on),
                "aria-busy": panel.pending.has(`${key} ${call.id}`) ? "true" : undefined,
                onclick: () => void panel.attempt(act, `${key} ${call.id}`),
            },
            icon(drawing),
            h("span", {}, panel.say(`tool.${key}`)),
        );
}
