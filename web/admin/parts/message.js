/** A whole message beside the ladder: JSON set out line by line, its SDP as text, with a button to copy it. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { moment } from "./tell.js";

/** @typedef {import("./rungs.js").Rung} Rung */
/** @typedef {{title: string, copy: (text: string) => void, close: () => void}} Given */
/** @typedef {{kind: "text" | "sdp", text: string}} Part */

/** The parts that a message is shown in. @param {string} message @returns {Part[]} */
export function messageParts(message) {
    let data;
    try {
        data = JSON.parse(message);
    } catch {
        return [{ kind: "text", text: message.replaceAll("\r\n", "\n").trimEnd() }];
    }
    /** @type {Part[]} */
    const sdps = [];
    const text = JSON.stringify(
        data,
        (key, value) => {
            if (key === "sdp" && typeof value === "string" && value.includes("\n")) {
                sdps.push({ kind: "sdp", text: value.replaceAll("\r\n", "\n").trimEnd() });
                return "↓";
            }
            return value;
        },
        2,
    );
    return [{ kind: "text", text }, ...sdps];
}

/** @param {import("./site.js").Site} site @param {Rung} rung @param {Given} given */
export function messagePane(site, { entry }, { title, copy, close }) {
    const { say } = site;
    const message = entry.message ?? "";
    return h(
        "section",
        { class: `message layer-${entry.layer}`, "aria-label": say("message.title") },
        h(
            "header",
            {},
            h("h3", {}, title),
            h("button", { type: "button", class: "plain", "aria-label": say("close"), onclick: close }, icon("close")),
        ),
        h("p", { class: "soft" }, moment(site.language, entry.at)),
        message
            ? [
                  h("button", { type: "button", onclick: () => copy(message) }, icon("copy"), say("message.copy")),
                  messageParts(message).map((part) => [
                      part.kind === "sdp" ? h("h4", {}, "SDP") : null,
                      h("pre", { tabindex: "0", lang: "en", translate: "no" }, part.text),
                  ]),
              ]
            : h("p", { class: "soft" }, say("message.none")),
    );
}

/** @param {import("./site.js").Site} site @param {string} text */
export async function copyText(site, text) {
    try {
        await navigator.clipboard.writeText(text);
        site.toast(site.say("copy.done"));
    } catch {
        site.toast(site.say("copy.failed"), "bad");
    }
}

/** Let the browser keep a text as a file. @param {string} name @param {string} text */
export function saveText(name, text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name.replace(/[^\w.-]/g, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
