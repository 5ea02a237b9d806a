/** Many users at once: each row is judged first, and made when that is confirmed. */

import { byField, translated } from "./faults.js";
import { problemOf } from "../api.js";
import { sentence } from "./trouble.js";

/** @typedef {import("./csv.js").Row} Row */
/** @typedef {{field: string, text: string, foreign: boolean}} Told */
/**
 * @typedef {object} Judged
 * @property {number} line
 * @property {string} name
 * @property {string} number
 * @property {"waiting" | "good" | "refused" | "made"} outcome
 * @property {Told[]} told
 * @property {string} secret that was made up
 * @property {Record<string, any>} values
 */

const TOGETHER = 100;

/** The rows and what became of them. */
export class Importer {
    /** @param {import("./site.js").Site} site @param {Row[]} rows @param {string[]} [keys] fields there are */
    constructor(site, rows, keys = []) {
        this.site = site;
        this.keys = keys;
        /** @type {Judged[]} */
        this.rows = rows.map((row) => ({
            line: row.line,
            name: String(row.values["name"] ?? ""),
            number: String(row.values["number"] ?? ""),
            outcome: row.faults.length ? "refused" : "waiting",
            told: row.faults.map((each) => ({
                field: each.field,
                text: site.say(each.key, each.facts),
                foreign: false,
            })),
            secret: "",
            values: row.values,
        }));
        this.done = 0;
        this.of = 0;
        /** Why it stopped in the middle. */
        this.stopped = "";
    }

    /** @param {Judged["outcome"]} outcome */
    count(outcome) {
        return this.rows.filter((each) => each.outcome === outcome).length;
    }

    /** Say of each row whether it would do. */
    async judge() {
        await this._send(
            this.rows.filter((each) => each.outcome !== "refused"),
            true,
        );
    }

    /** Make those that would do. */
    async make() {
        await this._send(
            this.rows.filter((each) => each.outcome === "good"),
            false,
        );
    }

    /** @param {Judged[]} rows @param {boolean} dry */
    async _send(rows, dry) {
        [this.done, this.of, this.stopped] = [0, rows.length, ""];
        for (let at = 0; at < rows.length && !this.stopped; at += TOGETHER) {
            this.site.redraw();
            await this._chunk(rows.slice(at, at + TOGETHER), dry);
            this.done = Math.min(rows.length, at + TOGETHER);
        }
        this.site.redraw();
    }

    /** @param {Judged[]} rows @param {boolean} dry */
    async _chunk(rows, dry) {
        try {
            const body = { rows: rows.map((each) => each.values), dry_run: dry, keep: "good" };
            const { data } = await this.site.api.send("POST", "/users:import", body, { wait: 60 });
            for (const each of data.rows) {
                this._told(/** @type {Judged} */ (rows[each.row - 1]), each, rows);
            }
        } catch (error) {
            this.stopped = sentence(this.site.say, error);
            const told = byField(this.site.say, problemOf(error), []).get("");
            this.stopped += told ? ` ${told.text}` : "";
        }
    }

    /** @param {Judged} row @param {any} answer @param {Judged[]} rows */
    _told(row, answer, rows) {
        row.outcome = answer.outcome === "refused" ? "refused" : answer.outcome === "made" ? "made" : "good";
        row.secret = answer.phone_secret ?? "";
        row.told = answer.errors.map((/** @type {{pointer: string, detail: string}} */ each) => {
            // as the file counts
            const detail = each.detail.replace(/^row (\d+) /, (_, at) => `row ${rows[at - 1]?.line ?? at} `);
            return { field: each.pointer.split("/")[1] ?? "", ...translated(this.site.say, detail) };
        });
    }
}
