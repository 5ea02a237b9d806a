/** What just happened, in a sentence with what can be done now: calls that ended, things that were refused. */

import { h } from "../../base/dom.js";
import { clock } from "./clock.js";
import { Failure, troubleOf } from "../core/trouble.js";
import { icon } from "./icons.js";
import { party, within } from "./text.js";
import { helps } from "./trouble.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */
/** @typedef {import("../core/trouble.js").Trouble} Trouble */
/**
 * @typedef {object} Notice
 * @property {number} id @property {"good" | "info" | "bad"} kind @property {string} text
 * @property {Trouble} [trouble] @property {string} [number] to call again @property {boolean} [video]
 */

const BRIEF = 6000; // ms that good news stay
const MOST = 3;
const NORMAL = new Set(["NORMAL_CLEARING", "SUCCESS", "BLIND_TRANSFER", "ATTENDED_TRANSFER", "ORIGINATOR_CANCEL", ""]);
const BUSY = new Set(["USER_BUSY", "BUSY_EVERYWHERE", "CALL_REJECTED", "DECLINE"]);

export class Notices {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        /** @type {Notice[]} */
        this.all = [];
        this.next = 1;
    }

    /** @param {Omit<Notice, "id">} notice */
    add(notice) {
        const id = this.next++;
        this.all = [...this.all.filter((each) => each.text !== notice.text), { ...notice, id }].slice(-MOST);
        this.panel.announce(notice.text);
        if (notice.kind !== "bad") {
            setTimeout(() => this.drop(id), BRIEF);
        }
        this.panel.redraw();
    }

    /** @param {number} id */
    drop(id) {
        this.all = this.all.filter((each) => each.id !== id);
        this.panel.redraw();
    }

    /** The server is there: that it was not is no news any more, but for calls that can be tried again. */
    reached() {
        this.all = this.all.filter((each) => each.number || each.trouble?.code !== "no-reply");
    }

    /** Somebody tries once more: what went wrong before may go well now. @param {string} number */
    again(number) {
        this.all = this.all.filter((each) => !each.trouble && each.number !== number);
    }

    /** @param {string} key @param {Record<string, string | number>} [facts] */
    good(key, facts) {
        this.add({ kind: "good", text: this.panel.say(key, facts) });
    }

    /** Something did not work. @param {unknown} thrown @param {Partial<Notice>} [more] */
    trouble(thrown, more = {}) {
        const trouble = troubleOf(thrown);
        const { facts = {} } = trouble;
        const text = this.panel.say(`trouble.${trouble.code}`, { ...facts, party: within(party(facts)) });
        this.add({ kind: "bad", text, trouble, ...more });
    }

    /** What stays to be seen elsewhere is not told here. @param {Trouble} trouble */
    passing(trouble) {
        if (trouble.code === "call-lost") {
            this.trouble(new Failure(trouble), { number: String(trouble.facts?.number ?? "") });
        } else if (trouble.code.startsWith("camera-")) {
            this.trouble(new Failure(trouble));
        }
    }

    /** @param {Call} call */
    ended(call) {
        const { panel } = this;
        const again = {
            number: call.way === "out" ? call.destination || call.number : call.number,
            video: call.video.mine,
        };
        if (panel.passed.has(call.id)) {
            return; // who passed it on has said so
        }
        if (call.cause === "PICKED_OFF") {
            this.add({ kind: "info", text: this.cause(call) });
            return;
        }
        if (call.trouble) {
            this.trouble(new Failure(call.trouble), again);
        } else if (call.answeredAt) {
            const time = clock((call.endedAt - call.answeredAt) / 1000);
            const why = panel.ours.has(call.id) || NORMAL.has(call.cause) ? "" : this.cause(call);
            this.add(
                why
                    ? { kind: "bad", text: why, ...again }
                    : { kind: "info", text: panel.about("ended.normal", call, { time }) },
            );
        } else if (call.cause === "LOSE_RACE") {
            this.add({ kind: "info", text: panel.about("ended.elsewhere", call) });
        } else if (!panel.ours.has(call.id)) {
            if (call.way === "out" && BUSY.has(call.cause)) {
                panel.sounds.busy();
            }
            this.add({
                kind: "bad",
                text: call.way === "in" ? panel.about("ended.missed", call) : this.cause(call),
                ...again,
            });
        }
    }

    /** @param {Call} call */
    cause(call) {
        const key = `cause.${call.cause}`;
        const text = this.panel.about(key, call);
        return text === key ? this.panel.about("cause.other", call, { cause: call.cause }) : text;
    }

    view() {
        return h(
            "div",
            { key: "notices", class: "notices" },
            this.all.map((notice) => this.one(notice)),
        );
    }

    /** @param {Notice} notice */
    one({ id, kind, text, trouble, number, video }) {
        const { panel } = this;
        const again = () => {
            this.drop(id);
            panel.call(/** @type {string} */ (number), { video });
        };
        return h(
            "div",
            { key: `notice-${id}`, class: `notice ${kind}`, part: "notice" },
            icon(kind === "good" ? "check" : kind === "bad" ? "alert" : "end"),
            h(
                "div",
                { class: "grow" },
                h("p", {}, text),
                trouble && helps(panel, trouble),
                number &&
                    kind === "bad" &&
                    h("button", { class: "small", type: "button", onclick: again }, panel.say("call.again")),
            ),
            h(
                "button",
                {
                    class: "round",
                    type: "button",
                    "aria-label": panel.say("notice.close"),
                    title: panel.say("notice.close"),
                    onclick: () => this.drop(id),
                },
                icon("cross"),
            ),
        );
    }
}
