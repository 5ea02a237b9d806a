/** Calls as cards: who it is, how it stands, and all that can be done with it. */

import { h } from "../../base/dom.js";
import { clock } from "./clock.js";
import { between } from "./consult.js";
import { icon } from "./icons.js";
import { arriving } from "./kind.js";
import { names, person, press, round } from "./parts.js";
import { dot, details } from "./quality.js";
import { initials, numberOf, party } from "./text.js";
import { controls, sound, tones } from "./tools.js";
import { transfer } from "./transfer.js";
import { obstacle } from "./trouble.js";
import { pictures } from "./video.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */

const UP = new Set(["active", "held"]);

export class Cards {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        /** @type {Map<string, string>} what was last said of each */
        this.said = new Map();
        this.keypad = ""; // the call whose keys are shown
        this.at = "1";
    }

    /** Say each state once for those who do not see it. @param {readonly Call[]} calls */
    follow(calls) {
        for (const call of calls) {
            if (this.said.get(call.id) !== call.state) {
                this.said.set(call.id, call.state);
                if (call.way === "out" || call.state !== "ringing") {
                    this.panel.announce(this.panel.about(`said.${call.state}`, call));
                }
            }
        }
        for (const id of this.said.keys()) {
            if (!calls.some((call) => call.id === id)) {
                this.said.delete(id);
            }
        }
        if (!calls.length) {
            this.panel.pad.adding = false;
        }
    }

    view() {
        const { panel } = this;
        const calls = panel.calls.filter((call) => call.way === "out" || call.state !== "ringing");
        const waiting = calls.filter((call) => call.state === "held");
        const talking = calls.filter((call) => call.state !== "held");
        return h(
            "div",
            { key: "cards", class: "cards" },
            panel.incoming.view(),
            panel.consult && between(this, panel.consult),
            [...talking, ...waiting].map((call) => this.card(call)),
            calls.length > 0 && this.another(),
        );
    }

    /** Digits that are typed go out as tones. @param {KeyboardEvent} event */
    pressed(event) {
        const { active } = this.panel.phone ?? { active: null };
        const free = this.panel.tab === "phone" && !this.panel.pad.adding;
        const target = /** @type {Element} */ (event.target);
        if (
            !active ||
            !free ||
            event.ctrlKey ||
            event.altKey ||
            event.metaKey ||
            !/^[0-9*#]$/.test(event.key) ||
            target.matches("input, select, textarea")
        ) {
            return false;
        }
        this.keypad = active.id;
        this.digit(active, event.key);
        return true;
    }

    /** @param {Call} call @param {string} digit */
    digit(call, digit) {
        this.at = digit;
        this.panel.sounds.digit(digit);
        call.dtmf(digit);
        this.panel.redraw();
    }

    /** A pad for one more call. */
    another() {
        const { panel } = this;
        const add = (/** @type {boolean} */ on) => () => {
            panel.pad.adding = on;
            panel.redraw();
        };
        if (!panel.pad.adding) {
            const more = { key: "add-button", class: "small wide", part: "add-call", drawing: "add" };
            return press(panel.say("call.add"), add(true), more);
        }
        return h(
            "section",
            { key: "add", class: "add", "aria-label": panel.say("call.add") },
            press(panel.say("call.add.close"), add(false), { drawing: "back" }),
            panel.pad.view(),
        );
    }

    /** @param {Call} call */
    card(call) {
        const { panel } = this;
        const active = call.state === "active" && !arriving(panel.calls).length; // who rings comes first
        return h(
            "section",
            {
                key: `call-${call.id}`,
                class: `card is-${call.state}`,
                part: "card",
                "aria-label": panel.about("call.with", call),
                "data-state": call.state,
                "data-call": call.id,
            },
            this.head(call),
            obstacle(panel, call),
            this.hints(call),
            UP.has(call.state) && pictures(panel, call),
            active && sound(panel, call),
            active && this.keypad === call.id && tones(this, call),
            active && controls(this, call),
            this.ends(call),
        );
    }

    /** @param {Call} call */
    head(call) {
        const { panel } = this;
        const open = () => panel.lay({ title: panel.say("quality.title"), view: () => details(panel, call) });
        const side = () => [
            h("span", { class: "timer", role: "timer" }, clock((Date.now() - call.answeredAt) / 1000)),
            dot(panel, call, open),
        ];
        return h(
            "div",
            { class: "peer" },
            person(
                initials(party(call)),
                names(party(call), numberOf(call)),
                h("span", { class: "state" }, panel.say(`call.${call.state}`)),
            ),
            UP.has(call.state) && h("div", { class: "side" }, side()),
        );
    }

    /** What one should know while talking. @param {Call} call */
    hints(call) {
        /** @type {[string, string, boolean][]} */
        const all = [
            ["reconnecting", "again", call.reconnecting],
            ["heldThere", "held", call.heldThere],
            ["recording", "record", call.recording],
            ["talking", "muted", call.talking],
        ];
        const hint = (/** @type {[string, string, boolean]} */ [key, drawing]) =>
            h("li", { key, class: `hint ${key}` }, icon(drawing), this.panel.say(`hint.${key}`));
        const on = all.filter(([, , is]) => is);
        return h("div", { key: "hints", role: "status" }, on.length > 0 && h("ul", { class: "hints" }, on.map(hint)));
    }

    /** @param {Call} call */
    ends(call) {
        const { panel } = this;
        const back = () => this.hold(call, false);
        const held = () => [
            press(panel.say("call.resume"), back, { class: "main", part: "resume", drawing: "phone" }),
            round(panel.say("tool.transfer"), "transfer", () => transfer(panel, call), {
                class: "small",
                part: "tool transfer",
            }),
        ];
        const end = { class: "end", part: "end", drawing: "end" };
        return h(
            "div",
            { class: "ends" },
            call.state === "held" && held(),
            press(panel.say("call.end"), () => panel.end(call), end),
        );
    }

    /** The others are held by the core. @param {Call} call @param {boolean} on */
    async hold(call, on) {
        await this.panel.attempt(() => call.hold(on));
    }
}
