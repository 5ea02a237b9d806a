/** What was recorded: heard, kept as a file, removed. */

import { h } from "../../base/dom.js";
import { state } from "../parts/figures.js";
import { icon } from "../parts/icons.js";
import { Player } from "../parts/player.js";
import { nothing, rows } from "../parts/rows.js";
import { bytes, clock, moment } from "../parts/tell.js";
import { trouble } from "../parts/trouble.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/player.js").Recording & {users: string[], leg: string}} Shown */

const LIMIT = 50;

/** @param {Site} site @returns {import("../parts/site.js").Page} */
export default function recordings(site) {
    return new Recordings(site);
}

class Recordings {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        this.title = "page.recordings";
        /** @type {Shown[]} */
        this.items = [];
        /** @type {string | null} */
        this.cursor = null;
        this.reading = false;
        /** Something happened meanwhile. */
        this.again = false;
        this.found = false;
        /** @type {unknown} */
        this.problem = null;
        /** @type {Player | null} */
        this.player = null;
        this.unlisten = site.may("events:read") ? site.api.listen(["recording.*"], () => this._refresh()) : () => {};
        this._read(false);
    }

    close() {
        this.unlisten();
        this.player?.close();
    }

    /** The first page anew, if no further one was asked for; while it is read, once more behind that. */
    _refresh() {
        this.again = this.reading;
        if (!this.reading && this.items.length <= LIMIT) {
            this._read(false);
        }
    }

    /** @param {boolean} more */
    async _read(more) {
        this.reading = true;
        this.problem = null;
        try {
            const page = await this.site.api.get("/recordings", { limit: LIMIT, cursor: more ? this.cursor : null });
            this.items = more ? [...this.items, ...page.items] : page.items;
            this.cursor = page.next_cursor;
            this.found = true;
        } catch (error) {
            this.problem = error;
        }
        this.reading = false;
        this.site.redraw();
        if (this.again) {
            this._refresh();
        }
    }

    view() {
        const { say } = this.site;
        return [
            this.problem ? trouble(this.site, this.problem, () => this._read(false)) : null,
            this.player &&
                h(
                    "section",
                    { class: "card", "aria-live": "polite" },
                    h("h2", {}, moment(this.site.language, this.player.recording.started)),
                    this.player.view(),
                ),
            this.found &&
                !this.items.length &&
                nothing(icon("record"), say("recordings.none"), h("a", { href: "#/calls" }, say("recordings.how"))),
            this.items.length > 0 && h("section", { class: "card flat" }, this._table()),
            this.cursor &&
                h(
                    "button",
                    { type: "button", class: "below", disabled: this.reading, onclick: () => this._read(true) },
                    say("cdrs.more"),
                ),
            !this.found && !this.problem && h("p", { class: "soft", role: "status" }, say("live.loading")),
        ];
    }

    _table() {
        const { say, language } = this.site;
        return rows(
            say("page.recordings"),
            [
                { label: say("cdrs.started"), cell: (each) => moment(language, each.started) },
                { label: say("recordings.users"), cell: (each) => each.users.join(", ") || "–" },
                { label: say("cdrs.length"), cell: (each) => (each.ended ? clock(each.seconds) : "–"), end: true },
                {
                    label: say("recordings.size"),
                    cell: (each) => (each.ended ? bytes(language, each.size) : "–"),
                    end: true,
                },
                {
                    label: say("recordings.why"),
                    cell: (each) =>
                        each.ended
                            ? say(`recording.why.${each.why || "stopped"}`)
                            : state("good", say("recordings.going")),
                },
                {
                    label: say("recordings.call"),
                    cell: (each) =>
                        this.site.may("cdr:read") &&
                        h("a", { class: "whole", href: `#/cdrs/${each.call}` }, say("recordings.open")),
                },
                { label: say("calls.do"), cell: (each) => this._buttons(each), quiet: true, end: true },
            ],
            this.items,
            (each) => each.id,
        );
    }

    /** @param {Shown} recording */
    _buttons(recording) {
        const { site } = this;
        const { say } = site;
        const of = moment(site.language, recording.started);
        return h(
            "div",
            { class: "buttons tight" },
            recording.ended &&
                h(
                    "button",
                    {
                        type: "button",
                        "aria-label": say("recordings.play.of", { of }),
                        onclick: () => this._play(recording),
                    },
                    icon("play"),
                    say("player.play"),
                ),
            recording.ended &&
                site.may("recordings:write") &&
                h(
                    "button",
                    {
                        type: "button",
                        "aria-label": say("recordings.remove.of", { of }),
                        onclick: () => this._remove(recording),
                    },
                    icon("trash"),
                ),
        );
    }

    /** @param {Shown} recording */
    _play(recording) {
        if (this.player?.recording.id !== recording.id) {
            this.player?.close();
            this.player = new Player(this.site, recording);
            this.site.redraw();
        }
        this.player?.start();
        setTimeout(() => document.querySelector(".player")?.scrollIntoView({ block: "nearest" }));
    }

    /** @param {Shown} recording */
    async _remove(recording) {
        const { say } = this.site;
        if (
            !(await this.site.ask({
                title: say("recordings.remove.ask"),
                text: say("recordings.remove.text"),
                yes: say("recordings.remove"),
                danger: true,
            }))
        ) {
            return;
        }
        try {
            await this.site.api.send("DELETE", `/recordings/${encodeURIComponent(recording.id)}`);
            this.items = this.items.filter((each) => each.id !== recording.id);
            if (this.player?.recording.id === recording.id) {
                this.player.close();
                this.player = null;
            }
            this.site.toast(say("recordings.removed"));
        } catch (error) {
            this.site.fail(error);
        }
    }
}
