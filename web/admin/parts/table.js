/**
 * A table of items: cells by their kind, sorting, selecting, a menu for each row. On narrow pages rows become cards.
 */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { menu } from "./menu.js";
import { bytes, clock, moment } from "./tell.js";
import { ago } from "./when.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./menu.js").Choice} Choice */
/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {string} kind see `schema.js`; and "seconds", "bytes"
 * @property {(item: any) => Nested} [show] in place of what its kind would be drawn as
 * @property {(item: any) => any} [value] what is sorted by and searched in; without it the member `key`
 * @property {boolean} [fixed] is not sorted by
 */
/**
 * @typedef {object} Table
 * @property {string} id unlike those of other tables of the page
 * @property {string} caption
 * @property {Column[]} columns
 * @property {any[]} items
 * @property {(item: any) => string} key
 * @property {(item: any) => string | null} [href] where the first cell leads to
 * @property {(item: any) => Choice[]} [menu]
 * @property {{key: string, down: boolean} | null} [sorted]
 * @property {(key: string) => void} [sort]
 * @property {Set<string>} [chosen] the keys of what is selected
 * @property {(keys: string[], on: boolean) => void} [choose]
 */

/** From here on, a text is cut after some lines; and what is shown of it at all. */
const LONG = 60;
const FULL = 2000;

/** @param {Site} site @param {Table} about @returns {import("../../base/dom.js").Tree} */
export function table(site, about) {
    return h(
        "div",
        { class: "tabled" },
        h(
            "table",
            { role: "table" },
            h("caption", { class: "unseen" }, about.caption),
            h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads(site, about))),
            h(
                "tbody",
                { role: "rowgroup" },
                about.items.map((item) => row(site, about, item)),
            ),
        ),
    );
}

/** @param {Site} site @param {Table} about */
function heads(site, about) {
    const { say } = site;
    const keys = about.items.map(about.key);
    const all = keys.length > 0 && keys.every((key) => about.chosen?.has(key));
    const some = keys.some((key) => about.chosen?.has(key));
    const box = {
        type: "checkbox",
        "aria-label": say("table.all"),
        checked: all,
        indeterminate: some && !all,
        onchange: (/** @type {any} */ event) => about.choose?.(keys, event.target.checked),
    };
    return [
        about.choose && h("th", { role: "columnheader", scope: "col", class: "box", key: "box" }, h("input", box)),
        about.columns.map((column) => head(about, column)),
        about.menu &&
            h(
                "th",
                { role: "columnheader", scope: "col", class: "do", key: "do" },
                h("span", { class: "unseen" }, say("table.do")),
            ),
    ];
}

/** @param {Table} about @param {Column} column */
function head(about, column) {
    const { sort, sorted } = about;
    const here = sorted?.key === column.key;
    const way = here ? (sorted.down ? "descending" : "ascending") : null;
    const props = {
        role: "columnheader",
        scope: "col",
        key: column.key,
        "aria-sort": way,
        class: numeric(column) ? "num" : null,
    };
    if (!sort || column.fixed) {
        return h("th", props, column.label);
    }
    const arrow = here && icon(sorted.down ? "down" : "up");
    return h(
        "th",
        props,
        h("button", { type: "button", class: "plain", onclick: () => sort(column.key) }, column.label, arrow),
    );
}

/** @param {Site} site @param {Table} about @param {any} item */
function row(site, about, item) {
    const key = about.key(item);
    const chosen = about.chosen?.has(key) ?? false;
    const choose = (/** @type {any} */ event) => about.choose?.([key], event.target.checked);
    const box = {
        type: "checkbox",
        "aria-label": site.say("table.choose", { name: key }),
        checked: chosen,
        onchange: choose,
    };
    const href = about.href?.(item) ?? null;
    const entries = about.menu?.(item) ?? [];
    return h(
        "tr",
        { role: "row", key, class: chosen ? "chosen" : null },
        about.choose && h("td", { role: "cell", class: "box", key: "box" }, h("input", box)),
        about.columns.map((column, at) => {
            const content = column.show ? column.show(item) : cell(site, column, item[column.key]);
            const props = {
                role: "cell",
                key: column.key,
                "data-label": column.label,
                class: numeric(column) ? "num" : null,
            };
            return h("td", props, at === 0 && href ? h("a", { href }, content) : h("span", {}, content));
        }),
        about.menu &&
            h("td", { role: "cell", class: "do", key: "do" }, entries.length > 0 && rowMenu(site, about, key, entries)),
    );
}

/** @param {Site} site @param {Table} about @param {string} key @param {Choice[]} entries */
function rowMenu(site, about, key, entries) {
    const id = `${about.id}-${key.replace(/[^\w-]/g, (sign) => `_${sign.codePointAt(0)}`)}`;
    return menu({ id, label: site.say("table.menu", { name: key }), face: icon("more"), entries });
}

/** @param {Column} column */
function numeric(column) {
    return ["number", "integer", "seconds", "bytes"].includes(column.kind);
}

/**
 * A value as its kind is written.
 * @param {Site} site @param {{key: string, kind: string}} column @param {any} value @returns {Nested}
 */
export function cell(site, column, value) {
    if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) {
        return h("span", { class: "soft" }, "–");
    }
    switch (column.kind) {
        case "switch":
            return pill(site.say(value ? "yes" : "no_"), value ? "good" : "");
        case "time":
            return h("time", { datetime: value, title: moment(site.language, value) }, ago(site.locale, value));
        case "seconds":
            return clock(value);
        case "bytes":
            return bytes(site.language, value);
        case "number":
        case "integer":
            return new Intl.NumberFormat(site.locale).format(value);
        case "list":
            return h(
                "span",
                { class: "tags" },
                value.map((/** @type {string} */ each) => h("code", { class: "tag", key: each }, each)),
            );
        case "dict":
            return Object.entries(value).map(([name, each]) =>
                h("code", { class: "tag", key: name }, `${name}=${each}`),
            );
        default:
            return String(value).length > LONG
                ? h("span", { class: "clamped", title: String(value).slice(0, FULL) }, String(value).slice(0, FULL))
                : String(value);
    }
}

/**
 * A short word with a mark before it, so that its colour is not all it says.
 * @param {string} text @param {"" | "good" | "warn" | "bad"} [kind]
 */
export function pill(text, kind = "") {
    return h("span", { class: `pill ${kind}` }, text);
}

/**
 * Items in the order of a column.
 * @param {any[]} items @param {Column | undefined} column @param {boolean} down @param {string} locale
 */
export function ordered(items, column, down, locale) {
    if (!column) {
        return items;
    }
    const compare = new Intl.Collator(locale, { numeric: true, sensitivity: "base" }).compare;
    const valueOf = column.value ?? ((/** @type {any} */ item) => item[column.key]);
    const sign = down ? -1 : 1;
    return [...items].sort((a, b) => {
        const [one, other] = [valueOf(a), valueOf(b)];
        const both = typeof one === "number" && typeof other === "number";
        return sign * (both ? one - other : compare(String(one ?? ""), String(other ?? "")));
    });
}

/** Items that a text is found in. @param {any[]} items @param {Column[]} columns @param {string} text */
export function found(items, columns, text) {
    const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const texts = (/** @type {any} */ item) =>
        columns
            .map((each) => String(each.value ? each.value(item) : (item[each.key] ?? "")))
            .join("\n")
            .toLowerCase();
    return wanted.length
        ? items.filter((item) => ((all) => wanted.every((each) => all.includes(each)))(texts(item)))
        : items;
}
