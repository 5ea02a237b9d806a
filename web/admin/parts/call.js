/** One call that is up: its legs, how well they are heard, its ladder, and what can be done with it. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { sideState } from "./callwords.js";
import { askDigits, askTransfer } from "./calldialogs.js";
import { facts } from "./figures.js";
import { icon } from "./icons.js";
import { Ladder } from "./ladder.js";
import { Loaded } from "./loaded.js";
import { legsQuality } from "./qualities.js";
import { clock, moment, partyName } from "./tell.js";

/** @typedef {import("./site.js").Site} Site */
/** @typedef {import("./callwords.js").Call} Call */
/** @typedef {import("./callwords.js").Leg} Leg */

/** The page of a call. */
export class OneCall {
    /** @param {Site} site @param {string} id */
    constructor(site, id) {
        this.site = site;
        this.id = id;
        this.path = `/calls/${encodeURIComponent(id)}`;
        this.title = "call.title";
        this.back = "#/calls";
        this.over = false;
        /** Recordings of it that go on. @type {Set<string>} */
        this.recordings = new Set();
        /** @type {Loaded<Call>} */
        this.call = new Loaded(site, () => this._load()).every(15);
        this.quality = new Loaded(site, () => site.api.get(`${this.path}/quality`)).every(4);
        this.ladder = new Ladder(site, id, true);
        this.unlisten = site.may("events:read")
            ? site.api.listen(["call.*", "recording.*"], (event) => this._heard(event))
            : () => {};
        this.tick = window.setInterval(() => document.hidden || site.redraw(), 1000);
        this.call.read();
        this.quality.read();
        this._recorded();
    }

    close() {
        this.unlisten();
        this.call.close();
        this.quality.close();
        this.ladder.close();
        clearInterval(this.tick);
    }

    /** The call; one that is over leads to its record. @returns {Promise<Call>} */
    async _load() {
        try {
            return await this.site.api.get(this.path);
        } catch (error) {
            if (problemOf(error).status === 404 && this.call.data) {
                this._end();
                return this.call.data;
            }
            throw error;
        }
    }

    /** Which recordings were begun before this page was opened. */
    async _recorded() {
        if (this.site.may("recordings:read")) {
            const { items } = await this.site.api.get("/recordings", { call: this.id }).catch(() => ({ items: [] }));
            items
                .filter((/** @type {any} */ each) => !each.ended)
                .forEach((/** @type {any} */ each) => this.recordings.add(each.id));
            this.site.redraw();
        }
    }

    /** @param {import("../api.js").Happening} event */
    _heard(event) {
        if (event.type !== "events.gap" && event.call_id !== this.id) {
            return;
        }
        if (event.type === "recording.started") {
            this.recordings.add(event.data.recording);
        } else if (event.type === "recording.ended") {
            this.recordings.delete(event.data.recording);
        } else if (event.type === "call.ended") {
            this._end();
        }
        this.call.soon();
        this.ladder.soon();
        this.site.redraw();
    }

    _end() {
        if (!this.over) {
            this.over = true;
            clearInterval(this.tick);
            this.quality.close();
        }
    }

    view() {
        const { say } = this.site;
        if (this.call.data === null && problemOf(this.call.problem).status === 404) {
            return h(
                "div",
                { class: "card empty" },
                icon("call"),
                h("p", {}, say("call.gone")),
                h("a", { class: "button", href: `#/cdrs/${this.id}` }, say("call.record.open")),
            );
        }
        return this.call.view((call) => [
            this._head(call),
            this.over ? null : this._buttons(call),
            h(
                "div",
                { class: "halves" },
                call.legs.map((leg) => this._leg(leg)),
            ),
            h(
                "section",
                { class: "card" },
                h("h2", {}, say("quality.title")),
                this.quality.view((found) => legsQuality(this.site, found)),
            ),
            h("section", { class: "card" }, h("h2", {}, say("ladder.title")), this.ladder.view()),
        ]);
    }

    /** @param {Call} call */
    _head(call) {
        const { site } = this;
        const { say } = site;
        const seconds = (Date.now() - Date.parse(call.answered ?? call.started)) / 1000;
        return h(
            "section",
            { class: "card call-head" },
            h(
                "p",
                { class: "call-parties" },
                h("strong", {}, partyName(call.caller)),
                h("span", { class: "soft", "aria-hidden": "true" }, "→"),
                h("strong", {}, partyName(call.callee)),
            ),
            h(
                "p",
                { class: "call-state", "aria-live": "polite" },
                sideState(site, this.over ? "ended" : call.state),
                this.recordings.size && !this.over
                    ? h("span", { class: "recording" }, icon("record"), say("call.recording"))
                    : null,
            ),
            this.over
                ? h("a", { class: "button", href: `#/cdrs/${this.id}` }, say("call.record.open"))
                : h("p", { class: "call-clock" }, clock(seconds)),
            facts([
                [say("call.direction"), say(`direction.${call.direction}`)],
                [say("call.started"), moment(site.language, call.started)],
                [say("call.id"), h("code", {}, call.id)],
            ]),
        );
    }

    /** @param {Call} call */
    _buttons(call) {
        const { site } = this;
        const { say } = site;
        if (!site.may("calls:write")) {
            return null;
        }
        const answered = call.answered !== null;
        const button = (/** @type {string} */ name, /** @type {() => void} */ act, kind = "") =>
            h("button", { type: "button", class: kind, key: name, onclick: act }, say(`call.${name}`));
        return h(
            "div",
            { class: "call-buttons", role: "group", "aria-label": say("call.buttons") },
            answered &&
                button("transfer", () =>
                    askTransfer(site, call, (to, side) =>
                        this._do("transfer", { to, side }, say("call.transferred", { to })),
                    ),
                ),
            answered && site.mayAll("calls:write") && button("listen", () => this._listen()),
            answered &&
                (this.recordings.size
                    ? button("record.stop", () => this._do("stop", undefined, say("call.record.stopped")))
                    : button("record", () => this._do("record", {}, say("call.record.begun")))),
            answered &&
                button("digits", () =>
                    askDigits(site, call, (digits, side) =>
                        this._do("dtmf", { digits, side }, say("call.digits.sent", { digits })),
                    ),
                ),
            button("hangup", () => this._hangup(call), "danger"),
        );
    }

    /** @param {Leg} leg */
    _leg(leg) {
        const { site } = this;
        const { say } = site;
        const up = leg.state === "active" && !this.over && site.may("calls:write");
        const { side } = leg;
        return h(
            "section",
            { class: "card leg", key: leg.id },
            h("h2", {}, say(`side.${side}`), h("span", { class: "soft" }, partyName(leg.party))),
            facts([
                [say("leg.state"), sideState(site, leg.held ? "held" : leg.state)],
                [say("leg.door"), leg.door],
                [say("leg.user"), leg.user],
                [say("leg.codec"), leg.codec],
                [say("leg.muted"), leg.muted && say("leg.muted.yes")],
            ]),
            up &&
                h(
                    "div",
                    { class: "buttons left" },
                    h(
                        "button",
                        {
                            type: "button",
                            "aria-pressed": String(leg.muted),
                            onclick: () => this._do("mute", { side, muted: !leg.muted }),
                        },
                        say(leg.muted ? "call.unmute" : "call.mute"),
                    ),
                    h(
                        "button",
                        {
                            type: "button",
                            "aria-pressed": String(leg.held),
                            onclick: () => this._do(leg.held ? "unhold" : "hold", { side }),
                        },
                        say(leg.held ? "call.unhold" : "call.hold"),
                    ),
                ),
        );
    }

    /** @param {string} what @param {any} [body] @param {string} [said] */
    async _do(what, body, said) {
        try {
            const { data } = await this.site.api.send("POST", `${this.path}/${what}`, body);
            if (what === "record") {
                this.recordings.add(data.id);
            } else if (what === "stop") {
                this.recordings.clear();
            }
            if (said) {
                this.site.toast(said);
            }
        } catch (error) {
            this.site.fail(error);
        }
        this.call.soon();
        this.site.redraw();
    }

    /** Rings the phone of who asks; both sides of the call are heard there. */
    async _listen() {
        const { me, say } = this.site;
        if (!me.number) {
            this.site.toast(say("call.listen.number"), "bad");
            return;
        }
        await this._do("supervise", { by: me.number, mode: "listen" }, say("call.listen.rings"));
    }

    /** @param {Call} call */
    async _hangup(call) {
        const { say } = this.site;
        const parties = { from: partyName(call.caller), to: partyName(call.callee) };
        if (
            await this.site.ask({
                title: say("call.hangup.ask"),
                text: say("call.hangup.text", parties),
                yes: say("call.hangup"),
                danger: true,
            })
        ) {
            await this.site.api.send("DELETE", this.path).catch((error) => this.site.fail(error));
            this.call.soon();
        }
    }
}
