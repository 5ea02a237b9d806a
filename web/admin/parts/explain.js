/** The box that says what would become of a call, and why. */

import { h } from "../../base/dom.js";
import { partsOf } from "./routesteps.js";
import { pill } from "./table.js";
import { causeWords } from "./tell.js";
import { trouble } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */

const FIELDS = /** @type {const} */ (["number", "caller", "context", "at"]);

/** A question and its answer. */
export class Explain {
    /** @param {import("./site.js").Site} site */
    constructor(site) {
        this.site = site;
        /** @type {Record<string, string>} */
        this.given = { number: "", caller: "", context: "", at: "" };
        /** @type {any} */
        this.answer = null;
        /** @type {unknown} */
        this.fault = null;
        this.busy = false;
    }

    /** @param {Event} event */
    _ask = async (event) => {
        event.preventDefault();
        const { number = "", caller, context, at } = this.given;
        if (!number.trim() || this.busy) {
            return document.getElementById("explain-number")?.focus();
        }
        this.busy = true;
        this.fault = null;
        this.site.redraw();
        const wish = {
            number: number.trim(),
            ...(caller && { caller }),
            ...(context && { context }),
            ...(at && { at: new Date(at).toISOString() }),
        };
        try {
            this.answer = (await this.site.api.send("POST", "/routes:explain", wish)).data;
        } catch (error) {
            [this.answer, this.fault] = [null, error];
        }
        this.busy = false;
        this.site.redraw();
    };

    view() {
        const { say } = this.site;
        return h(
            "section",
            { class: "card explain", "aria-labelledby": "explain-title" },
            h("h2", { id: "explain-title" }, say("explain.title")),
            h("p", { class: "soft" }, say("explain.text")),
            h(
                "form",
                { class: "filter", onsubmit: this._ask, novalidate: true },
                FIELDS.map((each) => this._field(each)),
                h("button", { type: "submit", class: "primary", disabled: this.busy }, say("explain.ask")),
            ),
            h(
                "div",
                { role: "status" },
                this.fault ? trouble(this.site, this.fault) : this.answer && this._answer(this.answer),
            ),
        );
    }

    /** @param {typeof FIELDS[number]} name */
    _field(name) {
        const id = `explain-${name}`;
        const oninput = (/** @type {any} */ event) => (this.given[name] = event.target.value);
        const placeholder = { number: "1001", caller: "1000", context: "default", at: null }[name];
        const type = name === "at" ? "datetime-local" : "text";
        return h(
            "div",
            { class: "field", key: name },
            h("label", { for: id }, this.site.say(`explain.${name}`)),
            h("input", {
                id,
                type,
                placeholder,
                autocomplete: "off",
                spellcheck: "false",
                value: this.given[name],
                oninput,
            }),
        );
    }

    /** @param {any} answer */
    _answer(answer) {
        const { say, language } = this.site;
        const found = answer.looked_at.find((/** @type {any} */ each) => each.fits);
        const verdict = found
            ? say("explain.found", { number: answer.number, name: found.name || found.id })
            : say("explain.none", { number: answer.number, cause: causeWords(language, answer.cause) });
        return [
            h("p", { class: found ? "verdict good" : "verdict bad" }, verdict),
            h(
                "p",
                { class: "soft" },
                say("explain.when", {
                    local: answer.local,
                    context: answer.context,
                    caller: answer.caller || say("explain.nobody"),
                }),
            ),
            h("h3", {}, say("explain.looked")),
            h(
                "ol",
                { class: "looked" },
                answer.looked_at.map((/** @type {any} */ each) => this._looked(each)),
            ),
            answer.steps.length > 0 && [
                h("h3", {}, say("explain.steps")),
                h(
                    "ol",
                    { class: "looked" },
                    answer.steps.map((/** @type {any} */ each) => this._step(each)),
                ),
            ],
        ];
    }

    /** @param {any} rule */
    _looked(rule) {
        const { say } = this.site;
        const why = rule.misfits.map((/** @type {string} */ each) => say(`misfit.${each}`)).join(say("and"));
        return h(
            "li",
            { key: rule.id },
            h("strong", {}, rule.name || rule.id),
            h("span", { class: "soft" }, say(`origin.${rule.origin}.one`)),
            rule.fits ? pill(say("explain.fits"), "good") : h("span", {}, say("explain.misfits", { why })),
        );
    }

    /** @param {any} step */
    _step(step) {
        const { say } = this.site;
        return h(
            "li",
            {},
            h("code", {}, partsOf(`${step.action} ${step.argument}`).join(" ").trim()),
            step.reaches.length > 0 &&
                h(
                    "ul",
                    { class: "reaches" },
                    step.reaches.map((/** @type {any} */ each) =>
                        h(
                            "li",
                            {},
                            pill(each.target, each.reachable ? "good" : "bad"),
                            h("span", {}, reach(say, each)),
                        ),
                    ),
                ),
        );
    }
}

/** @param {import("../../base/words.js").Say} say @param {any} one */
function reach(say, one) {
    if (!one.reachable) {
        return say(`reach.${one.why || "down"}`);
    }
    return one.kind === "user"
        ? say("reach.user", { count: one.places.length })
        : say("reach.gateway", { names: one.gateways.map((/** @type {any} */ each) => each.name).join(", ") });
}
