/**
 * All settings: what they mean, what is in force and who said so, how to change them, judging a text, reading the
 * files again.
 */

import { h } from "../../base/dom.js";
import { icon } from "../parts/icons.js";
import { Loaded } from "../parts/loaded.js";
import { copyText } from "../parts/message.js";
import { fits, grouped, lines, toml, variable } from "../parts/setting.js";
import { detailOf, sentence, trouble } from "../parts/trouble.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/setting.js").Row} Row */

/** @param {Site} site @returns {import("../parts/site.js").Page} */
export default function settings(site) {
    return new Settings(site);
}

class Settings {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        this.title = "page.settings";
        this.text = "";
        this.changedOnly = false;
        /** The key whose line is shown. */
        this.opened = "";
        /** @type {{good: boolean, problems: string[]} | null} */
        this.judgement = null;
        /** @type {unknown} */
        this.judging = null;
        /** What the last reading of the files said. @type {{restart: string[]} | {problem: unknown} | null} */
        this.reloaded = null;
        this.busy = false;
        this.config = new Loaded(site, () => site.api.get("/config"));
        this.unlisten = site.may("events:read")
            ? site.api.listen(["config.reloaded"], () => this.config.soon())
            : () => {};
        this.config.read();
    }

    close() {
        this.unlisten();
        this.config.close();
    }

    actions() {
        const { say } = this.site;
        return (
            this.site.may("config:write") &&
            h(
                "button",
                { type: "button", class: "primary", disabled: this.busy, onclick: () => this._reload() },
                say(this.busy ? "settings.reloading" : "settings.reload"),
            )
        );
    }

    view() {
        const { say } = this.site;
        return [
            this._outcome(),
            this.config.view(({ settings }) => {
                const groups = grouped(settings)
                    .map(([section, rows]) => /** @type {const} */ ([section, rows.filter((row) => this._wanted(row))]))
                    .filter(([, rows]) => rows.length);
                return [
                    this._search(),
                    groups.length
                        ? groups.map(([section, rows]) => this._section(section, rows))
                        : h("p", { class: "soft" }, say("settings.none")),
                    this.site.may("config:write") && this._judge(),
                ];
            }),
        ];
    }

    /** @param {Row} row */
    _wanted(row) {
        return fits(row, this._meaning(row), this.text) && (!this.changedOnly || row.origin !== "default");
    }

    /** @param {Row} row */
    _meaning(row) {
        const key = `setting.${row.key}`;
        const text = this.site.say(key);
        return text === key ? "" : text;
    }

    _search() {
        const { say } = this.site;
        const write = (/** @type {any} */ event) => {
            this.text = event.target.value;
            this.site.redraw();
        };
        const only = (/** @type {any} */ event) => {
            this.changedOnly = event.target.checked;
            this.site.redraw();
        };
        return h(
            "div",
            { class: "settings-search", role: "search" },
            h(
                "div",
                { class: "field" },
                h("label", { for: "settings-text" }, say("settings.search")),
                h("input", {
                    id: "settings-text",
                    type: "search",
                    value: this.text,
                    oninput: write,
                    autocomplete: "off",
                }),
            ),
            h(
                "label",
                { class: "check" },
                h("input", { type: "checkbox", checked: this.changedOnly, onchange: only }),
                h("span", {}, say("settings.changed")),
            ),
        );
    }

    /** @param {string} section @param {Row[]} rows */
    _section(section, rows) {
        const { say } = this.site;
        return h(
            "section",
            { class: "card settings", key: section || "top" },
            h("h2", {}, say(`settings.section.${section || "top"}`)),
            h(
                "ul",
                {},
                rows.map((row) => this._row(row)),
            ),
        );
    }

    /** @param {Row} row */
    _row(row) {
        const { say } = this.site;
        const open = this.opened === row.key;
        const id = `setting-${row.key.replace(".", "-")}`;
        const toggle = () => {
            this.opened = open ? "" : row.key;
            this.site.redraw();
        };
        return h(
            "li",
            { key: row.key, id: row.key },
            h(
                "div",
                { class: "setting" },
                h(
                    "div",
                    { class: "setting-name" },
                    h("code", {}, row.name),
                    h("p", { class: "soft" }, this._meaning(row)),
                ),
                h(
                    "div",
                    { class: "setting-value" },
                    h("code", { translate: "no" }, toml(row.value)),
                    h("span", { class: `tag origin-${row.origin.replace(" ", "-")}` }, this._origin(row.origin)),
                ),
                h(
                    "button",
                    {
                        type: "button",
                        class: "plain",
                        "aria-expanded": String(open),
                        "aria-controls": id,
                        "aria-label": say("settings.how.of", { name: row.key }),
                        onclick: toggle,
                    },
                    icon(open ? "up" : "down"),
                ),
            ),
            h("div", { id, hidden: !open }, open && this._how(row)),
        );
    }

    /** @param {string} origin */
    _origin(origin) {
        const key = `settings.origin.${origin}`;
        const text = this.site.say(key);
        return text === key ? origin : text;
    }

    /** The line for the file. @param {Row} row */
    _how(row) {
        const { site } = this;
        const { say } = site;
        const text = lines(row, row.value);
        const override = row.origin === "set" || row.origin === "environment";
        return h(
            "div",
            { class: "setting-how" },
            h("p", {}, say("settings.how")),
            h("pre", { tabindex: "0" }, text),
            h("button", { type: "button", onclick: () => copyText(site, text) }, icon("copy"), say("settings.copy")),
            h("p", { class: "soft" }, say("settings.how.environment"), " ", h("code", {}, `${variable(row)}=…`)),
            override &&
                h(
                    "p",
                    { class: "warn" },
                    say(row.origin === "set" ? "settings.how.set" : "settings.how.environment.counts"),
                ),
        );
    }

    _judge() {
        const { say } = this.site;
        return h(
            "section",
            { class: "card" },
            h("h2", {}, say("settings.judge")),
            h("p", { class: "soft" }, say("settings.judge.text")),
            h(
                "form",
                { onsubmit: (/** @type {SubmitEvent} */ event) => this._send(event) },
                h(
                    "div",
                    { class: "field" },
                    h("label", { for: "settings-toml" }, say("settings.toml")),
                    h("textarea", {
                        id: "settings-toml",
                        name: "toml",
                        class: "mono",
                        rows: 8,
                        spellcheck: "false",
                        required: true,
                        maxlength: 262144,
                        placeholder: "[call]\nring_timeout = 60",
                    }),
                ),
                h("button", { type: "submit" }, say("settings.judge.do")),
            ),
            h("div", { "aria-live": "polite" }, this.judging ? trouble(this.site, this.judging) : this._judged()),
        );
    }

    _judged() {
        const { say } = this.site;
        if (!this.judgement) {
            return null;
        }
        return this.judgement.good
            ? h("p", { class: "judged good" }, icon("good"), say("settings.judge.good"))
            : [
                  h(
                      "p",
                      { class: "judged bad" },
                      icon("bad"),
                      say("settings.judge.bad", { count: this.judgement.problems.length }),
                  ),
                  h(
                      "ul",
                      { class: "problems", lang: "en" },
                      this.judgement.problems.map((each) => h("li", { key: each }, each)),
                  ),
              ];
    }

    /** @param {SubmitEvent} event */
    async _send(event) {
        event.preventDefault();
        const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("toml"));
        this.judgement = null;
        this.judging = null;
        try {
            this.judgement = (await this.site.api.send("POST", "/config/validate", { toml: text })).data;
        } catch (error) {
            this.judging = error;
        }
        this.site.redraw();
    }

    async _reload() {
        this.busy = true;
        this.site.redraw();
        try {
            const { data } = await this.site.api.send("POST", "/config/reload");
            this.reloaded = { restart: data.needs_restart };
            await this.config.read();
        } catch (problem) {
            this.reloaded = { problem };
        }
        this.busy = false;
        this.site.redraw();
    }

    /** What reading the files again led to. */
    _outcome() {
        const { say } = this.site;
        const { reloaded } = this;
        if (!reloaded) {
            return null;
        }
        if ("problem" in reloaded) {
            const problems = /** @type {string[]} */ (/** @type {any} */ (reloaded.problem).facts?.problems ?? []);
            const why = problems.length ? problems : [detailOf(say, reloaded.problem)].filter(Boolean);
            return h(
                "div",
                { class: "notice-box bad", role: "alert" },
                h("strong", {}, problems.length ? say("settings.reload.bad") : sentence(say, reloaded.problem)),
                h(
                    "ul",
                    { class: "problems", lang: "en" },
                    why.map((each) => h("li", { key: each }, each)),
                ),
            );
        }
        const { restart } = reloaded;
        return h(
            "div",
            { class: `notice-box ${restart.length ? "warn" : "good"}`, role: "status" },
            h("strong", {}, say(restart.length ? "settings.reload.restart" : "settings.reload.good")),
            restart.length
                ? h(
                      "p",
                      {},
                      restart.map((section) => h("code", { class: "tag", key: section }, section)),
                  )
                : null,
        );
    }
}
