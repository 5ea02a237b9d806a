/** Written messages: threads, one open thread, and whether what was sent arrived. */

import { h } from "../../base/dom.js";
import { dialable } from "../core/numbers.js";
import { moment } from "./history.js";
import { icon } from "./icons.js";
import { empty, press, round, submit, written } from "./parts.js";
import { initials, plain, within } from "./text.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/chat.js").Message} Message */

const LONGEST = 2000; // characters of a message

export class Chats {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        this.open = ""; // the number whose thread is shown
        this.text = "";
        this.to = "";
        /** @type {Map<string, number>} unread, a number */
        this.fresh = new Map();
    }

    get unread() {
        return [...this.fresh.values()].reduce((sum, each) => sum + each, 0);
    }

    /** @returns {Map<string, Message[]>} */
    get threads() {
        return this.panel.phone?.chat.threads ?? new Map();
    }

    /** @param {Message} message */
    came(message) {
        const from =
            [...this.threads].find(([, all]) => all.some((each) => each.id === message.id))?.[0] ?? message.name;
        if (message.way === "in" && !(this.open === from && this.panel.tab === "chat" && this.panel.face.open)) {
            this.fresh.set(from, (this.fresh.get(from) ?? 0) + 1);
            this.panel.announce(this.panel.say("chat.came", { party: within(from) }));
        }
        this.down();
        this.panel.redraw();
    }

    /** @param {string} to @param {string} text @returns {Promise<boolean>} whether it arrived */
    async send(to, text) {
        const sent = await this.panel.phone?.chat.send(to, text);
        this.panel.redraw();
        return sent?.state === "sent";
    }

    /** Send what is written; a message that failed says so itself. @param {string} to */
    async write(to) {
        const text = this.text.trim();
        this.text = "";
        if (text && to) {
            const sending = this.send(to, text);
            this.show(to);
            await sending;
        }
    }

    /** @param {string} number */
    show(number) {
        this.open = number;
        this.to = "";
        this.fresh.delete(number);
        this.down();
        this.panel.redraw();
    }

    /** The latest is at the end. */
    down() {
        setTimeout(() =>
            this.panel.face.root.querySelector(".messages > :last-child")?.scrollIntoView({ block: "nearest" }),
        );
    }

    view() {
        return this.open ? this.thread(this.open) : this.overview();
    }

    overview() {
        const { panel } = this;
        const all = [...this.threads].filter(([, messages]) => messages.length);
        all.sort(([, a], [, b]) => (b.at(-1)?.at ?? 0) - (a.at(-1)?.at ?? 0));
        const to = dialable(this.to);
        const write = (/** @type {string} */ text) => {
            this.to = text;
            panel.redraw();
        };
        return [
            h(
                "form",
                { key: "new", class: "row new", onsubmit: submit(() => to && this.show(to)) },
                written(panel.say("chat.to"), this.to, write, { class: "grow", inputmode: "tel" }),
                press(panel.say("chat.new"), undefined, { class: "main", type: "submit", disabled: !to }),
            ),
            !all.length && empty("chat", panel.say("chat.none")),
            h(
                "ul",
                { key: "threads", class: "list" },
                all.map(([number, messages]) => this.row(number, messages)),
            ),
        ];
    }

    /** @param {string} number @param {Message[]} messages */
    row(number, messages) {
        const { panel } = this;
        const last = /** @type {Message} */ (messages.at(-1));
        const count = this.fresh.get(number) ?? 0;
        return h(
            "li",
            { key: number },
            h(
                "button",
                { type: "button", class: `entry${count ? " fresh" : ""}`, onclick: () => this.show(number) },
                h("span", { class: "face small", "aria-hidden": "true" }, initials(number) || icon("chat")),
                h(
                    "span",
                    { class: "grow" },
                    h("bdi", { class: "name" }, plain(number)),
                    h("bdi", { class: "soft line" }, plain(last.text, 40)),
                ),
                count > 0 && h("span", { class: "count" }, count),
                count > 0 && h("span", { class: "unseen" }, panel.say("chat.unread", { count })),
                h("time", { class: "soft" }, moment(new Date(last.at), panel.face.language)),
            ),
        );
    }

    /** @param {string} number */
    thread(number) {
        const { panel } = this;
        const label = panel.say("chat.with", { party: within(number) });
        const back = () => {
            this.open = "";
            panel.redraw();
        };
        return h(
            "div",
            { key: "thread", class: "thread" },
            h(
                "div",
                { class: "row" },
                round(panel.say("chat.all"), "back", back),
                h("strong", { class: "grow name" }, h("bdi", {}, plain(number))),
                round(panel.say("pad.call"), "phone", () => panel.call(number)),
            ),
            h(
                "ol",
                { class: "messages", role: "log", "aria-label": label, tabindex: "0" },
                (this.threads.get(number) ?? []).map((each) => this.message(number, each)),
            ),
            this.composer(number),
        );
    }

    /** @param {string} number */
    composer(number) {
        const { panel } = this;
        const write = (/** @type {string} */ text) => {
            this.text = text;
            panel.redraw();
        };
        const typed = (/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
                event.preventDefault();
                void this.write(number);
            }
        };
        return h(
            "form",
            { class: "row", onsubmit: submit(() => this.write(number)) },
            written(panel.say("chat.text"), this.text, write, {
                tag: "textarea",
                class: "grow first",
                rows: "1",
                maxlength: String(LONGEST),
                onkeydown: typed,
            }),
            round(panel.say("chat.send"), "send", undefined, {
                class: "main round",
                type: "submit",
                disabled: !this.text.trim(),
            }),
        );
    }

    /** @param {string} number @param {Message} message */
    message(number, message) {
        const { panel } = this;
        const { state } = message;
        const drawing = { failed: "alert", sent: "check", sending: "wait" }[state];
        return h(
            "li",
            { key: message.id, class: `message ${message.way} ${state}` },
            h("bdi", { class: "bubble" }, String(message.text).slice(0, LONGEST)),
            h(
                "span",
                { class: "soft" },
                moment(new Date(message.at), panel.face.language),
                message.way === "out" && h("span", { class: "delivery" }, icon(drawing), panel.say(`chat.${state}`)),
            ),
            state === "failed" && press(panel.say("again"), () => this.send(number, message.text)),
        );
    }
}
