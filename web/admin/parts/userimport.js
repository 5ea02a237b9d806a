/** The pages that make many users: from a table, or a range of numbers. */

import { h } from "../../base/dom.js";
import { USERS } from "../hints.js";
import { parse, toRows } from "./csv.js";
import { filePick } from "./filepick.js";
import { ManyUsers } from "./manyusers.js";
import { MOST, range, rowsOf } from "./range.js";

const LARGEST = 5 * 1024 ** 2;

/** From a file or a text. */
export class ImportUsers extends ManyUsers {
    /** @param {import("./site.js").Site} site */
    constructor(site) {
        super(site, "users.import");
        this.text = "";
        /** What the file is called that was chosen. */
        this.file = "";
    }

    /** @override */
    unsaved() {
        return super.unsaved() || (this.stage === "enter" && this.text !== "");
    }

    /** @param {File | null} file */
    _pick = async (file) => {
        this.file = file?.name ?? "";
        if (!file) {
            return;
        }
        if (file.size > LARGEST) {
            this.notice = this.site.say("import.large");
        } else {
            this.text = await textOf(file);
            this.notice = "";
        }
        this.site.redraw();
    };

    /** @param {Event} event */
    _send = (event) => {
        event.preventDefault();
        const { say } = this.site;
        const { rows, unknown, missing } = toRows(parse(this.text), this.fields);
        if (missing.length) {
            this.notice = say("import.missing", { names: missing.join(", ") });
        } else if (unknown.length) {
            this.notice = say("import.unknown", {
                names: unknown.join(", "),
                known: this.fields.map((each) => each.key).join(", "),
            });
        } else {
            this.notice = rows.length ? "" : say("import.empty");
        }
        this.notice ? this.site.redraw() : this.judge(rows);
    };

    /** @override */
    enter() {
        const { say } = this.site;
        const example = "name,display_name,number\n1020,Ann,1020";
        const known = this.fields.map((each) => h("code", { class: "tag", key: each.key }, each.key));
        return h(
            "form",
            { class: "form card", onsubmit: this._send, key: "enter" },
            h("p", {}, say("import.intro")),
            h("p", { class: "tags" }, known),
            filePick(say, {
                id: "import-file",
                label: say("import.file"),
                accept: ".csv,.txt,text/csv",
                name: this.file,
                pick: this._pick,
            }),
            h(
                "div",
                { class: "field" },
                h("label", { for: "import-text" }, say("import.paste")),
                h("textarea", {
                    id: "import-text",
                    class: "mono",
                    rows: 10,
                    value: this.text,
                    placeholder: example,
                    spellcheck: "false",
                    oninput: (/** @type {any} */ event) => (this.text = event.target.value),
                }),
            ),
            h("p", { class: "fault", role: "alert" }, this.notice),
            h(
                "div",
                { class: "buttons" },
                h("button", { type: "submit", class: "primary" }, say("import.check")),
                h("a", { class: "button", href: "#/users" }, say("cancel")),
            ),
        );
    }
}

/** From one number to another. */
export class RangeOfUsers extends ManyUsers {
    /** @param {import("./site.js").Site} site */
    constructor(site) {
        super(site, "users.range");
        /** @type {Record<string, string>} */
        this.given = { from: "", to: "", display_name: "{number}", role: "user", context: "default" };
    }

    _found() {
        const { from = "", to = "", ...rest } = this.given;
        const { numbers, fault } = range(from.trim(), to.trim());
        return { fault, numbers, rows: rowsOf(numbers, { name: "{number}", number: "{number}", ...rest }) };
    }

    /** @param {Event} event */
    _send = (event) => {
        event.preventDefault();
        const { fault, rows } = this._found();
        this.notice = fault && this.site.say(fault, { most: MOST });
        if (fault) {
            this.site.redraw();
        } else {
            this.judge(rows.map((values, at) => ({ line: at + 1, values, faults: [] })));
        }
    };

    /** @override */
    enter() {
        const { say } = this.site;
        return h(
            "form",
            { class: "form card", onsubmit: this._send, key: "enter" },
            h("p", {}, say("range.intro")),
            h(
                "div",
                { class: "fields" },
                ["from", "to", "display_name", "role", "context"].map((each) => this._field(each)),
            ),
            this._preview(),
            h("p", { class: "fault", role: "alert" }, this.notice),
            h(
                "div",
                { class: "buttons" },
                h("button", { type: "submit", class: "primary" }, say("import.check")),
                h("a", { class: "button", href: "#/users" }, say("cancel")),
            ),
        );
    }

    /** @param {string} key */
    _field(key) {
        const { say } = this.site;
        const id = `range-${key}`;
        const digits = key === "from" || key === "to";
        const oninput = (/** @type {any} */ event) => {
            this.given[key] = event.target.value;
            this.site.redraw();
        };
        const offers =
            key === "role" && (USERS.fields?.["role"]?.offers ?? []).map((each) => h("option", { value: each }));
        return h(
            "div",
            { class: "field", key },
            h("label", { for: id }, say(digits ? `range.${key}` : `users.${key}`)),
            h("input", {
                id,
                value: this.given[key],
                inputmode: digits ? "numeric" : null,
                list: offers ? `${id}-offers` : null,
                placeholder: { from: "1000", to: "1019" }[key],
                oninput,
            }),
            offers && h("datalist", { id: `${id}-offers` }, offers),
            key === "display_name" && h("p", { class: "help" }, say("range.name", { number: "{number}" })),
        );
    }

    _preview() {
        const { say } = this.site;
        const { rows } = this._found();
        const shown = rows.length > 4 ? [...rows.slice(0, 3), null, rows.at(-1)] : rows;
        const line = (/** @type {Record<string, string> | null | undefined} */ row) =>
            row
                ? h(
                      "li",
                      {},
                      h("code", {}, row["name"]),
                      " ",
                      row["display_name"],
                      " ",
                      h("span", { class: "soft" }, row["role"]),
                  )
                : h("li", { class: "soft" }, "…");
        return (
            rows.length > 0 &&
            h(
                "div",
                { class: "preview", role: "status" },
                h("p", {}, say("range.count", { count: rows.length })),
                h("ul", {}, shown.map(line)),
            )
        );
    }
}

/** A file as text: UTF-8, or what spreadsheets in China write. @param {File} file */
async function textOf(file) {
    const data = await file.arrayBuffer();
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(data);
    } catch {
        return new TextDecoder("gb18030").decode(data);
    }
}
