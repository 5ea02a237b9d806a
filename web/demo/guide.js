/** How the phone came into the page: five steps that the reader can do after us. */

import { h } from "../base/dom.js";
import { snippet, socketOf } from "./address.js";

/** @typedef {import("./demo.js").Page} Page */

const MODES = ["dock", "inline", "button"];

/** @param {Page} page */
export function guide(page) {
    const { say } = page;
    const steps = [lines, origins, token, headers, local];
    return h("section", { id: "guide", class: "guide", "aria-labelledby": "guide-title" },
        h("h2", { id: "guide-title" }, say("guide")),
        h("p", {}, say("guideText")),
        h("ol", {}, steps.map((step) => h("li", {}, step(page)))));
}

/** @param {Page} page */
function lines({ say, copy, copied }) {
    const text = snippet(location.origin);
    return [
        h("h3", {}, say("lines.title")),
        h("p", {}, say("lines.text")),
        code(say("lines.title"), text),
        h("p", { class: "row" },
            h("button", { type: "button", onclick: () => copy(text) }, say("copy")),
            h("span", { role: "status" }, copied && say(copied))),
        h("dl", { class: "modes" }, MODES.map((mode) => h("div", {},
            h("dt", {}, h("code", {}, `mode="${mode}"`)), h("dd", {}, say(`mode.${mode}`))))),
    ];
}

/** @param {Page} page */
function origins({ say }) {
    return [
        h("h3", {}, say("origins.title")),
        h("p", {}, say("origins.text")),
        code(say("origins.title"), '[listen]\norigins = ["https://shop.example.com"]'),
    ];
}

/** @param {Page} page */
function token({ say }) {
    return [
        h("h3", {}, say("token.title")),
        h("p", {}, say("token.text")),
        code(say("token.title"), [
            `curl -X POST -H "Authorization: Bearer xs_..." "${location.origin}/api/v1/phone/token?user=1000"`,
            "",
            `<xswitch-phone server="${socketOf(location.origin)}" user="1000" token="..."></xswitch-phone>`,
        ].join("\n")),
        h("p", {}, say("token.renew")),
        code(say("token.renew"), [
            'document.querySelector("xswitch-phone").credentials = async () => {',
            '    const reply = await fetch("/my-own/phone-token", { method: "POST" });',
            "    const { login, token } = await reply.json();",
            "    return { login, password: token };",
            "};",
        ].join("\n")),
    ];
}

/** @param {Page} page */
function headers({ say }) {
    const socket = new URL(socketOf(location.origin)).origin;
    return [
        h("h3", {}, say("headers.title")),
        h("p", {}, say("headers.text")),
        code(say("headers.title"), [
            "Permissions-Policy: microphone=(self), camera=(self), display-capture=(self), speaker-selection=(self)",
            `Content-Security-Policy: script-src 'self' ${location.origin}; connect-src 'self' ${socket}`,
        ].join("\n")),
        h("p", {}, say("headers.frame")),
        code(say("headers.frame"),
            '<iframe src="..." allow="microphone; camera; display-capture; speaker-selection"></iframe>'),
    ];
}

/** @param {Page} page */
function local({ say }) {
    return [h("h3", {}, say("local.title")), h("p", {}, say("local.text")), h("p", {}, say("local.text2"))];
}

/**
 * Text that may be wider than its place: it can be scrolled by keyboard too.
 * @param {string} label @param {string} text
 */
function code(label, text) {
    return h("pre", { tabindex: "0", role: "region", "aria-label": label }, h("code", {}, text));
}
