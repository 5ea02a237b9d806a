/** API keys: what programs prove themselves with. */

import { h } from "../../base/dom.js";
import { KEYS, SCOPES } from "../hints.js";
import { showSecret } from "../parts/secret.js";
import { cell as written } from "../parts/table.js";
import { resource } from "./resource.js";

/** @typedef {import("../parts/fields.js").Drawn} Drawn */

const ANY = "__ANY__";

/** @type {import("../parts/site.js").MakePage} */
export default function keys(site, rest, query) {
    const { say } = site;
    return resource(site, rest, query, KEYS, {
        fields: { scopes: { widget: (drawn) => scopes(site, drawn) } },
        shows: { scopes: (key) => granted(site, key) },
        made: (made) =>
            showSecret(site, {
                title: say("keys.once"),
                text: say("keys.once.text"),
                secrets: [[made.name, made.secret]],
            }),
    });
}

/** What a key may do. @param {import("../parts/site.js").Site} site @param {{scopes: string[]}} key */
function granted(site, { scopes }) {
    const whole = !scopes.length || scopes.includes(ANY);
    return whole ? site.say("keys.whole") : written(site, { key: "scopes", kind: "list" }, scopes);
}

/**
 * All, or reading and writing of each thing; only what one may do oneself.
 * @param {import("../parts/site.js").Site} site @param {Drawn} drawn
 */
function scopes(site, { value, set, say, id, fault }) {
    const whole = value.includes(ANY);
    /** @param {string} scope @param {string} label @param {boolean} [fixed] */
    const box = (scope, label, fixed = false) => {
        const change = (/** @type {any} */ event) =>
            set(
                event.target.checked ? [...value, scope] : value.filter((/** @type {string} */ each) => each !== scope),
            );
        const props = {
            type: "checkbox",
            checked: fixed || value.includes(scope),
            disabled: fixed,
            "aria-label": label,
            onchange: change,
        };
        return h("input", props);
    };
    const things = SCOPES.filter((each) => site.may(`${each}:read`) || site.may(`${each}:write`));
    const cell = (/** @type {string} */ thing, /** @type {string} */ way) =>
        h(
            "td",
            {},
            site.may(`${thing}:${way}`) &&
                box(`${thing}:${way}`, `${say(`scope.${thing}`)}: ${say(`keys.${way}`)}`, whole),
        );
    const heads = [say("keys.thing"), say("keys.read"), say("keys.write")];
    return [
        h("label", { class: "check", id }, box(ANY, say("keys.any")), h("span", {}, say("keys.any"))),
        h(
            "table",
            { class: fault ? "scopes faulty" : "scopes" },
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    heads.map((each) => h("th", { scope: "col" }, each)),
                ),
            ),
            h(
                "tbody",
                {},
                things.map((each) => {
                    const name = h(
                        "th",
                        { scope: "row" },
                        say(`scope.${each}`),
                        " ",
                        h("code", { class: "soft" }, each),
                    );
                    return h("tr", { key: each }, name, cell(each, "read"), cell(each, "write"));
                }),
            ),
        ),
    ];
}
