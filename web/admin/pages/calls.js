/** The calls that are up, live, and one of them opened. */

import { h } from "../../base/dom.js";
import { OneCall } from "../parts/call.js";
import { sideState } from "../parts/callwords.js";
import { state } from "../parts/figures.js";
import { icon } from "../parts/icons.js";
import { Loaded } from "../parts/loaded.js";
import { nothing, rows } from "../parts/rows.js";
import { clock, partyName, quality, worst } from "../parts/tell.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/callwords.js").Call} Call */

const LIMIT = 200;
const MEASURED = 20; // calls whose quality is asked for
const MEASURE_S = 5;

/** @param {Site} site @param {string[]} rest @returns {import("../parts/site.js").Page} */
export default function calls(site, rest) {
    return rest[0] ? new OneCall(site, rest[0]) : new Calls(site);
}

class Calls {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        this.title = "page.calls";
        /** @type {Loaded<{items: Call[], next_cursor: string | null}>} */
        this.calls = new Loaded(site, () => site.api.get("/calls", { limit: LIMIT })).every(15);
        /** The worst MOS of each call. @type {Map<string, number | null>} */
        this.mos = new Map();
        this.unlisten = site.may("events:read")
            ? site.api.listen(["call.*", "quality.warning"], (event) => this._heard(event))
            : () => {};
        this.tick = window.setInterval(() => document.hidden || site.redraw(), 1000);
        this.measure = window.setInterval(() => document.hidden || this._measure(), MEASURE_S * 1000);
        this.calls.read().then(() => this._measure());
    }

    close() {
        this.unlisten();
        this.calls.close();
        clearInterval(this.tick);
        clearInterval(this.measure);
    }

    /** What ended goes at once; all else is read anew. @param {import("../api.js").Happening} event */
    _heard(event) {
        const { data } = this.calls;
        if (event.type === "call.ended" && data) {
            this.calls.data = { ...data, items: data.items.filter((call) => call.id !== event.call_id) };
            this.mos.delete(event.call_id ?? "");
            this.site.redraw();
        } else if (event.type === "quality.warning") {
            this.mos.set(event.call_id ?? "", event.data.mos);
        }
        this.calls.soon();
    }

    async _measure() {
        const answered = (this.calls.data?.items ?? []).filter((call) => call.answered).slice(0, MEASURED);
        const asked = answered.map(async ({ id }) => {
            const found = await this.site.api.get(`/calls/${encodeURIComponent(id)}/quality`);
            this.mos.set(id, worst(found.legs.map((/** @type {any} */ leg) => leg.last?.mos)));
        });
        await Promise.allSettled(asked); // one that has ended meanwhile has none any more
        this.site.redraw();
    }

    view() {
        const { say } = this.site;
        return this.calls.view(({ items, next_cursor: more }) =>
            items.length
                ? [this._count(items.length, more !== null), h("section", { class: "card flat" }, this._table(items))]
                : nothing(icon("call"), say("calls.none"), h("a", { href: "#/cdrs" }, say("calls.earlier"))),
        );
    }

    /** @param {number} count @param {boolean} more */
    _count(count, more) {
        return h(
            "p",
            { class: "soft above", "aria-live": "polite" },
            this.site.say(more ? "calls.more" : "calls.count", { count }),
        );
    }

    /** @param {Call[]} items */
    _table(items) {
        const { say } = this.site;
        return rows(
            say("page.calls"),
            [
                { label: say("calls.state"), cell: (call) => sideState(this.site, call.state) },
                {
                    label: say("calls.from"),
                    cell: (call) => h("a", { href: `#/calls/${call.id}` }, partyName(call.caller)),
                },
                { label: say("calls.to"), cell: (call) => partyName(call.callee) },
                { label: say("calls.time"), cell: (call) => this._time(call), end: true },
                {
                    label: say("calls.codec"),
                    cell: (call) => [...new Set(call.legs.map((leg) => leg.codec).filter(Boolean))].join(" / ") || "–",
                },
                { label: say("calls.quality"), cell: (call) => this._quality(call.id) },
                { label: say("calls.do"), cell: (call) => this._buttons(call), quiet: true, end: true },
            ],
            items,
            (call) => call.id,
        );
    }

    /** @param {Call} call */
    _time(call) {
        return clock((Date.now() - Date.parse(call.answered ?? call.started)) / 1000);
    }

    /** @param {string} id */
    _quality(id) {
        const grade = quality(this.mos.get(id));
        return grade
            ? state(grade === "good" ? "good" : grade === "bad" ? "bad" : "warn", this.site.say(`quality.${grade}`))
            : "–";
    }

    /** @param {Call} call */
    _buttons(call) {
        const { say } = this.site;
        const label = say("call.hangup.of", { from: partyName(call.caller), to: partyName(call.callee) });
        return (
            this.site.may("calls:write") &&
            h("button", { type: "button", "aria-label": label, onclick: () => this._end(call) }, say("call.hangup"))
        );
    }

    /** @param {Call} call */
    async _end(call) {
        const { say } = this.site;
        const facts = { from: partyName(call.caller), to: partyName(call.callee) };
        if (
            await this.site.ask({
                title: say("call.hangup.ask"),
                text: say("call.hangup.text", facts),
                yes: say("call.hangup"),
                danger: true,
            })
        ) {
            await this.site.api
                .send("DELETE", `/calls/${encodeURIComponent(call.id)}`)
                .catch((error) => this.site.fail(error));
            this.calls.soon();
        }
    }
}
