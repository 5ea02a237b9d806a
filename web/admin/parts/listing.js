/** A list of things: loaded page by page, searched, sorted, selected; and what is done to many of them. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { icon } from "./icons.js";
import { found, ordered, table } from "./table.js";
import { trouble } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./table.js").Column} Column */
/**
 * @typedef {object} Bulk what is done to many
 * @property {string} key
 * @property {string} text of its button
 * @property {(count: number) => string} yes the question before
 * @property {boolean} [danger]
 * @property {(item: any) => Promise<any>} act
 */
/**
 * @typedef {object} Wanted
 * @property {string} id
 * @property {string} caption
 * @property {string} path of the list
 * @property {import("../api.js").Query} [query]
 * @property {Column[]} columns
 * @property {(item: any) => string} key
 * @property {(item: any) => string | null} [href]
 * @property {(item: any) => import("./menu.js").Choice[]} [menu]
 * @property {Bulk[]} [bulk]
 * @property {string[]} [events] those that say that the list is another one now
 * @property {Nested} [empty] what to do when there is nothing
 * @property {string} [picture] of an empty list
 * @property {boolean} [plain] without searching and sorting
 * @property {boolean} [whole] all of it comes at once
 */

const PAGE = 100;
const MOST = 5000;
const MOST_AT_ONCE = 500;
const AGAIN_MS = 400;

/** One list and its state. */
export class Listing {
    /** @param {Site} site @param {Wanted} wanted */
    constructor(site, wanted) {
        this.site = site;
        this.wanted = wanted;
        /** @type {any[] | null} */
        this.items = null;
        /** @type {string | null} */
        this.next = null;
        /** @type {unknown} */
        this.fault = null;
        this.busy = false;
        this.text = "";
        /** @type {{key: string, down: boolean} | null} */
        this.sorted = null;
        /** @type {Set<string>} */
        this.chosen = new Set();
        /** @type {{done: number, of: number, faults: {key: string, error: unknown}[]} | null} */
        this.doing = null;
        /** So many rows at most are drawn: a thousand of them would hold up the page. */
        this.shown = PAGE;
        /** Changes with each reading: what comes late of an earlier one is not shown. */
        this.turn = 0;
        /** Ends when the list is closed. */
        this.end = new AbortController();
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this.timer = undefined;
        this.deaf = wanted.events && site.may("events:read") ? site.api.listen(wanted.events, () => this.soon()) : null;
        site.api.addEventListener("back", () => this.fault && this.load(), { signal: this.end.signal });
        this.load();
    }

    close() {
        this.end.abort();
        clearTimeout(this.timer);
        this.deaf?.();
    }

    /** Load it anew in a moment: much may happen at once, and may not cease to happen. */
    soon() {
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            this.busy ? this.soon() : this.load();
        }, AGAIN_MS);
    }

    /** Load the first page, or as much as there is already. */
    async load() {
        await this._ask([], null, this.items?.length ?? 0);
    }

    async more() {
        this.shown += PAGE;
        this.site.redraw();
        if (this.next && !this.busy && this.shown > (this.items?.length ?? 0)) {
            await this._ask(this.items ?? [], this.next, this.shown);
        }
    }

    /** All that there is: who searches or sorts means all of it. */
    async rest() {
        if (this.next && !this.busy) {
            await this._ask(this.items ?? [], this.next, MOST);
        }
    }

    /**
     * Read on behind these until there are enough.
     * @param {any[]} items @param {string | null} next @param {number} least
     */
    async _ask(items, next, least) {
        const { path, query = {}, whole } = this.wanted;
        const { signal } = this.end;
        const turn = ++this.turn;
        const lacking = () => (this.text.trim() || this.sorted ? MOST : least) - items.length;
        this.busy = true;
        this.fault = null;
        this.site.redraw();
        try {
            do {
                const part = { limit: Math.max(PAGE, Math.min(MOST_AT_ONCE, lacking())), cursor: next };
                const page = await this.site.api.get(path, whole ? query : { ...query, ...part }, { signal });
                if (turn !== this.turn) {
                    return;
                }
                items = [...items, ...page.items];
                next = page.next_cursor;
                if (!next || lacking() <= 0 || items.length >= (this.items?.length ?? 0)) {
                    this._take(items, next); // one that is read anew does not become shorter meanwhile
                }
            } while (next && lacking() > 0);
        } catch (error) {
            if (turn !== this.turn) {
                return;
            }
            this.fault = error;
        }
        this.busy = false;
        this.site.redraw();
    }

    /** @param {any[]} items @param {string | null} next */
    _take(items, next) {
        this.items = items;
        this.next = next;
        const keys = new Set(items.map(this.wanted.key));
        this.chosen = new Set([...this.chosen].filter((each) => keys.has(each)));
        this.site.redraw();
    }

    /** @param {string} text */
    search(text) {
        this.text = text;
        this.shown = PAGE;
        this.site.redraw();
        this.rest();
    }

    /** @param {string} key */
    sort(key) {
        const again = this.sorted?.key === key;
        this.sorted = again && this.sorted?.down ? null : { key, down: again };
        this.shown = PAGE;
        this.site.redraw();
        this.rest();
    }

    /** @param {string[]} keys @param {boolean} on */
    choose(keys, on) {
        keys.forEach((key) => (on ? this.chosen.add(key) : this.chosen.delete(key)));
        this.site.redraw();
    }

    /** Do something to all that are selected, one after the other. @param {Bulk} bulk */
    async act(bulk) {
        const { say } = this.site;
        const items = (this.items ?? []).filter((item) => this.chosen.has(this.wanted.key(item)));
        const title = bulk.yes(items.length);
        if (!(await this.site.ask({ title, yes: bulk.text, danger: bulk.danger ?? false }))) {
            return;
        }
        this.doing = { done: 0, of: items.length, faults: [] };
        /** Those that are not tried. @type {any[]} */
        let left = [];
        for (const [at, item] of items.entries()) {
            try {
                await bulk.act(item);
                this.chosen.delete(this.wanted.key(item));
            } catch (error) {
                this.doing.faults.push({ key: this.wanted.key(item), error });
                if (problemOf(error).status === 401 || problemOf(error).status === 0) {
                    left = items.slice(at + 1);
                    break;
                }
            }
            this.doing.done += 1;
            this.site.redraw();
        }
        const { faults, of } = this.doing;
        this.doing = null;
        if (faults.length) {
            const undone = [...faults.map((each) => each.key), ...left.map(this.wanted.key)];
            const names = undone.slice(0, 5).join(", ");
            this.site.toasts.add(say("bulk.some", { count: undone.length, names }), "bad");
            this.site.fail(faults[0]?.error);
        } else {
            this.site.toast(say("bulk.done", { count: of }));
        }
        await this.load();
    }

    /** @returns {Nested} */
    view() {
        const { site, items } = this;
        if (!items) {
            return this.fault
                ? trouble(site, this.fault, () => this.load())
                : h("p", { class: "soft loading" }, site.say("loading"));
        }
        return [
            this.fault ? trouble(site, this.fault, () => this.load()) : null,
            items.length > 0 && !this.wanted.plain && this._tools(),
            items.length > 0 ? this._table(items) : this._empty(),
        ];
    }

    _tools() {
        const { say } = this.site;
        const label = say("table.search");
        const props = {
            type: "search",
            "aria-label": label,
            placeholder: label,
            value: this.text,
            oninput: (/** @type {any} */ event) => this.search(event.target.value),
        };
        return h(
            "div",
            { class: "tools", key: "tools" },
            h("div", { class: "search" }, icon("search"), h("input", props)),
            this._bulk(),
            this._count(),
        );
    }

    _bulk() {
        const { bulk = [] } = this.wanted;
        const { say } = this.site;
        if (this.doing) {
            const { done, of } = this.doing;
            return h(
                "p",
                { role: "status", class: "doing" },
                h("progress", { max: of, value: done }),
                say("bulk.doing", { done, of }),
            );
        }
        return (
            this.chosen.size > 0 && [
                h("span", { role: "status" }, say("bulk.chosen", { count: this.chosen.size })),
                bulk.map((each) => {
                    const props = {
                        key: each.key,
                        type: "button",
                        class: each.danger ? "bad" : null,
                        onclick: () => this.act(each),
                    };
                    return h("button", props, each.text);
                }),
            ]
        );
    }

    _count() {
        const { say } = this.site;
        const count = this._visible().length;
        const all = this.items?.length ?? 0;
        const text = this.text.trim()
            ? say("table.found", { count, all })
            : say(this.next ? "table.first" : "table.count", { count: all });
        return h("p", { class: "soft count", role: "status" }, this.busy && this.next ? say("loading") : text);
    }

    _visible() {
        const { columns } = this.wanted;
        const column = columns.find((each) => each.key === this.sorted?.key);
        return ordered(
            found(this.items ?? [], columns, this.text),
            column,
            this.sorted?.down ?? false,
            this.site.locale,
        );
    }

    /** @param {any[]} _ */
    _table(_) {
        const { id, caption, columns, key, href, menu, bulk = [], plain } = this.wanted;
        const all = this._visible();
        const items = all.slice(0, this.shown);
        const choose = bulk.length
            ? {
                  chosen: this.chosen,
                  choose: (/** @type {string[]} */ keys, /** @type {boolean} */ on) => this.choose(keys, on),
              }
            : {};
        const sort = plain ? {} : { sorted: this.sorted, sort: (/** @type {string} */ one) => this.sort(one) };
        const more =
            (all.length > items.length || (this.next && !this.text)) &&
            h(
                "button",
                { type: "button", class: "further", disabled: this.busy, onclick: () => this.more() },
                this.site.say("table.more"),
            );
        return [
            items.length
                ? table(this.site, {
                      id,
                      caption,
                      columns,
                      items,
                      key,
                      ...(href && { href }),
                      ...(menu && { menu }),
                      ...choose,
                      ...sort,
                  })
                : h("p", { class: "soft none" }, this.site.say("table.none")),
            more,
        ];
    }

    _empty() {
        const { empty, picture = "list" } = this.wanted;
        return h("div", { class: "card empty" }, icon(picture), empty);
    }
}
