/** Records of calls: a list with filters that its address keeps, and one of them opened. */

import { h } from "../../base/dom.js";
import { state } from "../parts/figures.js";
import { icon } from "../parts/icons.js";
import { OneCdr } from "../parts/cdr.js";
import { placeOf } from "../parts/place.js";
import { graded, mosOf } from "../parts/qualities.js";
import { nothing, rows } from "../parts/rows.js";
import { CDR_FILTERS, fromAddress, localTime, toAddress, utcTime } from "../parts/sift.js";
import { causeList, causeWords, clock, moment, partyName } from "../parts/tell.js";
import { trouble } from "../parts/trouble.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/cdr.js").Cdr} Cdr */

const LIMIT = 50;
const DIRECTIONS = ["internal", "inbound", "outbound"];

/**
 * @param {Site} site @param {string[]} rest @param {URLSearchParams} query @returns {import("../parts/site.js").Page}
 */
export default function cdrs(site, rest, query) {
    return rest[0] ? new OneCdr(site, rest[0]) : new Cdrs(site, query);
}

class Cdrs {
    /** @param {Site} site @param {URLSearchParams} query */
    constructor(site, query) {
        this.site = site;
        this.title = "page.cdrs";
        this.sieve = fromAddress(query, CDR_FILTERS);
        /** @type {Cdr[]} */
        this.items = [];
        /** @type {string | null} */
        this.cursor = null;
        this.reading = false;
        /** Changes with each search: what comes late of an earlier one is not shown. */
        this.turn = 0;
        this.found = false;
        /** @type {unknown} */
        this.problem = null;
        this._read(false);
    }

    close() {
        this.turn++;
    }

    actions() {
        const query = new URLSearchParams({ ...this.sieve, format: "csv" });
        return h(
            "a",
            { class: "button", href: `${this.site.api.base}/cdrs?${query}`, download: "" },
            icon("download"),
            this.site.say("cdrs.csv"),
        );
    }

    /** @param {boolean} more behind those that are there */
    async _read(more) {
        const turn = more ? this.turn : ++this.turn;
        this.reading = true;
        this.problem = null;
        this.site.redraw();
        try {
            const page = await this.site.api.get("/cdrs", {
                ...this.sieve,
                limit: LIMIT,
                cursor: more ? this.cursor : null,
            });
            if (turn === this.turn) {
                this.items = more ? [...this.items, ...page.items] : page.items;
                this.cursor = page.next_cursor;
                this.found = true;
            }
        } catch (error) {
            this.problem = turn === this.turn ? error : this.problem;
        }
        if (turn === this.turn) {
            this.reading = false;
            this.site.redraw();
        }
    }

    view() {
        return [
            this._form(),
            this.problem
                ? trouble(this.site, this.problem, () => this._read(this.found && this.items.length > 0))
                : null,
            this.found
                ? this._list()
                : h("p", { class: "soft", role: "status" }, this.reading && this.site.say("live.loading")),
        ];
    }

    _list() {
        const { say } = this.site;
        if (!this.items.length) {
            const sifted = Object.keys(this.sieve).length > 0;
            return nothing(
                icon("list"),
                say(sifted ? "cdrs.none.sifted" : "cdrs.none"),
                sifted && h("button", { type: "button", onclick: () => this._sift({}) }, say("cdrs.all")),
            );
        }
        return [
            h("section", { class: "card flat" }, this._table()),
            h(
                "p",
                { class: "below", role: "status" },
                h("span", { class: "soft" }, say("cdrs.count", { count: this.items.length })),
            ),
            this.cursor &&
                h(
                    "button",
                    { type: "button", disabled: this.reading, onclick: () => this._read(true) },
                    say("cdrs.more"),
                ),
        ];
    }

    _table() {
        const { site } = this;
        const { say, language } = site;
        return rows(
            say("page.cdrs"),
            [
                {
                    label: say("cdrs.started"),
                    cell: (cdr) => h("a", { href: `#/cdrs/${cdr.id}` }, moment(language, cdr.started)),
                },
                { label: say("calls.from"), cell: (cdr) => partyName(cdr.caller) },
                { label: say("calls.to"), cell: (cdr) => partyName(cdr.callee) },
                { label: say("cdrs.length"), cell: (cdr) => (cdr.ended ? clock(cdr.billsec) : "–"), end: true },
                { label: say("cdrs.cause"), cell: (cdr) => ending(site, cdr) },
                { label: say("calls.quality"), cell: (cdr) => graded(site, mosOf(cdr.quality)) },
                {
                    label: say("cdrs.recording"),
                    cell: (cdr) =>
                        cdr.recordings.length > 0 &&
                        h(
                            "span",
                            { class: "recording", title: say("cdrs.recorded") },
                            icon("record"),
                            h("span", { class: "unseen" }, say("cdrs.recorded")),
                        ),
                    quiet: true,
                },
            ],
            this.items,
            (cdr) => cdr.id,
        );
    }

    _form() {
        const { say, language } = this.site;
        const field = (/** @type {string} */ name, /** @type {any} */ props) =>
            this._field(name, h("input", { id: `cdr-${name}`, name, ...props }));
        const options = (/** @type {[string, string][]} */ all) => [
            h("option", { value: "" }, say("cdrs.any")),
            all.map(([value, text]) => h("option", { value, key: value }, text)),
        ];
        const list = (/** @type {string} */ name, /** @type {[string, string][]} */ all) =>
            this._field(name, h("select", { id: `cdr-${name}`, name, value: this.sieve[name] ?? "" }, options(all)));
        return h(
            "form",
            {
                class: "card filters",
                role: "search",
                "aria-label": say("cdrs.filter"),
                onsubmit: (/** @type {SubmitEvent} */ event) => this._submit(event),
                key: JSON.stringify(this.sieve),
            },
            field("party", {
                type: "search",
                defaultValue: this.sieve["party"] ?? "",
                maxlength: 100,
                autocomplete: "off",
            }),
            field("from", { type: "datetime-local", defaultValue: localTime(this.sieve["from"]) }),
            field("to", { type: "datetime-local", defaultValue: localTime(this.sieve["to"]) }),
            list("cause", causeList(language)),
            list(
                "direction",
                DIRECTIONS.map((each) => [each, say(`direction.${each}`)]),
            ),
            field("min_billsec", {
                type: "number",
                min: 0,
                max: 86400,
                step: 1,
                defaultValue: this.sieve["min_billsec"] ?? "",
            }),
            h(
                "div",
                { class: "filter-buttons" },
                h("button", { type: "submit", class: "primary" }, icon("search"), say("cdrs.search")),
                Object.keys(this.sieve).length > 0 &&
                    h("button", { type: "button", onclick: () => this._sift({}) }, say("cdrs.all")),
            ),
        );
    }

    /** @param {string} name @param {import("../../base/dom.js").Tree} control */
    _field(name, control) {
        return h(
            "div",
            { class: "field", key: name },
            h("label", { for: `cdr-${name}` }, this.site.say(`cdrs.${name}`)),
            control,
        );
    }

    /** @param {SubmitEvent} event */
    _submit(event) {
        event.preventDefault();
        const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
        const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
        const all = CDR_FILTERS.map((name) => [
            name,
            name === "from" || name === "to" ? utcTime(text(name)) : text(name),
        ]);
        this._sift(Object.fromEntries(all.filter(([, value]) => value)));
    }

    /** Look for others; the address says for which. @param {import("../parts/sift.js").Sieve} sieve */
    _sift(sieve) {
        this.sieve = sieve;
        const query = toAddress(sieve, CDR_FILTERS);
        const hash = `#/${placeOf(location.hash).name || "cdrs"}${query && `?${query}`}`;
        if (hash === location.hash) {
            this._read(false);
        } else {
            this.site.go(hash); // a place of its own, so that "back" leads to the search before
        }
    }
}

/** How a call ended, with a mark whether it had been answered. @param {Site} site @param {Cdr} cdr */
export function ending(site, cdr) {
    if (!cdr.ended) {
        return state("good", site.say("cdrs.going"));
    }
    return state(cdr.answered ? "good" : "soft", causeWords(site.language, cdr.cause));
}
