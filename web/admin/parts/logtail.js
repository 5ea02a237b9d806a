/** The last lines of the log, followed while they are seen. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { saveText } from "./message.js";
import { trouble } from "./trouble.js";

/**
 * @typedef {{id: number, at: string, level: string, logger: string, event: string, call: string | null, facts:
 * Record<string, any>}} Line
 */

const EVERY_MS = 2000;
const KEPT = 500;
const FIRST = 200;
const LEVELS = ["debug", "info", "warning", "error"];

/** One on a page. */
export class LogTail {
    /** @param {import("./site.js").Site} site @param {string} call */
    constructor(site, call) {
        this.site = site;
        this.call = call;
        this.level = "info";
        this.paused = false;
        /** @type {Line[]} */
        this.lines = [];
        /** @type {number | null} */
        this.after = null;
        this.turn = 0;
        this.reading = false;
        /** @type {unknown} */
        this.problem = null;
        /** @type {HTMLElement | null} */
        this.box = null;
        this.timer = window.setInterval(
            () => document.hidden || this.paused || this._inSight() === false || this._read(),
            EVERY_MS,
        );
        this._read();
    }

    close() {
        clearInterval(this.timer);
        this.turn++;
    }

    /** Whether somebody may look at it; null while it is not drawn. */
    _inSight() {
        const place = this.box?.getBoundingClientRect();
        return place ? place.top < innerHeight && place.bottom > 0 : null;
    }

    async _read() {
        if (this.reading) {
            return;
        }
        this.reading = true;
        const turn = this.turn;
        try {
            const query = { after: this.after, level: this.level, call: this.call.trim(), limit: FIRST };
            const found = await this.site.api.get("/logs", query);
            if (turn === this.turn) {
                this._take(found);
            }
        } catch (error) {
            this.problem = turn === this.turn ? error : null;
        }
        this.reading = false;
        if (turn === this.turn) {
            this.site.redraw();
        } else {
            this._read();
        }
    }

    /** @param {{items: Line[], next_cursor: number}} found */
    _take(found) {
        const { box } = this;
        const below = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 30;
        this.problem = null;
        this.after = found.next_cursor;
        if (found.items.length) {
            this.lines = [...this.lines, ...found.items].slice(-KEPT);
            if (below) {
                setTimeout(() => this.box?.scrollTo({ top: this.box.scrollHeight }));
            }
        }
    }

    /** Begin anew with other lines. */
    _anew() {
        this.turn++;
        this.lines = [];
        this.after = null;
        this.problem = null;
        if (!this.reading) {
            this._read();
        }
        this.site.redraw();
    }

    view() {
        const { say } = this.site;
        return h(
            "section",
            { class: "card", id: "log" },
            h("h2", {}, say("log.title")),
            this._tools(),
            this.problem ? trouble(this.site, this.problem, () => this._anew()) : null,
            h(
                "div",
                {
                    class: "log",
                    role: "log",
                    tabindex: "0",
                    "aria-label": say("log.title"),
                    "aria-live": "off",
                    ref: (/** @type {HTMLElement} */ box) => (this.box = box),
                },
                this.lines.length
                    ? this.lines.map((line) => this._line(line))
                    : h("p", { class: "soft" }, say("log.none")),
            ),
        );
    }

    _tools() {
        const { say } = this.site;
        const choose = (/** @type {any} */ event) => {
            this.level = event.target.value;
            this._anew();
        };
        const write = (/** @type {any} */ event) => {
            this.call = event.target.value;
            this._anew();
        };
        const pause = () => {
            this.paused = !this.paused;
            this.site.redraw();
        };
        return h(
            "div",
            { class: "log-tools" },
            h(
                "div",
                { class: "field" },
                h("label", { for: "log-level" }, say("log.level")),
                h(
                    "select",
                    { id: "log-level", value: this.level, onchange: choose },
                    LEVELS.map((each) => h("option", { value: each }, say(`log.level.${each}`))),
                ),
            ),
            h(
                "div",
                { class: "field wide" },
                h("label", { for: "log-call" }, say("log.call")),
                h("input", {
                    id: "log-call",
                    type: "search",
                    placeholder: "call_…",
                    value: this.call,
                    onchange: write,
                    autocomplete: "off",
                    spellcheck: "false",
                }),
            ),
            h(
                "button",
                { type: "button", "aria-pressed": String(this.paused), onclick: pause },
                say(this.paused ? "log.go" : "log.pause"),
            ),
            h(
                "button",
                {
                    type: "button",
                    onclick: () => saveText("xswitch-log.txt", this.lines.map(written).join("\n") + "\n"),
                },
                icon("download"),
                say("log.save"),
            ),
        );
    }

    /** @param {Line} line */
    _line(line) {
        const facts = told(line.facts);
        return h(
            "p",
            { key: line.id, class: `log-line ${line.level}` },
            h("time", {}, line.at.slice(11, 23)),
            h("span", { class: "log-level" }, line.level),
            h("span", { class: "soft" }, line.logger.replace(/^xswitch\./, "")),
            h(
                "span",
                {},
                h("b", {}, line.event),
                " ",
                facts,
                line.call ? h("a", { href: `#/cdrs/${line.call}` }, line.call.slice(0, 13)) : null,
            ),
        );
    }
}

/** @param {Record<string, any>} facts */
function told(facts) {
    return Object.entries(facts)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ");
}

/** @param {Line} line */
function written(line) {
    return [line.at, line.level, line.logger, line.event, told(line.facts), line.call ?? ""].join(" ").trimEnd();
}
