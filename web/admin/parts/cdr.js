/** The record of one call: facts, quality, recordings and what happened. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { facts } from "./figures.js";
import { icon } from "./icons.js";
import { Ladder } from "./ladder.js";
import { Loaded } from "./loaded.js";
import { Player } from "./player.js";
import { graded, legsQuality, mosOf, wayTable } from "./qualities.js";
import { causeWords, moment, partyName, span } from "./tell.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./tell.js").Party} Party */
/**
 * @typedef {{id: string, caller: Party, callee: Party, user: string | null, reached: string | null, door: string,
 * direction: string,
 *   started: string, answered: string | null, ended: string | null, duration: number | null, billsec: number | null,
 *   cause: string | null,
 *   codec: string, packets_in: number, packets_out: number, lost: number,
 *   quality: import("./qualities.js").Measured | null, recordings: string[]}} Cdr */

/** The page of a record. */
export class OneCdr {
    /** @param {Site} site @param {string} id */
    constructor(site, id) {
        this.site = site;
        this.id = id;
        this.title = "cdr.title";
        this.back = "#/cdrs";
        /** @type {Player[]} */
        this.players = [];
        this.closed = false;
        /** @type {Loaded<Cdr>} */
        this.cdr = new Loaded(site, () => site.api.get(`/cdrs/${encodeURIComponent(id)}`));
        /** Kept as long as the trace; then the record has what was measured of the caller. */
        this.quality = new Loaded(site, () => site.api.get(`/calls/${encodeURIComponent(id)}/quality`));
        /** @type {Ladder | null} */
        this.ladder = site.may("calls:read") ? new Ladder(site, id, false) : null;
        this.cdr.read().then(() => this._play());
        this.quality.read();
    }

    close() {
        this.closed = true;
        this.cdr.close();
        this.quality.close();
        this.ladder?.close();
        this.players.forEach((player) => player.close());
    }

    async _play() {
        const wanted = this.cdr.data?.recordings ?? [];
        const found = await Promise.allSettled(
            wanted.map((id) => this.site.api.get(`/recordings/${encodeURIComponent(id)}`)),
        );
        if (!this.closed) {
            this.players = found.flatMap((each) =>
                each.status === "fulfilled" ? [new Player(this.site, each.value)] : [],
            );
            this.site.redraw();
        }
    }

    actions() {
        const { say } = this.site;
        return (
            this.site.may("cdr:write") &&
            this.cdr.data?.ended &&
            h("button", { type: "button", onclick: () => this._remove() }, icon("trash"), say("cdr.remove"))
        );
    }

    view() {
        const { say } = this.site;
        return this.cdr.view((cdr) => [
            this._facts(cdr),
            h("section", { class: "card" }, h("h2", {}, say("quality.title")), this._quality(cdr)),
            this.players.length
                ? h(
                      "section",
                      { class: "card" },
                      h("h2", {}, say("cdr.recordings")),
                      this.players.map((player) => player.view()),
                  )
                : null,
            this.ladder && h("section", { class: "card" }, h("h2", {}, say("ladder.title")), this.ladder.view()),
        ]);
    }

    /** @param {Cdr} cdr */
    _facts(cdr) {
        const { say, language } = this.site;
        return h(
            "section",
            { class: "card" },
            h(
                "p",
                { class: "call-parties" },
                h("strong", {}, partyName(cdr.caller)),
                h("span", { class: "soft", "aria-hidden": "true" }, "→"),
                h("strong", {}, partyName(cdr.callee)),
            ),
            facts([
                [
                    say("cdr.end"),
                    cdr.ended
                        ? causeWords(language, cdr.cause)
                        : h("a", { href: `#/calls/${cdr.id}` }, say("cdrs.going")),
                ],
                [say("cdrs.started"), moment(language, cdr.started)],
                [say("cdr.answered"), cdr.answered ? moment(language, cdr.answered) : say("cdr.never")],
                [say("cdr.ended"), moment(language, cdr.ended)],
                [say("cdr.talked"), cdr.billsec ? span(language, cdr.billsec) : ""],
                [say("call.direction"), say(`direction.${cdr.direction}`)],
                [say("cdr.user"), cdr.user],
                [say("cdr.reached"), cdr.reached],
                [say("leg.door"), cdr.door || say("cdr.program")],
                [say("leg.codec"), cdr.codec],
                [say("cdr.mos"), cdr.quality && graded(this.site, mosOf(cdr.quality))],
                [
                    say("cdr.packets"),
                    cdr.ended &&
                        say("cdr.packets.told", { received: cdr.packets_in, sent: cdr.packets_out, lost: cdr.lost }),
                ],
                [say("cdr.cause"), cdr.cause && h("code", {}, cdr.cause)],
                [say("call.id"), h("code", {}, cdr.id)],
            ]),
        );
    }

    /** @param {Cdr} cdr */
    _quality(cdr) {
        const { site } = this;
        if (this.quality.data !== null) {
            return legsQuality(site, /** @type {any} */ (this.quality.data), true);
        }
        if (this.quality.problem && problemOf(this.quality.problem).status !== 404) {
            return this.quality.view(() => null);
        }
        return cdr.quality ? wayTable(site, cdr.quality) : h("p", { class: "soft" }, site.say("quality.none"));
    }

    async _remove() {
        const { say } = this.site;
        if (
            await this.site.ask({
                title: say("cdr.remove.ask"),
                text: say("cdr.remove.text"),
                yes: say("cdr.remove"),
                danger: true,
            })
        ) {
            try {
                await this.site.api.send("DELETE", `/cdrs/${encodeURIComponent(this.id)}`);
                this.site.toast(say("cdr.removed"));
                this.closed || this.site.go("/cdrs");
            } catch (error) {
                this.site.fail(error);
            }
        }
    }
}
