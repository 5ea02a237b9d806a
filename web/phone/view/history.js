/** Calls of the past: who, when, how long, how good; a press calls again. */

import { h } from "../../base/dom.js";
import { clock } from "./clock.js";
import { locale } from "../../base/words.js";
import { grade } from "../core/emodel.js";
import { troubleOf } from "../core/trouble.js";
import { icon } from "./icons.js";
import { empty, press } from "./parts.js";
import { bars } from "./quality.js";
import { numberOf, party } from "./text.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/history.js").Entry} Entry */

const DAY = 86_400_000; // ms

export class History {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        this.reset();
    }

    reset() {
        /** @type {Entry[]} */ this.items = [];
        /** @type {string | null} */ this.next = null;
        this.state = /** @type {"new" | "loading" | "there" | "failed"} */ ("new");
        this.why = "";
        this.round = (this.round ?? 0) + 1;
    }

    /** Those that nobody has looked at. */
    get missed() {
        const seen = this.panel.memory.get("seen") ?? 0;
        return this.items.filter((entry) => entry.missed && entry.at.getTime() > seen).length;
    }

    /** Numbers that were called or that called, the latest first, each once. */
    known() {
        /** @type {Map<string, {number: string, name: string}>} */
        const found = new Map();
        for (const { number, name } of this.items) {
            if (number && !found.has(number)) {
                found.set(number, { number, name: name ?? "" });
            }
        }
        return [...found.values()];
    }

    /** Once somebody is logged in: for the badge and for suggestions. */
    first() {
        if (this.state === "new") {
            void this.load();
        }
    }

    /** A call more is in it. */
    stale() {
        const { round } = this;
        setTimeout(() => round === this.round && this.panel.phone?.state === "ready" && void this.load(), 1000);
    }

    /** @param {boolean} [more] */
    async load(more = false) {
        const { panel, round } = this;
        const { phone } = panel;
        const cursor = more ? this.next : null;
        if (!phone) {
            return;
        }
        this.state = this.items.length ? this.state : "loading";
        panel.redraw();
        try {
            const { items, next } = await phone.history(cursor ? { cursor } : {});
            if (round === this.round && (!more || cursor === this.next)) { // else that page is there already
                this.items = more ? [...this.items, ...items] : items;
                this.next = next;
                this.state = "there";
                this.look();
            }
        } catch (error) {
            const trouble = troubleOf(error);
            if (round === this.round) {
                this.state = "failed";
                this.why = panel.say(`trouble.${trouble.code}`, trouble.facts);
            }
        }
        panel.redraw();
    }

    /** What is shown was seen. */
    look() {
        const latest = Math.max(0, ...this.items.map((entry) => entry.at.getTime()));
        if (this.panel.tab === "history" && this.panel.face.open && latest > (this.panel.memory.get("seen") ?? 0)) {
            this.panel.memory.set({ seen: latest });
        }
    }

    view() {
        const { panel } = this;
        const { say } = panel.face;
        if (this.state === "loading" || this.state === "new") {
            return h("p", { class: "soft empty", role: "status" }, say("history.loading"));
        }
        if (this.state === "failed") {
            return h(
                "div",
                { class: "empty", role: "alert" },
                h("p", {}, this.why),
                h("button", { class: "main", type: "button", onclick: () => void this.load() }, say("again")),
            );
        }
        if (!this.items.length) {
            return empty("history", say("history.none"));
        }
        const more = () => this.load(true);
        return [
            h(
                "ul",
                { key: "list", class: "list" },
                this.items.map((entry) => this.one(entry)),
            ),
            this.next && press(say("history.more"), more, { class: "small wide", key: "more" }),
        ];
    }

    /** @param {Entry} entry */
    one(entry) {
        const { panel } = this;
        const kind = entry.missed ? "missed" : entry.way;
        const [name, number] = [party(entry), numberOf(entry)];
        const when = moment(entry.at, panel.face.language);
        const length = entry.seconds ? clock(entry.seconds) : panel.say("history.unanswered");
        return h(
            "li",
            { key: entry.id },
            h(
                "button",
                {
                    type: "button",
                    class: `entry ${kind}`,
                    title: panel.say("call.again"),
                    onclick: () => panel.call(entry.number),
                },
                h("span", { class: "way" }, icon(kind), h("span", { class: "unseen" }, panel.say(`history.${kind}`))),
                h(
                    "span",
                    { class: "grow" },
                    h("bdi", { class: "name" }, name),
                    h("span", { class: "soft" }, length, number && [" · ", h("bdi", {}, number)]),
                ),
                entry.mos && this.heard(grade(entry.mos)),
                h("time", { class: "soft", datetime: entry.at.toISOString() }, when),
            ),
        );
    }

    /** @param {1 | 2 | 3 | 4} steps */
    heard(steps) {
        const word = this.panel.say(`quality.${steps}`);
        return h("span", { class: "mos", title: word }, bars(steps), h("span", { class: "unseen" }, word));
    }
}

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const MOMENTS = {
    today: { hour: "numeric", minute: "2-digit" },
    week: { weekday: "short", hour: "numeric", minute: "2-digit" },
    before: { month: "short", day: "numeric" },
};

/** The time of today, or else the day. @param {Date} at @param {string} language */
export function moment(at, language) {
    const today = new Date().setHours(0, 0, 0, 0);
    const age = at.getTime() >= today ? "today" : at.getTime() >= today - 6 * DAY ? "week" : "before";
    return new Intl.DateTimeFormat(locale(language), MOMENTS[age]).format(at);
}
