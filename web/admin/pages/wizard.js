/** The first steps on a new switch, one after the other; each can be left out. */

import { h } from "../../base/dom.js";
import { dismiss } from "../parts/asked.js";
import { icon } from "../parts/icons.js";
import { Loaded } from "../parts/loaded.js";
import { isDone, placeOfStep, STEPS, stepAt } from "../parts/guidesteps.js";
import { ADDRESS, CALL, CERTIFICATE } from "../parts/stepviews.js";
import { FirstUser } from "../parts/firstuser.js";
import { NewPassword } from "../parts/newpassword.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/guidesteps.js").Setup} Setup */

/** @param {Site} site @param {string[]} rest @returns {import("../parts/site.js").Page} */
export default function wizard(site, rest) {
    return new Wizard(site, rest[0]);
}

/** What was done in this guide, also when one goes back to a step. @type {WeakMap<Site, Set<string>>} */
const DONE = new WeakMap();

class Wizard {
    /** @param {Site} site @param {string | undefined} step */
    constructor(site, step) {
        this.site = site;
        this.title = "page.wizard";
        this.place = placeOfStep(step);
        this.done = DONE.get(site) ?? new Set();
        DONE.set(site, this.done);
        /** @type {Loaded<Setup>} */
        this.setup = new Loaded(site, () => site.api.get("/setup"));
        const finished = (/** @type {string} */ each) => {
            this.done.add(each);
            this.setup.read();
        };
        this.password = new NewPassword(site, () => finished("password"));
        this.user = new FirstUser(site, () => finished("user"));
        this.setup.read();
        if (stepAt(this.place) === "user") {
            this.user.read();
        } else if (this.place === STEPS.length) {
            dismiss();
        }
    }

    close() {
        this.setup.close();
    }

    unsaved() {
        return stepAt(this.place) === "user" && this.user.unseen();
    }

    actions() {
        const leave = () => {
            dismiss();
            this.site.go("/dashboard");
        };
        return (
            this.place < STEPS.length &&
            h("button", { type: "button", class: "plain", onclick: leave }, this.site.say("wizard.leave"))
        );
    }

    view() {
        return this.setup.view((setup) => [
            this._progress(setup),
            h("section", { class: "card wizard-step", key: stepAt(this.place) }, this._step(setup)),
        ]);
    }

    /** @param {Setup} setup */
    _progress(setup) {
        const { say } = this.site;
        return h(
            "nav",
            {
                class: "wizard-progress",
                "aria-label": say("wizard.progress", {
                    count: Math.min(this.place + 1, STEPS.length),
                    all: STEPS.length,
                }),
            },
            h(
                "ol",
                {},
                STEPS.map((step, place) => {
                    const done = isDone(step, setup, this.done);
                    return h(
                        "li",
                        { key: step, class: done ? "done" : "" },
                        h(
                            "a",
                            { href: `#/wizard/${step}`, "aria-current": place === this.place ? "step" : null },
                            h(
                                "span",
                                { class: "wizard-mark", "aria-hidden": "true" },
                                done ? icon("good") : String(place + 1),
                            ),
                            h("span", {}, say(`wizard.${step}`)),
                            done ? h("span", { class: "unseen" }, say("wizard.is-done")) : null,
                        ),
                    );
                }),
            ),
        );
    }

    /** @param {Setup} setup */
    _step(setup) {
        const { say } = this.site;
        const step = stepAt(this.place);
        if (step === "done") {
            return this._end(setup);
        }
        return [
            h("p", { class: "soft" }, say("wizard.progress", { count: this.place + 1, all: STEPS.length })),
            h("h2", {}, say(`wizard.${step}.title`)),
            h("p", { class: "lead" }, say(step === "password" && setup.demo ? "wizard.demo" : `wizard.${step}.text`)),
            this._content(step, setup),
            this._ways(isDone(step, setup, this.done)),
        ];
    }

    /** @param {string} step @param {Setup} setup */
    _content(step, setup) {
        switch (step) {
            case "password":
                return this.password.view(isDone(step, setup, this.done));
            case "certificate":
                return CERTIFICATE(this.site, setup);
            case "address":
                return ADDRESS(this.site, setup);
            case "user":
                return this.user.view(setup);
            default:
                return CALL(this.site, () => this._called());
        }
    }

    _called() {
        this.done.add("call");
        this.site.call("9196");
        this.site.redraw();
    }

    /** Back, and on. @param {boolean} done */
    _ways(done) {
        const { say } = this.site;
        const last = this.place === STEPS.length - 1;
        return h(
            "div",
            { class: "wizard-ways" },
            this.place > 0 &&
                h("a", { class: "button", href: `#/wizard/${stepAt(this.place - 1)}` }, say("wizard.back")),
            h("span", { class: "space" }),
            h(
                "a",
                { class: `button ${done ? "primary" : ""}`, href: `#/wizard/${stepAt(this.place + 1)}` },
                say(done ? (last ? "wizard.finish" : "wizard.next") : "wizard.skip"),
            ),
        );
    }

    /** @param {Setup} setup */
    _end(setup) {
        const { say } = this.site;
        const left = STEPS.filter((step) => !isDone(step, setup, this.done));
        const next = /** @type {const} */ ([
            ["#/users", "people", "wizard.done.users"],
            ["#/gateways", "gateway", "wizard.done.gateways"],
            ["#/routes", "route", "wizard.done.routes"],
            ["#/diagnostics", "pulse", "wizard.done.diagnostics"],
        ]);
        return [
            h(
                "div",
                { class: "wizard-end" },
                icon("good"),
                h("h2", {}, say(left.length ? "wizard.done.almost" : "wizard.done.title")),
            ),
            left.length > 0 && [
                h("p", {}, say("wizard.done.left")),
                h(
                    "ul",
                    { class: "plain-list" },
                    left.map((step) =>
                        h("li", { key: step }, h("a", { href: `#/wizard/${step}` }, say(`wizard.${step}`))),
                    ),
                ),
            ],
            h("p", {}, say("wizard.done.next")),
            h(
                "ul",
                { class: "wizard-next" },
                next.map(([href, picture, key]) =>
                    h("li", { key }, h("a", { class: "button", href }, icon(picture), say(key))),
                ),
            ),
            h(
                "div",
                { class: "wizard-ways" },
                h("span", { class: "space" }),
                h("a", { class: "button primary", href: "#/dashboard" }, say("wizard.done.go")),
            ),
        ];
    }
}
