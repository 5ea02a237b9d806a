/** What is right and wrong here, a test call, who is registered, the log, and what embedders need. */

import { h } from "../../base/dom.js";
import { state } from "../parts/figures.js";
import { icon } from "../parts/icons.js";
import { Loaded } from "../parts/loaded.js";
import { LogTail } from "../parts/logtail.js";
import { copyText } from "../parts/message.js";
import { rows } from "../parts/rows.js";
import { moment, partyName } from "../parts/tell.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/warnings.js").Check} Check */
/**
 * @typedef {{id: string, user: string, door: string, host: string, transport: string, agent: string, until: string |
 * null, url: string}} Registration
 */

const MARKS = /** @type {const} */ ({ ok: "good", warn: "warn", fail: "bad", skip: "soft" });
const WORST_FIRST = ["fail", "warn", "skip", "ok"];
const TESTS = ["9196", "9197", "9198"];
const LATEST = 6;
const CHECKS = [
    ...["config", "packages", "open-files", "port", "certificate", "secure-origin", "media-addresses"],
    ...["stun", "files", "first-password", "sounds", "recordings", "flows", "disk"],
];

/**
 * What is checked, in words; a port by its number.
 * @param {import("../../base/words.js").Say} say @param {string} name
 */
function named(say, name) {
    const [kind = "", port = ""] = name.split(" ");
    const key = kind === "port" ? kind : name.toLowerCase().replaceAll(" ", "-");
    return CHECKS.includes(key) ? say(`check.name.${key}`, { port }) : name;
}

/**
 * @param {Site} site @param {string[]} _rest @param {URLSearchParams} query @returns {import("../parts/site.js").Page}
 */
export default function diagnostics(site, _rest, query) {
    return new Diagnostics(site, query.get("call") ?? "");
}

class Diagnostics {
    /** @param {Site} site @param {string} call whose lines of the log are wanted */
    constructor(site, call) {
        this.site = site;
        this.title = "page.diagnostics";
        this.checked = new Date();
        this.doctor = new Loaded(site, async () => {
            const found = await site.api.get("/doctor");
            this.checked = new Date();
            return /** @type {{checks: Check[]}} */ (found);
        });
        /** @type {Loaded<{items: Registration[], next_cursor: string | null, total: number}> | null} */
        this.registrations = site.may("registrations:read")
            ? new Loaded(site, () => site.api.get("/registrations", { limit: 200, total: true }))
            : null;
        /** @type {Loaded<{items: import("../parts/cdr.js").Cdr[]}> | null} */
        this.latest = site.may("cdr:read") ? new Loaded(site, () => site.api.get("/cdrs", { limit: LATEST })) : null;
        this.setup = new Loaded(site, () => site.api.get("/setup"));
        this.log = site.may("logs:read") ? new LogTail(site, call) : null;
        this.unlisten = site.may("events:read")
            ? site.api.listen(["registration.*", "call.ended"], () => this._heard())
            : () => {};
        [this.doctor, this.registrations, this.latest, this.setup].forEach((each) => each?.read());
    }

    close() {
        this.unlisten();
        [this.doctor, this.registrations, this.latest, this.setup, this.log].forEach((each) => each?.close());
    }

    _heard() {
        this.registrations?.soon();
        this.latest?.soon();
    }

    actions() {
        return h(
            "button",
            { type: "button", disabled: this.doctor.reading, onclick: () => this._look() },
            this.site.say(this.doctor.reading ? "diag.looking" : "diag.look"),
        );
    }

    _look() {
        this.doctor.read();
        this.site.redraw();
    }

    view() {
        return [
            this._checks(),
            h("div", { class: "halves" }, this._test(), this._capture()),
            this._registrations(),
            this.log?.view(),
            this._embed(),
        ];
    }

    _checks() {
        const { say, language } = this.site;
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("diag.checks")),
            this.doctor.view(({ checks }) => {
                const sorted = [...checks].sort(
                    (one, other) => WORST_FIRST.indexOf(one.state) - WORST_FIRST.indexOf(other.state),
                );
                const wrong = sorted.filter((check) => check.state === "fail" || check.state === "warn");
                return [
                    h(
                        "p",
                        { class: "soft", role: "status" },
                        say(wrong.length ? "diag.wrong" : "diag.well", {
                            count: wrong.length,
                            time: moment(language, this.checked.toISOString()),
                        }),
                    ),
                    h(
                        "ul",
                        { class: "doctor" },
                        sorted.map((check) => this._check(check)),
                    ),
                ];
            }),
        );
    }

    /** @param {Check} check */
    _check(check) {
        const { say, said } = this.site;
        const [found, fix] = [said(check.text), said(check.fix)];
        return h(
            "li",
            { class: `check-${check.state}` },
            h("div", { class: "check-state" }, state(MARKS[check.state], say(`check.${check.state}`))),
            h(
                "div",
                {},
                h("strong", {}, named(say, check.name)),
                h("p", { lang: found.lang }, found.text),
                check.fix ? h("p", { class: "fix", lang: fix.lang }, icon("info"), fix.text) : null,
            ),
        );
    }

    _test() {
        const { site } = this;
        const { say } = site;
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("diag.test")),
            h("p", { class: "soft" }, say("diag.test.text")),
            h(
                "div",
                { class: "buttons left" },
                TESTS.map((number) =>
                    h(
                        "button",
                        { type: "button", key: number, onclick: () => site.call(number) },
                        icon("call"),
                        say(`diag.test.${number}`),
                    ),
                ),
            ),
        );
    }

    /** Calls whose ladders can be looked at. */
    _capture() {
        const { say, language } = this.site;
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("diag.capture")),
            h("p", { class: "soft" }, say("diag.capture.text")),
            this.latest?.view(({ items }) =>
                items.length
                    ? h(
                          "ul",
                          { class: "lines" },
                          items.map((cdr) =>
                              h(
                                  "li",
                                  { key: cdr.id },
                                  h(
                                      "a",
                                      { href: `#/${cdr.ended ? "cdrs" : "calls"}/${cdr.id}` },
                                      `${partyName(cdr.caller)} → ${partyName(cdr.callee)}`,
                                  ),
                                  h("span", { class: "soft" }, moment(language, cdr.started)),
                              ),
                          ),
                      )
                    : h("p", { class: "soft" }, say("cdrs.none")),
            ),
        );
    }

    _registrations() {
        const { say, language } = this.site;
        return (
            this.registrations &&
            h(
                "section",
                { class: "card flat" },
                h("h2", {}, say("diag.registrations")),
                this.registrations.view(({ items, total }) => [
                    h(
                        "p",
                        { class: "soft", role: "status" },
                        say("diag.registrations.count", { count: total ?? items.length }),
                    ),
                    items.length > 0 &&
                        rows(
                            say("diag.registrations"),
                            [
                                { label: say("diag.user"), cell: (each) => each.user },
                                {
                                    label: say("leg.door"),
                                    cell: (each) => [each.door, each.transport].filter(Boolean).join(" · "),
                                },
                                { label: say("diag.host"), cell: (each) => each.host || "–" },
                                { label: say("diag.agent"), cell: (each) => each.agent || "–" },
                                {
                                    label: say("diag.until"),
                                    cell: (each) =>
                                        each.until ? moment(language, each.until) : say("diag.until.connected"),
                                },
                                { label: say("calls.do"), cell: (each) => this._kick(each), quiet: true, end: true },
                            ],
                            items,
                            (each) => each.id,
                        ),
                ]),
            )
        );
    }

    /** @param {Registration} one */
    _kick(one) {
        const { say } = this.site;
        return (
            this.site.may("registrations:write") &&
            h(
                "button",
                {
                    type: "button",
                    "aria-label": say("diag.kick.of", { user: one.user, host: one.host }),
                    onclick: () => this._end(one),
                },
                say("diag.kick"),
            )
        );
    }

    /** @param {Registration} one */
    async _end(one) {
        const { say } = this.site;
        if (
            await this.site.ask({
                title: say("diag.kick.ask", { user: one.user }),
                text: say("diag.kick.text"),
                yes: say("diag.kick"),
                danger: true,
            })
        ) {
            await this.site.api
                .send("DELETE", `/registrations/${encodeURIComponent(one.id)}`)
                .catch((error) => this.site.fail(error));
            this.registrations?.soon();
        }
    }

    /** How pages of others get a phone, and what browsers ask of private networks. */
    _embed() {
        const { site } = this;
        const { say } = site;
        const origin = location.origin;
        const socket = origin.replace(/^http/, "ws");
        const snippet = [
            `<script type="module" src="${origin}/static/phone.js"></script>`,
            `<xswitch-phone server="${socket}/ws" lang="${site.locale}"></xswitch-phone>`,
        ].join("\n");
        const origins = /** @type {any} */ (this.setup.data)?.origins ?? [];
        const line = `[listen]\norigins = ["https://www.example.com"]`;
        const block = (/** @type {string} */ text) => [
            h("pre", { tabindex: "0", translate: "no" }, text),
            h("button", { type: "button", onclick: () => copyText(site, text) }, icon("copy"), say("diag.copy")),
        ];
        return h(
            "section",
            { class: "card embed" },
            h("h2", {}, say("diag.embed")),
            h("p", {}, say("diag.embed.text")),
            block(snippet),
            h("h3", {}, say("diag.origins")),
            h("p", {}, say("diag.origins.text")),
            this.setup.data
                ? h(
                      "p",
                      {},
                      origins.length
                          ? say("diag.origins.now", { origins: origins.join(", ") })
                          : say("diag.origins.none"),
                  )
                : null,
            block(line),
            h("h3", {}, say("diag.lna")),
            h("p", {}, say("diag.lna.text")),
            h("p", {}, say("diag.lna.policy")),
            block('<iframe src="…" allow="microphone; speaker-selection; local-network-access"></iframe>'),
        );
    }
}
