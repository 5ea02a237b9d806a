/** Somebody calls: who it is, and answer, decline or a message instead. */

import { h } from "../../base/dom.js";
import { hold } from "./focus.js";
import { arriving } from "./kind.js";
import { names, person, press, submit, written } from "./parts.js";
import { initials, numberOf, party, plain, within } from "./text.js";
import { obstacle } from "./trouble.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */

const QUICK = ["reply.later", "reply.meeting", "reply.driving"];

export class Incoming {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        this.replying = ""; // the call that gets words in place of an answer
        this.text = "";
    }

    /** A call has come: who has the panel open sees it at once. */
    begin() {
        if (this.panel.face.open) {
            this.panel.show("phone");
        }
    }

    /** @param {readonly Call[]} ringing */
    follow(ringing) {
        const { panel } = this;
        const call = ringing[0];
        if (!call) {
            panel.attention.stop();
            this.replying = "";
            return;
        }
        panel.attention.start({
            title: plain(panel.about("incoming.title", call), 80),
            text: panel.about("incoming.note", call),
            notify: Boolean(panel.memory.get("notify")),
            show: () => panel.face.show(),
            answer: () => this.first((each) => this.answer(each)),
            decline: () => this.first((each) => this.decline(each)),
        });
    }

    /** What the keys mean is what rings now, not what rang first. @param {(call: Call) => void} act */
    first(act) {
        const call = arriving(this.panel.calls)[0];
        if (call) {
            act(call);
        }
    }

    /** @param {Call} call @param {boolean} [video] */
    answer(call, video = false) {
        const { panel } = this;
        void panel.attempt(() => {
            panel.face.show();
            panel.show("phone");
            call.answer({ video });
        });
    }

    /** @param {Call} call */
    decline(call) {
        this.panel.end(call, "CALL_REJECTED");
    }

    /** @param {Call} call @param {string} text */
    reply(call, text) {
        const { panel } = this;
        const to = call.number;
        this.decline(call);
        this.replying = this.text = "";
        if (text.trim()) {
            const facts = { party: within(party(call)) };
            void panel.chats
                .send(to, text.trim())
                .then((arrived) =>
                    arrived
                        ? panel.notices.good("reply.sent", facts)
                        : panel.notices.add({ kind: "bad", text: panel.say("reply.failed", facts) }),
                );
        }
    }

    view() {
        return arriving(this.panel.calls).map((call) => this.one(call));
    }

    /** @param {Call} call */
    one(call) {
        const { panel } = this;
        const busy = panel.calls.some((each) => each.state === "active" || each.state === "held");
        const kind = busy ? "incoming.second" : call.offersVideo ? "incoming.video" : "incoming.audio";
        return h(
            "section",
            { key: `in-${call.id}`, class: "incoming", part: "incoming", "data-call": call.id },
            h(
                "div",
                { class: "alert", role: "alert" },
                person(
                    initials(party(call)),
                    h("span", { class: "soft" }, panel.say(kind)),
                    names(party(call), numberOf(call)),
                ),
            ),
            obstacle(panel, call),
            this.replying === call.id ? this.words(call) : this.choices(call, busy),
        );
    }

    /** @param {Call} call @param {boolean} busy */
    choices(call, busy) {
        const { panel } = this;
        const { say } = panel.face;
        const keys = (/** @type {string} */ letter) => ({ "aria-keyshortcuts": `Control+Alt+${letter}` });
        const seen = { class: "answer", part: "answer-video", drawing: "video" };
        return h(
            "div",
            { class: "choices" },
            press(say(busy ? "incoming.hold" : "incoming.answer"), () => this.answer(call), {
                ...keys("A"),
                class: "answer",
                part: "answer",
                drawing: "phone",
            }),
            call.offersVideo && press(say("incoming.withVideo"), () => this.answer(call, true), seen),
            press(say("incoming.decline"), () => this.decline(call), {
                ...keys("D"),
                class: "end",
                part: "decline",
                drawing: "end",
            }),
            press(say("incoming.reply"), () => this.write(call), {
                class: "small wide",
                part: "reply",
                drawing: "chat",
            }),
            h("p", { class: "soft keysline" }, say("incoming.keys")),
        );
    }

    /** Words in place of an answer: to this call, or to none. @param {Call | null} call */
    write(call) {
        this.replying = call?.id ?? "";
        this.panel.redraw();
        hold(this.panel.face.root, call ? ".reply" : ".choices");
    }

    /** @param {Call} call */
    words(call) {
        const { say } = this.panel.face;
        const quick = (/** @type {string} */ key) => press(say(key), () => this.reply(call, say(key)));
        const write = (/** @type {string} */ text) => {
            this.text = text;
        };
        return h(
            "form",
            { class: "reply", onsubmit: submit(() => this.reply(call, this.text)) },
            h("div", { class: "row wrap" }, QUICK.map(quick)),
            h(
                "div",
                { class: "row" },
                written(say("reply.text"), this.text, write, { class: "grow first", maxlength: "500" }),
                press(say("reply.send"), undefined, { class: "main", type: "submit" }),
            ),
            press(say("reply.back"), () => this.write(null), { drawing: "back" }),
        );
    }
}
