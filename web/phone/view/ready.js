/** The ready check: step by step whether this browser and this network can make calls, and what to do if not. */

import { h } from "../../base/dom.js";
import { troubleOf } from "../core/trouble.js";
import { icon } from "./icons.js";
import { press } from "./parts.js";
import { advice } from "./trouble.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/trouble.js").Trouble} Trouble */
/** @typedef {{state: "idle" | "wait" | "ok" | "fail", trouble?: Trouble}} Step */

const FIRST = { class: "main wide first" };
const STEPS = ["secure", "socket", "login", "microphone", "media"];

export class Ready {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        /** @type {Map<string, Step>} */
        this.steps = new Map();
        this.running = false;
        this.begun = false;
        this.asked = false; // for the microphone, by a press
        this.round = 0;
    }

    /** Show it anew. */
    again() {
        this.panel.memory.set({ checked: false });
        this.reset();
        this.panel.redraw();
    }

    /** Nothing is known: it is another phone, or there is another wish. */
    reset() {
        this.round++;
        this.begun = this.asked = this.running = false;
        this.steps.clear();
    }

    /** @param {boolean} microphone whether the browser may ask now */
    async run(microphone) {
        const { phone } = this.panel;
        const round = ++this.round;
        const isLatest = () => round === this.round;
        if (!phone) {
            return;
        }
        this.running = this.begun = true;
        this.asked ||= microphone;
        this.steps.clear();
        try {
            for await (const { step, state, trouble } of phone.check({ microphone })) {
                if (!isLatest()) {
                    return;
                }
                this.steps.set(step, { state, trouble: trouble ?? undefined });
                this.panel.redraw();
            }
        } catch (error) {
            if (!isLatest()) {
                return;
            }
            const step = STEPS.find((each) => this.of(each).state !== "ok") ?? "socket";
            this.steps.set(step, { state: "fail", trouble: troubleOf(error) });
        }
        this.running &&= !isLatest();
        this.panel.redraw();
    }

    /** @param {string} step @returns {Step} */
    of(step) {
        return this.steps.get(step) ?? { state: "idle" };
    }

    leave() {
        this.round++;
        this.panel.memory.set({ checked: true });
        this.panel.show("phone");
        this.panel.opened();
    }

    view() {
        const { panel } = this;
        const { say } = panel.face;
        if (!this.begun && panel.phone) {
            this.begun = true;
            queueMicrotask(() => void this.run(false));
        }
        const failed = STEPS.some((step) => this.of(step).state === "fail");
        const good = (/** @type {string} */ step) => this.of(step).state === "ok" || step === "media";
        const done = !failed && !this.running && STEPS.every(good);
        return h(
            "div",
            { key: "ready", class: "ready", part: "ready" },
            h("h2", {}, say("ready.title")),
            h("p", { class: "soft" }, say(done ? "ready.done" : "ready.why")),
            h(
                "ol",
                { class: "steps" },
                STEPS.map((step) => this.step(step)),
            ),
            !done && !failed && !this.running && this.ask(),
            failed && press(say("again"), () => this.repeat(), { ...FIRST, drawing: "again", disabled: this.running }),
            done && press(say("ready.go"), () => this.leave(), { ...FIRST, drawing: "check" }),
            !done && press(say("ready.later"), () => this.leave(), { class: "small wide" }),
        );
    }

    ask() {
        const { say } = this.panel.face;
        return h(
            "div",
            { class: "ask" },
            h("p", {}, say("ready.microphone")),
            press(say("ready.allow"), () => this.run(true), { ...FIRST, part: "allow", drawing: "mic" }),
        );
    }

    /** Who has pressed for the microphone once may be asked again. */
    repeat() {
        return this.run(this.asked || this.of("microphone").state === "fail");
    }

    /** @param {string} name */
    step(name) {
        const { panel } = this;
        const { trouble, state: found } = this.of(name);
        const over = found === "wait" && !this.running; // sound is seen in the first call
        const state = over ? (name === "media" ? "later" : "idle") : found;
        const drawing = { ok: "check", fail: "alert", wait: "wait", idle: "", later: "" }[state];
        return h(
            "li",
            { key: name, class: `step ${state}` },
            h("span", { class: "lamp" }, drawing && icon(drawing)),
            h(
                "div",
                { class: "grow" },
                h("span", {}, panel.say(`step.${name}`)),
                h("span", { class: "unseen" }, panel.say(`step.${state}`)),
                state === "fail" && trouble && h("div", { role: "alert" }, advice(panel, trouble)),
            ),
        );
    }
}
