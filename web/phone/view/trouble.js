/** What is wrong and what helps: a sentence, how to do it, and a picture of where. */

import { h } from "../../base/dom.js";
import { press } from "./parts.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/trouble.js").Trouble} Trouble */
/** @typedef {"chromium" | "firefox" | "safari"} Browser */

const STANDING = new Set(["mic-blocked", "mic-missing", "mic-busy", "udp-blocked"]);
const SITE_SETTINGS = new Set(["mic-blocked", "camera-blocked", "lna-denied"]);
const PORTS = new Map([
    ["8081", "8082"],
    ["80", ""],
    ["", ""],
]); // where a switch has https, by where it has http

/** The sentence, and all that helps. @param {Panel} panel @param {Trouble} trouble */
export function advice(panel, trouble) {
    return [h("p", { class: "strong" }, panel.say(`trouble.${trouble.code}`, trouble.facts)), helps(panel, trouble)];
}

/** What is in the way of a call that goes on. @param {Panel} panel @param {import("../core/call.js").Call} call */
export function obstacle(panel, { trouble }) {
    const stands = trouble && STANDING.has(trouble.code);
    return stands && h("div", { key: "obstacle", class: "banner bad", role: "alert" }, advice(panel, trouble));
}

/** @param {Panel} panel @param {Trouble} trouble */
export function helps(panel, trouble) {
    const key = `fix.${trouble.code}`;
    const { host, hostname } = new URL(panel.face.server);
    const fix = panel.say(key, { ...trouble.facts, host, name: hostname });
    return h(
        "div",
        { class: "fix" },
        fix !== key && h("p", { class: "soft" }, fix),
        SITE_SETTINGS.has(trouble.code) && picture(panel),
        link(panel, trouble.code),
    );
}

const AGAIN = new Set([
    "insecure", "unreachable", "no-reply", "certificate", "origin", "refused", "token-expired", "locked", "lna-denied",
]);

/** Where to go, and what to press. @param {Panel} panel @param {string} code */
function link(panel, code) {
    const { phone } = panel;
    const server = new URL(panel.face.server);
    const port = PORTS.get(location.port);
    const secure = port === undefined ? "" : `https://${location.hostname}${port && `:${port}`}${location.pathname}`;
    const address = { certificate: `https://${server.host}/`, insecure: secure }[code] ?? "";
    const target = code === "certificate" ? { target: "_blank", rel: "noopener" } : {};
    return [
        address && h("a", { href: address, ...target }, panel.say("fix.open", { address })),
        phone?.state === "refused" && AGAIN.has(code) && press(panel.say("again"), () => phone.start()),
    ];
}

/** Which browser this is, as far as its settings look different. @param {string} [agent] @returns {Browser} */
export function browserOf(agent = navigator.userAgent) {
    if (/Firefox\//.test(agent)) {
        return "firefox";
    }
    return /Safari\//.test(agent) && !/Chrom(e|ium)\//.test(agent) ? "safari" : "chromium";
}

/** The address bar of this browser, with the place to press. @param {Panel} panel */
function picture(panel) {
    const browser = browserOf();
    return h(
        "figure",
        { class: "where" },
        h(
            "svg",
            { viewBox: "0 0 300 64", role: "img", "aria-label": panel.say(`where.${browser}`) },
            bar(),
            MARKS[browser](),
            pointer(browser),
        ),
        h("figcaption", { class: "soft" }, panel.say(`where.${browser}`)),
    );
}

function bar() {
    return [
        h("rect", { x: 1, y: 4, width: 298, height: 34, rx: 17, class: "bar" }),
        h("rect", { x: 62, y: 17, width: 108, height: 8, rx: 4, class: "address" }),
        h("rect", { x: 178, y: 17, width: 60, height: 8, rx: 4, class: "address faint" }),
    ];
}

/** The drawing that each browser has there. */
const MARKS = {
    chromium: () =>
        h("path", {
            class: "ink",
            d: "M20 16h9M36 16h3M20 26h3M30 26h9M29 16a3 3 0 1 0 6 0a3 3 0 1 0-6 0M24 26a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
        }),
    firefox: () =>
        h("path", {
            class: "ink",
            d: "M27 15a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM23 20a7 7 0 0 0 14 0M30 27v4M21 12l18 19",
        }),
    safari: () => h("path", { class: "ink", d: "M19 15h22v13H19zM24 28v3h12v-3M23 19h14M23 23h8" }),
};

/** @param {Browser} browser */
function pointer(browser) {
    const x = browser === "firefox" ? 30 : 29.5;
    return [
        h("circle", { cx: x, cy: 21, r: 15, class: "ring" }),
        h("path", { class: "arrow", d: `M${x} 60V42M${x - 6} 48l6-7 6 7` }),
    ];
}
