/** Steps of the first-run guide that only look and tell: certificate, public address, test call. */

import { h } from "../../base/dom.js";
import { facts, state } from "./figures.js";
import { icon } from "./icons.js";
import { copyText } from "./message.js";
import { moment } from "./tell.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./guidesteps.js").Setup} Setup */

/** Lines to be copied. @param {Site} site @param {string} text */
function block(site, text) {
    return h(
        "div",
        { class: "copy-block" },
        h("pre", { tabindex: "0", translate: "no" }, text),
        h("button", { type: "button", onclick: () => copyText(site, text) }, icon("copy"), site.say("diag.copy")),
    );
}

/** @param {Site} site @param {Setup} setup */
export function CERTIFICATE(site, { certificate, domain }) {
    const { say } = site;
    if (!certificate) {
        return h("p", {}, state("soft", say("wizard.certificate.none")));
    }
    const { self_signed: own, names, until, path } = certificate;
    return [
        h("p", {}, state(own ? "warn" : "good", say(own ? "wizard.certificate.own" : "wizard.certificate.good"))),
        facts([
            [say("wizard.certificate.names"), names.join(", ")],
            [say("wizard.certificate.until"), moment(site.language, until)],
            [say("wizard.certificate.path"), path && h("code", {}, path)],
        ]),
        own && [
            h(
                "ol",
                { class: "todo" },
                [1, 2, 3].map((count) => h("li", { key: count }, say(`wizard.certificate.do${count}`))),
            ),
            block(
                site,
                `[listen]\ncertificate = "/etc/xswitch/${domain === "localhost" ? "pbx.example.com" : domain}.pem"`,
            ),
            h("p", { class: "soft" }, say("wizard.certificate.later")),
        ],
    ];
}

/** @param {Site} site @param {Setup} setup */
export function ADDRESS(site, setup) {
    const { say } = site;
    const { configured, addresses, behind_nat_likely: behind } = setup.public_address;
    const told = configured || addresses.join(", ") || "–";
    const verdict = configured ? "wizard.address.set" : behind ? "wizard.address.nat" : "wizard.address.good";
    return [
        h("p", {}, state(behind && !configured ? "warn" : "good", say(verdict))),
        facts([
            [say("wizard.address.told"), told],
            [say("wizard.address.own"), configured && addresses.join(", ")],
            [say("wizard.address.port"), `UDP ${setup.webrtc_port}`],
        ]),
        h("p", {}, say("wizard.address.how")),
        block(site, '[media]\npublic_address = "203.0.113.10"\n\n[sip]\npublic_address = "203.0.113.10"'),
        h("p", { class: "soft" }, say("wizard.address.ports", { port: String(setup.webrtc_port) })),
    ];
}

/** @param {Site} site @param {() => void} call */
export function CALL(site, call) {
    const { say } = site;
    return [
        h(
            "ol",
            { class: "todo" },
            [1, 2, 3].map((count) => h("li", { key: count }, say(`wizard.call.do${count}`))),
        ),
        h("button", { type: "button", class: "primary", onclick: call }, icon("call"), say("wizard.call.do")),
        h(
            "p",
            { class: "soft" },
            say("wizard.call.silent"),
            " ",
            h("a", { href: "#/diagnostics" }, say("page.diagnostics")),
        ),
    ];
}
