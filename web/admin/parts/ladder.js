/**
 * The ladder of a call on the page: rungs in sight, a filter by layer, and the whole message of the one that is
 * opened.
 */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { Loaded } from "./loaded.js";
import { copyText, messagePane, saveText } from "./message.js";
import { asText, columns, counted, inSight, ofLayers, rungs, scrolledTo, since, SWITCH } from "./rungs.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("./rungs.js").Rung} Rung */
/** @typedef {import("./rungs.js").Column} Column */
/** @typedef {import("./rungs.js").Trace} Trace */

const AGAIN_S = 3; // a call that goes on is read again
const NARROW = 500; // pixels below which it is a list
const LOWER = 5; // a column takes at least so many times its share

/** One on a page. */
export class Ladder {
    /** @param {import("./site.js").Site} site @param {string} call @param {boolean} live whether the call goes on */
    constructor(site, call, live) {
        this.site = site;
        this.call = call;
        /** @type {Loaded<Trace>} */
        this.trace = new Loaded(site, () => site.api.get(`/calls/${encodeURIComponent(call)}/trace`));
        /** @type {Set<string>} */
        this.layers = new Set();
        this.active = 0;
        this.opened = false;
        this.top = 0;
        this.height = 480;
        this.narrow = false;
        this.seen = "";
        /** @type {HTMLElement | null} */
        this.box = null;
        this.observer = new ResizeObserver(() => this._measure());
        this.trace.read();
        if (live) {
            this.trace.every(AGAIN_S);
        }
    }

    /** Something happened to the call. */
    soon() {
        this.trace.soon();
    }

    close() {
        this.trace.close();
        this.observer.disconnect();
    }

    /** @returns {Nested} */
    view() {
        const { say } = this.site;
        if (this.trace.data === null && /** @type {any} */ (this.trace.problem)?.status === 404) {
            return h("p", { class: "soft" }, say("ladder.gone"));
        }
        return this.trace.view((trace) => this._shown(trace));
    }

    /** @param {Trace} trace */
    _shown(trace) {
        const { say } = this.site;
        const places = columns(trace.legs);
        const all = ofLayers(rungs(trace, places), this.layers);
        this.active = Math.min(this.active, Math.max(0, all.length - 1));
        const open = this.opened ? all[this.active] : undefined;
        return h(
            "div",
            { class: `ladder ${this.narrow ? "narrow" : ""} ${open ? "opened" : ""}` },
            this._tools(trace),
            trace.missing ? h("p", { class: "soft" }, say("ladder.missing", { count: trace.missing })) : null,
            h("div", { class: "ladder-parts" }, this._picture(all, places), open ? this._pane(open) : null),
        );
    }

    /** Layers to choose from, and the download. @param {Trace} trace */
    _tools(trace) {
        const { say } = this.site;
        const chip = (/** @type {string} */ layer, /** @type {number} */ count) =>
            h(
                "button",
                {
                    key: layer,
                    type: "button",
                    class: `chip layer-${layer}`,
                    "aria-pressed": String(this.layers.has(layer)),
                    onclick: () => this._toggle(layer),
                },
                h("span", { class: "dot", "aria-hidden": "true" }),
                say(`layer.${layer}`),
                h("span", { class: "count" }, String(count)),
            );
        return h(
            "div",
            { class: "ladder-tools" },
            h(
                "div",
                { class: "chips", role: "group", "aria-label": say("ladder.layers") },
                counted(trace.entries).map(([layer, count]) => chip(layer, count)),
            ),
            h(
                "button",
                { type: "button", onclick: () => saveText(`${trace.call}.txt`, asText(trace)) },
                icon("download"),
                say("ladder.download"),
            ),
        );
    }

    /** @param {Rung[]} all @param {Column[]} places */
    _picture(all, places) {
        const { say } = this.site;
        const row = this._row();
        const { first, last } = inSight(this.top, this.height, row, all.length);
        const active = all[this.active];
        const shown = all.slice(first, last).map((rung, place) => this._rung(rung, first + place, all.length));
        return h(
            "div",
            { class: "ladder-picture" },
            this.narrow ? null : this._heads(places),
            h(
                "div",
                {
                    key: "box", // it stays itself when the heads come or go
                    class: "ladder-box",
                    role: "listbox",
                    tabindex: "0",
                    "aria-label": say("ladder.title"),
                    "aria-activedescendant": active ? this._id(this.active) : null,
                    ref: (/** @type {HTMLElement} */ box) => this._boxed(box),
                    onscroll: () => this._scrolled(),
                    onkeydown: (/** @type {KeyboardEvent} */ event) => this._key(event),
                },
                h(
                    "div",
                    { class: "ladder-long", role: "presentation", style: { height: `${all.length * row}px` } },
                    this.narrow
                        ? null
                        : h(
                              "div",
                              { key: "lines", class: "ladder-lines", role: "presentation" },
                              places.map((place) =>
                                  h("span", { style: { left: `${place.at}%` }, class: place.switch ? "switch" : "" }),
                              ),
                          ),
                    shown,
                ),
            ),
            all.length ? null : h("p", { class: "soft" }, say("ladder.none")),
        );
    }

    /** Who stands where. @param {Column[]} places */
    _heads(places) {
        const { say } = this.site;
        const name = (/** @type {Column} */ place) =>
            place.others
                ? say("ladder.others", { count: place.others })
                : place.switch
                  ? say("ladder.switch")
                  : place.name;
        return h(
            "div",
            { class: "ladder-heads", "aria-hidden": "true" },
            h(
                "div",
                { class: "rung-field" },
                places.map((place) =>
                    h(
                        "span",
                        {
                            class: `ladder-head ${place.switch ? "switch" : ""}`,
                            style: {
                                left: `${place.at}%`,
                                "max-width": `${100 / places.length - LOWER / places.length}%`,
                            },
                        },
                        h("b", {}, name(place)),
                        place.door && !place.others ? h("small", {}, place.door) : null,
                    ),
                ),
            ),
        );
    }

    /** @param {Rung} rung @param {number} place @param {number} count */
    _rung(rung, place, count) {
        const { say } = this.site;
        const { entry, arrow } = rung;
        const row = this._row();
        const layer = say(`layer.${entry.layer}`);
        return h(
            "div",
            {
                key: rung.key,
                id: this._id(place),
                class: `rung layer-${entry.layer}`,
                role: "option",
                "aria-selected": String(place === this.active),
                "aria-setsize": count,
                "aria-posinset": place + 1,
                style: { top: `${place * row}px`, height: `${row}px` },
                onclick: () => this._open(place),
            },
            h("span", { class: "rung-time" }, since(entry.ms)),
            h("span", { class: "rung-layer" }, layer),
            this.narrow
                ? this._line(rung)
                : h("span", { class: "rung-field" }, arrow ? this._arrow(rung, arrow) : note(rung)),
        );
    }

    /**
     * An arrow with its text; from whom to whom is said to those who do not see it. @param {Rung} rung @param
     * {import("./rungs.js").Arrow} arrow
     */
    _arrow({ entry }, arrow) {
        const { from, to, left, width, right } = arrow;
        return h(
            "span",
            { class: `rung-arrow ${right ? "right" : "left"}`, style: { left: `${left}%`, width: `${width}%` } },
            h("span", { class: "unseen" }, this.site.say("ladder.way", { from: this._who(from), to: this._who(to) })),
            h("span", { class: "rung-text", title: entry.text }, entry.text),
        );
    }

    /** Without room for columns. @param {Rung} rung */
    _line({ entry, arrow, whose }) {
        const who = arrow ? `${this._who(arrow.from)} → ${this._who(arrow.to)}` : whose;
        return [h("span", { class: "rung-who" }, who), h("span", { class: "rung-text" }, entry.text)];
    }

    /** @param {Rung} rung @param {string} layer */
    _words({ entry, arrow, whose }, layer) {
        const { say } = this.site;
        const [from, to] = [this._who(arrow?.from ?? ""), this._who(arrow?.to ?? "")];
        const told = { time: since(entry.ms), layer, text: entry.text, whose, from, to };
        return say(arrow ? "ladder.row.arrow" : whose ? "ladder.row.of" : "ladder.row.note", told);
    }

    /** One end of an arrow in words. @param {string} name */
    _who(name) {
        return name === SWITCH ? this.site.say("ladder.switch") : name;
    }

    /** @param {Rung} rung */
    _pane(rung) {
        return messagePane(this.site, rung, {
            title: this._words(rung, this.site.say(`layer.${rung.entry.layer}`)),
            copy: (text) => copyText(this.site, text),
            close: () => this._shut(),
        });
    }

    /** @param {string} layer */
    _toggle(layer) {
        this.layers.has(layer) ? this.layers.delete(layer) : this.layers.add(layer);
        this.active = 0;
        this.opened = false;
        this.box?.scrollTo({ top: 0 });
        this.site.redraw();
    }

    /** @param {number} place */
    _open(place) {
        this.active = place;
        this.opened = true;
        this.site.redraw();
        if (this.narrow) {
            setTimeout(() =>
                this.box?.closest(".ladder")?.querySelector(".message")?.scrollIntoView({ block: "nearest" }),
            );
        }
    }

    _shut() {
        this.opened = false;
        this.box?.focus();
        this.site.redraw();
    }

    /** @param {KeyboardEvent} event */
    _key(event) {
        const trace = this.trace.data;
        const count = trace ? ofLayers(rungs(trace, columns(trace.legs)), this.layers).length : 0;
        const page = Math.max(1, Math.floor(this.height / this._row()) - 1);
        /** @type {Record<string, number>} */
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
        const step = steps[event.key];
        if (step !== undefined) {
            this.active = Math.max(0, Math.min(count - 1, this.active + step));
            this.box?.scrollTo({ top: scrolledTo(this.active, this.top, this.height, this._row()) });
            this.site.redraw();
        } else if (event.key === "Enter" || event.key === " ") {
            this._open(this.active);
        } else if (event.key === "Escape" && this.opened) {
            this._shut();
        } else {
            return;
        }
        event.preventDefault();
    }

    /** @param {HTMLElement} box */
    _boxed(box) {
        this.observer.disconnect();
        this.box = box;
        this.observer.observe(box);
    }

    _measure() {
        if (this.box?.isConnected) {
            this.height = this.box.clientHeight;
            this.narrow = this.box.clientWidth < NARROW;
            this._scrolled();
        }
    }

    /** Draw anew only if other rows are in sight now. */
    _scrolled() {
        this.top = this.box?.scrollTop ?? 0;
        const { first } = inSight(this.top, this.height, this._row(), Infinity);
        const seen = `${first >> 2} ${this.height} ${this.narrow}`;
        if (seen !== this.seen) {
            this.seen = seen;
            this.site.redraw();
        }
    }

    /** How high a row is, in pixels. */
    _row() {
        return this.narrow ? 56 : matchMedia("(pointer: coarse)").matches ? 44 : 34;
    }

    /** @param {number} place */
    _id(place) {
        return `rung-${place}`;
    }
}

/** @param {Rung} rung */
function note({ entry, at, whose }) {
    const text = whose ? `${entry.text} [${whose}]` : entry.text;
    return h(
        "span",
        { class: "rung-note", style: { left: `${at}%` } },
        h("span", { class: "rung-text", title: text }, text),
    );
}
