/** Sending a call on: at once, or after asking. */

import { h } from "../../base/dom.js";
import { dialable } from "../core/numbers.js";
import { troubleOf } from "../core/trouble.js";
import { press, submit, written } from "./parts.js";
import { party, plain, within } from "./text.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */

const MOST = 5; // suggestions

/** @param {Panel} panel @param {Call} call */
export function transfer(panel, call) {
    const form = new Transfer(panel, call);
    panel.lay({ title: panel.about("transfer.label", call), view: () => form.view() });
}

class Transfer {
    /** @param {Panel} panel @param {Call} call */
    constructor(panel, call) {
        this.panel = panel;
        this.call = call;
        this.text = "";
        this.busy = false;
        this.trouble = "";
    }

    get number() {
        return dialable(this.text);
    }

    /** Away with it; if that fails the call is still here. */
    async blind() {
        const { panel, call, number } = this;
        if (!number || this.busy) {
            return;
        }
        this.busy = true;
        this.trouble = "";
        panel.redraw();
        panel.passed.add(call.id);
        try {
            await call.transfer(number);
            panel.unlay();
            panel.notices.good("transfer.done", { party: within(party(call)), number });
        } catch (error) {
            panel.passed.delete(call.id);
            const { code, facts } = troubleOf(error);
            this.trouble = panel.say("transfer.failed", { number, why: panel.say(`trouble.${code}`, facts) });
        }
        this.busy = false;
        panel.redraw();
    }

    /** Speak with somebody first. @param {Call | null} [second] a call that is up already */
    ask(second = null) {
        const { panel, call, number } = this;
        panel.unlay();
        const other = second ?? panel.call(number);
        if (other) {
            panel.consult = { first: call, second: other };
            panel.redraw();
        }
    }

    view() {
        const { panel, call, busy } = this;
        const { say } = panel.face;
        const write = (/** @type {string} */ text) => {
            this.text = text;
            panel.redraw();
        };
        const others = panel.calls.filter(
            (each) => each !== call && (each.state === "active" || each.state === "held"),
        );
        const field = {
            class: "number first",
            inputmode: "tel",
            autocapitalize: "off",
            spellcheck: "false",
            part: "transfer-to",
        };
        const wide = { class: "small wide", disabled: busy };
        const join = (/** @type {Call} */ other) =>
            press(panel.about("transfer.join", other), () => this.ask(other), { ...wide, drawing: "join" });
        return h(
            "form",
            { class: "transfer", onsubmit: submit(() => this.blind()) },
            h("p", { class: "soft" }, say("transfer.how")),
            written(say("transfer.number"), this.text, write, field),
            h(
                "div",
                { class: "row wrap" },
                this.known().map((each) => press(plain(each.name || each.number, 24), () => write(each.number))),
            ),
            h("p", { class: "bad-text", role: "alert" }, this.trouble),
            this.buttons(),
            others.map(join),
        );
    }

    buttons() {
        const { say } = this.panel.face;
        const disabled = !this.number || this.busy;
        const now = { class: "main wide", type: "submit", drawing: "transfer", disabled };
        return [
            press(say(this.busy ? "transfer.busy" : "transfer.now"), undefined, now),
            press(say("transfer.first"), () => this.ask(), {
                class: "small wide",
                drawing: "phone",
                part: "ask",
                disabled,
            }),
        ];
    }

    /** Numbers of the past that begin like this. */
    known() {
        const fits = this.panel.history
            .known()
            .filter((each) => each.number.startsWith(this.number) && each.number !== this.number)
            .filter((each) => each.number !== this.call.number); // they are the one who is sent on
        return fits.slice(0, MOST);
    }
}
