/** Gateways: carriers and other switches, and how each stands now. */

import { h } from "../../base/dom.js";
import { GATEWAYS } from "../hints.js";
import { translated } from "../parts/faults.js";
import { pill } from "../parts/table.js";
import { moment } from "../parts/tell.js";
import { resource } from "./resource.js";

/** @typedef {import("../parts/site.js").Site} Site */

const MARKS = /** @type {Record<string, "good" | "bad" | "warn" | "">} */ ({
    REGED: "good",
    NOREG: "good",
    TRYING: "warn",
    FAIL_WAIT: "warn",
    FAILED: "bad",
    DOWN: "bad",
});
const AFTER_MS = 1500;

/** @type {import("../parts/site.js").MakePage} */
export default function gateways(site, rest, query) {
    return resource(site, rest, query, GATEWAYS, {
        shows: {
            state: (item) => state(site, item.status),
            text: (item) => (item.status?.text ? why(site, item.status) : h("span", { class: "soft" }, "–")),
            calls: (item) =>
                item.status
                    ? site.say("gateways.both", { inbound: item.status.inbound, outbound: item.status.outbound })
                    : "–",
        },
        menu: (item, again) => doings(site, item, again),
        panel: (item, again) => standing(site, item, again),
    });
}

/** @param {Site} site @param {any} status */
function state(site, status) {
    return status
        ? pill(site.say(`gateways.state.${status.state}`), MARKS[status.state] ?? "")
        : h("span", { class: "soft" }, "–");
}

/** What went wrong last. @param {Site} site @param {{text: string, code?: number | null}} status */
function why({ say }, { text, code }) {
    const told = translated(say, text);
    return h(
        "span",
        { class: "clamped", lang: told.foreign ? "en" : null },
        code && told.foreign ? `${code} ${text}` : told.text,
    );
}

/** @param {Site} site @param {any} item @param {() => void} again @returns {import("../parts/menu.js").Choice[]} */
function doings(site, item, again) {
    const act = (/** @type {string} */ what) => async () => {
        try {
            await site.api.send("POST", `/gateways/${encodeURIComponent(item.name)}/${what}`);
            site.toast(site.say(`gateways.${what}.done`, { name: item.name }));
        } catch (error) {
            site.fail(error);
        }
        setTimeout(again, AFTER_MS);
    };
    const what =
        !site.mayAll("gateways:write") || !item.enabled
            ? []
            : item.register
              ? ["register", "unregister", "ping"]
              : ["ping"];
    return what.map((each) => ({ text: site.say(`gateways.${each}`), icon: "pulse", act: act(each) }));
}

/** How it stands, kept up to date. @param {Site} site @param {any} item @param {() => void} again */
function standing(site, item, again) {
    const { say } = site;
    let status = item.status;
    const load = async () => {
        status = await site.api.get(`/gateways/${encodeURIComponent(item.name)}/status`).catch(() => status);
        site.redraw();
    };
    const deaf = site.may("events:read")
        ? site.api.listen(["gateway.*"], (event) => event.data?.name === item.name && load())
        : () => {};
    const line = (/** @type {string} */ key, /** @type {import("../../base/dom.js").Nested} */ value) => [
        h("dt", {}, say(`gateways.${key}`)),
        h("dd", {}, value),
    ];
    const view = () =>
        status &&
        h(
            "section",
            { class: "panel card" },
            h("h2", {}, say("gateways.now")),
            h(
                "dl",
                { class: "details" },
                line("state", state(site, status)),
                line("text", status.text ? h("span", { class: "bad" }, why(site, status)) : say("gateways.fine")),
                status.since && line("since", moment(site.language, status.since)),
                line("target", status.target ? h("code", {}, status.target) : "–"),
                line("calls", say("gateways.both", { inbound: status.inbound, outbound: status.outbound })),
            ),
            h(
                "div",
                { class: "buttons" },
                doings(site, item, load).map((each) => h("button", { type: "button", onclick: each.act }, each.text)),
            ),
        );
    void again;
    return { view, close: deaf };
}
