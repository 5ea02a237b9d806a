/** A page that makes many users: rows are judged, shown, and made when that is confirmed. */

import { h } from "../../base/dom.js";
import { fieldsOf } from "../schema.js";
import { markTwins, write } from "./csv.js";
import { labelOf } from "./form.js";
import { icon } from "./icons.js";
import { Importer } from "./importer.js";
import { saveText } from "./save.js";
import { pill } from "./table.js";
import { trouble } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("./site.js").Page} Page */

const SHOWN = 500;
const MARKS = /** @type {const} */ ({ waiting: "", good: "good", made: "good", refused: "bad" });

/** What both have in common: judging, a look at the rows, making. @implements {Page} */
export class ManyUsers {
    /** @param {import("./site.js").Site} site @param {string} title */
    constructor(site, title) {
        this.site = site;
        this.title = title;
        this.back = "#/users";
        /** @type {import("../schema.js").Field[]} */
        this.fields = [];
        /** @type {Importer | null} */
        this.importer = null;
        this.stage = /** @type {"enter" | "judging" | "judged" | "making" | "made"} */ ("enter");
        this.notice = "";
        /** @type {unknown} */
        this.fault = null;
        this.begin();
    }

    async begin() {
        this.fault = null;
        try {
            this.fields = fieldsOf(await this.site.openapi, "users.create");
        } catch (error) {
            this.fault = error;
        }
        this.site.redraw();
    }

    unsaved() {
        return (
            this.stage === "making" || (this.stage === "made" && !this.kept && this.rows().some((each) => each.secret))
        );
    }

    rows() {
        return this.importer?.rows ?? [];
    }

    /** @param {import("./csv.js").Row[]} rows */
    async judge(rows) {
        markTwins(rows, ["name", "number"]);
        this.importer = new Importer(this.site, rows);
        this.stage = "judging";
        await this.importer.judge();
        this.stage = "judged";
        this.site.redraw();
    }

    async make() {
        this.stage = "making";
        this.kept = false;
        await this.importer?.make();
        this.stage = "made";
        this.site.redraw();
    }

    again() {
        this.stage = "enter";
        this.importer = null;
        this.site.redraw();
    }

    /** Where the rows come from. @returns {Nested} */
    enter() {
        return null;
    }

    view() {
        if (this.fault) {
            return trouble(this.site, this.fault, () => this.begin());
        }
        return this.stage === "enter" ? this.enter() : [this._summary(), this._table()];
    }

    _summary() {
        const { say } = this.site;
        const importer = /** @type {Importer} */ (this.importer);
        const [good, refused, made] = [importer.count("good"), importer.count("refused"), importer.count("made")];
        const busy = this.stage === "judging" || this.stage === "making";
        const words = this.stage === "made" ? say("import.made", { count: made }) : say("import.good", { count: good });
        return h(
            "section",
            { class: "card", key: "summary" },
            busy
                ? h(
                      "p",
                      { role: "status" },
                      h("progress", { max: importer.of, value: importer.done }),
                      " ",
                      say(`import.${this.stage}`, { done: importer.done, of: importer.of }),
                  )
                : h(
                      "p",
                      { role: "status" },
                      words,
                      " ",
                      refused > 0 &&
                          h(
                              "strong",
                              { class: "bad" },
                              say(this.stage === "made" ? "import.left" : "import.refused", { count: refused }),
                          ),
                  ),
            importer.stopped && h("p", { class: "fault", role: "alert" }, say("import.stopped"), " ", importer.stopped),
            busy || this._choices(good, made),
        );
    }

    /** @param {number} good @param {number} made */
    _choices(good, made) {
        const { say } = this.site;
        const secrets = this.rows().some((each) => each.secret);
        if (this.stage === "made") {
            return [
                secrets && h("p", {}, say("import.secrets")),
                h(
                    "div",
                    { class: "buttons" },
                    secrets &&
                        h(
                            "button",
                            { type: "button", class: "primary", onclick: () => this._save() },
                            icon("download"),
                            say("import.save"),
                        ),
                    h("a", { class: "button", href: "#/users" }, say("import.back", { count: made })),
                ),
            ];
        }
        return h(
            "div",
            { class: "buttons" },
            h("button", { type: "button", onclick: () => this.again() }, say("import.other")),
            h(
                "button",
                { type: "button", class: "primary", disabled: good === 0, onclick: () => this.make() },
                say("import.make", { count: good }),
            ),
        );
    }

    /** The secrets that nobody sees again. */
    _save() {
        const rows = this.rows().filter((each) => each.outcome === "made");
        const items = rows.map((each) => ({
            name: each.name,
            number: each.number,
            phone_secret: each.secret || each.values["phone_secret"],
        }));
        saveText("users-secrets.csv", write(["name", "number", "phone_secret"], items), "text/csv");
        this.kept = true;
    }

    _table() {
        const { say } = this.site;
        const all = this.rows();
        const rows = [
            ...all.filter((each) => each.outcome === "refused"),
            ...all.filter((each) => each.outcome !== "refused"),
        ].slice(0, SHOWN);
        const secrets = this.stage === "made";
        const heads = [
            say("import.line"),
            say("users.name"),
            say("users.number"),
            say("import.outcome"),
            secrets && say("users.phone_secret"),
        ].filter((each) => each !== false);
        const told = (/** @type {import("./importer.js").Told} */ each) =>
            h(
                "p",
                { class: "bad" },
                each.field && `${labelOf(say, "users", each.field)}: `,
                h("span", { lang: each.foreign ? "en" : null }, each.text),
            );
        const cell = (/** @type {number} */ at, /** @type {Nested} */ content) =>
            h("td", { role: "cell", "data-label": heads[at] }, h("span", {}, content));
        return h(
            "div",
            { class: "tabled", key: "rows" },
            h(
                "table",
                { role: "table" },
                h("caption", { class: "unseen" }, say(this.title)),
                h(
                    "thead",
                    { role: "rowgroup" },
                    h(
                        "tr",
                        { role: "row" },
                        heads.map((each) => h("th", { role: "columnheader", scope: "col" }, each)),
                    ),
                ),
                h(
                    "tbody",
                    { role: "rowgroup" },
                    rows.map((row) =>
                        h(
                            "tr",
                            { key: row.line, role: "row" },
                            cell(0, row.line),
                            cell(1, row.name || "–"),
                            cell(2, row.number || "–"),
                            cell(3, [pill(say(`import.${row.outcome}.one`), MARKS[row.outcome]), row.told.map(told)]),
                            secrets && cell(4, row.secret ? h("code", {}, row.secret) : "–"),
                        ),
                    ),
                ),
            ),
            all.length > rows.length &&
                h("p", { class: "soft" }, say("import.first", { count: rows.length, all: all.length })),
        );
    }
}
