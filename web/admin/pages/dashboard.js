/** The switch at a glance: what needs attention, figures now, and the last hour. */

import { h } from "../../base/dom.js";
import { chart } from "../parts/chart.js";
import { figures, state } from "../parts/figures.js";
import { along, aMinute, summed } from "../parts/hour.js";
import { icon } from "../parts/icons.js";
import { Loaded } from "../parts/loaded.js";
import { bytes, number, percent, quality, span } from "../parts/tell.js";
import { diskMark, gatewayMark, warnings } from "../parts/warnings.js";
import { dismiss, wanted } from "../parts/asked.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/figures.js").Figure} Figure */

const EVENTS = ["call.created", "call.answered", "call.ended", "registration.*", "gateway.*", "config.*"];
const LATE_MS = 200; // a lateness of the loop that calls are heard to suffer from

/** @param {Site} site @returns {import("../parts/site.js").Page} */
export default function dashboard(site) {
    return new Dashboard(site);
}

class Dashboard {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        this.title = "page.dashboard";
        this.status = new Loaded(site, () => site.api.get("/status")).every(5);
        /** @type {Loaded<import("../parts/hour.js").History>} */
        this.history = new Loaded(site, () => site.api.get("/status/history")).every(30);
        /**
         * Only what is wrong there is shown here. @type {Loaded<{checks: import("../parts/warnings.js").Check[]}> |
         * null}
         */
        this.doctor = site.may("config:read") ? new Loaded(site, () => site.api.get("/doctor")) : null;
        this.firstPassword = false;
        this.left = false;
        this.unlisten = site.may("events:read") ? site.api.listen(EVENTS, (event) => this._heard(event)) : () => {};
        this.status.read();
        this.history.read();
        this.doctor?.read();
        wanted(site).then((found) => {
            this.firstPassword = found.firstPassword;
            if (found.now && !this.left) {
                dismiss(); // once: who goes to the dashboard from there wants the dashboard
                site.go("/wizard");
            }
            site.redraw();
        });
    }

    close() {
        this.left = true;
        this.unlisten();
        this.status.close();
        this.history.close();
        this.doctor?.close();
    }

    /** @param {import("../api.js").Happening} event */
    _heard(event) {
        this.status.soon();
        this.history.soon();
        if (/^(config|events)\./.test(event.type)) {
            this.doctor?.soon(); // what was wrong may be right now, as after a restart
        }
    }

    view() {
        return [
            this._warnings(),
            this.status.view((status) => [this._now(status), this._charts(), this._states(status)]),
        ];
    }

    _warnings() {
        const { say, language } = this.site;
        const known = {
            status: this.status.data,
            firstPassword: this.firstPassword,
            checks: this.doctor?.data?.checks ?? [],
        };
        const all = warnings(known);
        if (!all.length) {
            return null;
        }
        const told = (/** @type {import("../parts/warnings.js").Warning} */ { key, facts }) => {
            const free = typeof facts["free"] === "number" ? bytes(language, facts["free"]) : "";
            return say(key, { ...facts, free, state: facts["state"] ? say(`gateway.state.${facts["state"]}`) : "" });
        };
        return h(
            "ul",
            { class: "warnings", "aria-label": say("warnings") },
            all.map((each) =>
                h(
                    "li",
                    { class: each.kind, key: told(each) },
                    icon("bad"),
                    h(
                        "div",
                        {},
                        h("strong", {}, told(each)),
                        [each.text, each.fix].map((text) => text && this._said(text)),
                    ),
                    h("a", { class: "button", href: each.href }, say(`${each.key}.do`)),
                ),
            ),
        );
    }

    /** @param {string} text */
    _said(text) {
        const told = this.site.said(text);
        return h("span", { class: "soft", lang: told.lang }, told.text);
    }

    /** @param {any} status */
    _now(status) {
        const { say, language } = this.site;
        const items = this.history.data?.items ?? [];
        const hour = summed(items);
        const up = Object.values(status.gateways).filter(
            (each) => gatewayMark(/** @type {string} */ (each)) === "good",
        ).length;
        const count = Object.keys(status.gateways).length;
        const grade = quality(hour.mos);
        /** @type {Figure[]} */
        const all = [
            {
                label: say("dash.calls"),
                value: number(language, status.calls),
                note: say("dash.legs", { count: status.legs }),
                href: "#/calls",
            },
            {
                label: say("dash.rate"),
                value: number(language, aMinute(items)),
                note: say("dash.rate.note", { count: hour.started }),
            },
            {
                label: say("dash.asr"),
                value: hour.ratio === null ? "–" : percent(language, hour.ratio),
                note: hour.ratio === null ? say("dash.none") : say("dash.asr.note", { count: hour.ended }),
                href: "#/cdrs",
            },
            {
                label: say("dash.mos"),
                value: hour.mos === null ? "–" : number(language, hour.mos, { maximumFractionDigits: 2 }),
                note: grade ? say(`quality.${grade}`) : say("dash.none"),
                mark: grade === "bad" ? "bad" : grade === "poor" ? "warn" : "",
            },
            {
                label: say("dash.registrations"),
                value: number(language, status.registrations),
                note: say("dash.registrations.note"),
                href: this.site.may("config:read") ? "#/diagnostics" : "",
            },
            {
                label: say("dash.gateways"),
                value: count ? `${number(language, up)} / ${number(language, count)}` : "–",
                note: say(count ? "dash.gateways.note" : "dash.gateways.none"),
                mark: up < count ? "warn" : "",
                href: "#/gateways",
            },
        ];
        return h("section", { "aria-label": say("dash.now") }, figures(all));
    }

    _charts() {
        const { site } = this;
        const { say, language } = site;
        const whole = (/** @type {number} */ value) => number(language, value, { maximumFractionDigits: 1 });
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("dash.hour")),
            this.history.view((history) =>
                h(
                    "div",
                    { class: "charts" },
                    chart(site, {
                        title: say("dash.chart.calls"),
                        kind: "area",
                        points: along(history, "busiest"),
                        told: whole,
                        least: 5,
                    }),
                    chart(site, {
                        title: say("dash.chart.rate"),
                        kind: "bars",
                        points: along(history, "started"),
                        told: whole,
                        least: 5,
                    }),
                    chart(site, {
                        title: say("dash.chart.mos"),
                        kind: "line",
                        points: along(history, "mos"),
                        told: (value) => number(language, value, { maximumFractionDigits: 2 }),
                        least: 4.5,
                        floor: 1,
                        top: 4.5,
                    }),
                ),
            ),
        );
    }

    /** @param {any} status */
    _states(status) {
        const { say } = this.site;
        const gateways = /** @type {[string, string][]} */ (Object.entries(status.gateways));
        return h(
            "div",
            { class: "halves" },
            h(
                "section",
                { class: "card" },
                h("h2", {}, say("dash.gateways")),
                gateways.length
                    ? h(
                          "ul",
                          { class: "lines" },
                          gateways.map(([name, each]) =>
                              h(
                                  "li",
                                  { key: name },
                                  h("a", { href: `#/gateways/${encodeURIComponent(name)}` }, name),
                                  state(gatewayMark(each), say(`gateway.state.${each}`)),
                              ),
                          ),
                      )
                    : h("p", { class: "soft" }, say("dash.gateways.none")),
            ),
            this._health(status),
        );
    }

    /** @param {any} status */
    _health(status) {
        const { say, language } = this.site;
        const line = (/** @type {string} */ name, /** @type {import("../../base/dom.js").Nested} */ value) =>
            h("li", { key: name }, h("span", {}, name), value);
        const late = status.loop.worst_ms;
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("dash.health")),
            h(
                "ul",
                { class: "lines" },
                line(
                    say("dash.ready"),
                    state(status.ready ? "good" : "bad", say(status.ready ? "dash.ready.yes" : "dash.ready.no")),
                ),
                status.disks.map((/** @type {any} */ disk) =>
                    line(
                        say(`dash.disk.${disk.folder}`),
                        state(
                            diskMark(disk),
                            say("dash.free", { free: bytes(language, disk.free), size: bytes(language, disk.size) }),
                        ),
                    ),
                ),
                line(
                    say("dash.late"),
                    state(
                        late > LATE_MS ? "warn" : "good",
                        number(language, Math.round(late), { style: "unit", unit: "millisecond" }),
                    ),
                ),
                line(say("dash.memory"), bytes(language, status.memory)),
                line(say("dash.files"), number(language, status.open_files)),
                line(
                    say("dash.lost"),
                    state(status.events_lost ? "warn" : "good", number(language, status.events_lost)),
                ),
                line(say("dash.uptime"), span(language, status.uptime)),
                line(say("dash.version"), status.version),
            ),
        );
    }
}
