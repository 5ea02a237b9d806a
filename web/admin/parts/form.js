/** A form drawn from fields: what was entered, what is wrong with it, and what of it is to be sent. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { blank, check, fromForm, toForm } from "../schema.js";
import { byField } from "./faults.js";
import { field } from "./fields.js";
import { icon } from "./icons.js";
import { sentence } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../schema.js").Field} Field */
/** @typedef {import("./faults.js").Told} Told */
/** @typedef {import("./fields.js").Hint} Hint */
/**
 * @typedef {{name: string, keys: string[], open?: boolean}} Group
 * of fields; those behind the first are folded unless `open`
 */
/**
 * @typedef {object} Options
 * @property {string} prefix of the words: "users" leads to "users.name" and "users.name.help"
 * @property {Field[]} fields
 * @property {Record<string, Hint>} [hints]
 * @property {Group[]} [groups]
 * @property {any} [item] what there is already
 * @property {boolean} [fixed] nobody may change anything
 */

/** The state of a form, and how it is drawn. */
export class Form {
    /** @param {import("./site.js").Site} site @param {Options} options */
    constructor(site, options) {
        this.site = site;
        this.options = options;
        this.fields = options.fields;
        /** @type {Record<string, any>} */
        this.values = {};
        /** @type {Map<string, Told>} */
        this.faults = new Map();
        /** Said above all fields. */
        this.general = { text: "", detail: "" };
        this.fill(options.item ?? null);
    }

    /** Begin with this. @param {any} item null: with what is empty */
    fill(item) {
        this.item = item;
        this.values = Object.fromEntries(
            this.fields.map((each) => [
                each.key,
                item && each.key in item ? toForm(each, item[each.key]) : blank(each),
            ]),
        );
        this.first = JSON.stringify(this.values);
        this.clear();
    }

    /**
     * What there is is this now; what was written meanwhile stays.
     * @param {any} item @returns {boolean} whether others wrote in the same place
     */
    renew(item) {
        const [mine, before] = [this.values, JSON.parse(this.first ?? "{}")];
        const written = this._unlike(before, mine);
        this.fill(item);
        const clash = this._unlike(before, this.values).some((each) => written.includes(each));
        written.forEach((each) => (this.values[each.key] = mine[each.key]));
        return clash;
    }

    /** @param {Record<string, any>} one @param {Record<string, any>} other */
    _unlike(one, other) {
        return this.fields.filter((each) => JSON.stringify(one[each.key]) !== JSON.stringify(other[each.key]));
    }

    clear() {
        this.faults = new Map();
        this.general = { text: "", detail: "" };
    }

    changed() {
        return JSON.stringify(this.values) !== this.first;
    }

    /** What differs from how it began. @returns {Record<string, any>} */
    differing() {
        return this._sent(this._unlike(JSON.parse(this.first ?? "{}"), this.values));
    }

    /**
     * All that is to be sent of something new: what is left out is as the switch has it.
     * @returns {Record<string, any>}
     */
    whole() {
        const given = this.fields.filter(
            (each) => each.required || JSON.stringify(blank(each)) !== JSON.stringify(this.values[each.key]),
        );
        return this._sent(given);
    }

    /** @param {Field[]} fields */
    _sent(fields) {
        const pairs = fields.map((each) => [
            each.key,
            this.values[each.key] === null ? null : fromForm(each, this.values[each.key]),
        ]);
        return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
    }

    /** Look at all fields; whether nothing is wrong. @returns {boolean} */
    good() {
        this.clear();
        const { say } = this.site;
        for (const each of this.fields) {
            const value = this.values[each.key];
            const found = value === null ? null : check(each, value);
            if (found) {
                this.faults.set(each.key, { text: say(found.key, found.facts), at: found.at, foreign: false });
            }
        }
        if (this.faults.size) {
            this.general = { text: say("problem.invalid"), detail: "" };
            this._lead();
        }
        return this.faults.size === 0;
    }

    /** Show why the switch refused. @param {unknown} error */
    refused(error) {
        const problem = problemOf(error);
        const { say } = this.site;
        this.faults = byField(
            say,
            problem,
            this.fields.map((each) => each.key),
        );
        const other = this.faults.get("");
        this.general = {
            text: sentence(say, problem),
            detail: this.faults.size ? (other?.text ?? "") : problem.detail,
        };
        this._lead();
    }

    /** To the first field with a fault. */
    _lead() {
        this.site.redraw();
        setTimeout(() => {
            const at =
                document.querySelector("form [aria-invalid=true]") ?? document.querySelector("form .fault[role=alert]");
            at?.closest("details")?.setAttribute("open", "");
            /** @type {HTMLElement | null} */ (at)?.focus();
            at?.scrollIntoView({ block: "center" });
        });
    }

    /** @param {string} key @param {any} value */
    set(key, value) {
        this.values[key] = value;
        this.faults.delete(key);
        this.site.redraw();
    }

    /** The fields, in their groups, and what is wrong with all of it. @returns {Nested} */
    view() {
        const groups = this.options.groups ?? [{ name: "", keys: this.fields.map((each) => each.key) }];
        const named = new Set(groups.flatMap((each) => each.keys));
        const rest = this.fields.filter((each) => !named.has(each.key)).map((each) => each.key);
        const all = rest.length ? [...groups, { name: "more", keys: rest }] : groups;
        return [this._general(), all.map((each, at) => this._group(each, at))];
    }

    _general() {
        const { text, detail } = this.general;
        const content = text && [
            icon("bad"),
            h("div", {}, h("p", {}, text), detail && h("p", { class: "soft" }, detail)),
        ];
        return h(
            "div",
            { class: content ? "fault trouble" : "fault", role: "alert", tabindex: -1, key: "general" },
            content,
        );
    }

    /** @param {Group} group @param {number} at */
    _group(group, at) {
        const fields = group.keys
            .map((key) => this.fields.find((each) => each.key === key))
            .filter((each) => each !== undefined);
        if (!fields.length) {
            return null;
        }
        const title = group.name && this.site.say(`${this.options.prefix}.group.${group.name}`);
        const content = h(
            "div",
            { class: "fields" },
            fields.map((each) => this._field(each)),
        );
        if (at === 0 || group.open) {
            return h("section", { class: "card", key: `group-${group.name}` }, title && h("h2", {}, title), content);
        }
        return h(
            "details",
            { class: "card", key: `group-${group.name}` },
            h("summary", {}, h("h2", {}, title)),
            content,
        );
    }

    /** @param {Field} about */
    _field(about) {
        const { key } = about;
        const { prefix, hints = {}, fixed = false } = this.options;
        const told = this.faults.get(key) ?? null;
        return field({
            say: this.site.say,
            field: about,
            id: `${prefix}-${key}`,
            value: this.values[key],
            set: (value) => this.set(key, value),
            label: labelOf(this.site.say, prefix, key),
            help:
                (this.item ? words(this.site.say, `${prefix}.${key}.kept`) : "") ||
                words(this.site.say, `${prefix}.${key}.help`),
            fault: told,
            hint: hints[key] ?? {},
            fixed,
        });
    }
}

/** What a field is called. @param {import("../../base/words.js").Say} say @param {string} prefix @param {string} key */
export function labelOf(say, prefix, key) {
    return words(say, `${prefix}.${key}`) || words(say, `field.${key}`) || key;
}

/** Words if there are any. @param {import("../../base/words.js").Say} say @param {string} key */
export function words(say, key) {
    const text = say(key);
    return text === key ? "" : text;
}
