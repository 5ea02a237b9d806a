/** Who did what. */

import { h } from "../../base/dom.js";
import { AUDIT } from "../hints.js";
import { pill } from "../parts/table.js";
import { moment } from "../parts/tell.js";
import { resource } from "./resource.js";

const FILTERS = /** @type {const} */ (["by", "command", "target"]);

/** @type {import("../parts/site.js").MakePage} */
export default function audit(site, rest, query) {
    const { say } = site;
    const given = Object.fromEntries(FILTERS.map((each) => [each, query.get(each) ?? ""]));
    const wanted = { ...AUDIT, query: { ...given } }; // what is written counts when it is sent

    /** @param {Event} event @param {import("../parts/listing.js").Listing} list */
    function filter(event, list) {
        event.preventDefault();
        list.wanted.query = { ...given };
        list.load();
    }

    /** @param {import("../parts/listing.js").Listing} list */
    function above(list) {
        const fields = FILTERS.map((name) => {
            const oninput = (/** @type {any} */ event) => (given[name] = event.target.value.trim());
            const id = `audit-${name}`;
            return h(
                "div",
                { class: "field", key: name },
                h("label", { for: id }, say(`audit.by.${name}`)),
                h("input", {
                    id,
                    defaultValue: given[name],
                    placeholder: name === "command" ? "users.create" : null,
                    oninput,
                }),
            );
        });
        return h(
            "form",
            { class: "filter", onsubmit: (/** @type {Event} */ event) => filter(event, list) },
            fields,
            h("button", { type: "submit" }, say("audit.filter")),
        );
    }

    return resource(site, rest, query, wanted, {
        above,
        shows: {
            at: (item) => h("time", { datetime: item.at }, moment(site.language, item.at)),
            who: (item) => [
                item.who || say("audit.unknown"),
                item.role && h("span", { class: "soft" }, ` ${item.role}`),
            ],
            command: (item) => h("code", {}, item.command),
            outcome: (item) => [
                pill(outcome(say, item.outcome), item.outcome === "done" ? "good" : "bad"),
                item.detail && h("p", { class: "soft", lang: "en" }, item.detail),
            ],
        },
    });
}

/** @param {import("../../base/words.js").Say} say @param {string} word */
function outcome(say, word) {
    const key = `outcome.${word}`;
    return say(key) === key ? word : say(key);
}
