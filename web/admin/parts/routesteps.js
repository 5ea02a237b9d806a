/** The steps of a route as rows: what is done, and what that wants to know. */

import { h } from "../../base/dom.js";
import { VERBS } from "../hints.js";
import { icon } from "./icons.js";

/** @typedef {import("./fields.js").Drawn} Drawn */
/**
 * @typedef {object} Change
 * @property {(at: number, step: string) => void} put
 * @property {(at: number) => void} remove
 * @property {(at: number, to: number) => void} swap
 */

/** The verb and the argument of a step. @param {string} step @returns {[string, string]} */
export function partsOf(step) {
    const [, verb = "", argument = ""] = /^\s*(\S*)\s*(.*)$/s.exec(step) ?? [];
    return [verb, argument];
}

/** @param {string} verb @param {string} argument */
export function stepOf(verb, argument) {
    return argument ? `${verb} ${argument}` : verb;
}

/** What a verb wants to know: "" nothing, "?" maybe something, "!" something. @param {string} verb */
export function wants(verb) {
    return /** @type {Record<string, string>} */ (VERBS)[verb] ?? "?";
}

/** @param {Drawn} drawn */
export function steps(drawn) {
    const { value, set, say, id, fixed } = drawn;
    const put = (/** @type {number} */ at, /** @type {string} */ step) =>
        set(value.map((/** @type {string} */ each, /** @type {number} */ place) => (place === at ? step : each)));
    const remove = (/** @type {number} */ at) =>
        set(value.filter((/** @type {string} */ _, /** @type {number} */ place) => place !== at));
    const swap = (/** @type {number} */ at, /** @type {number} */ to) => {
        const changed = [...value];
        [changed[at], changed[to]] = [changed[to], changed[at]];
        set(changed);
        setTimeout(() => document.getElementById(`${id}-${to}-${to < at ? "up" : "down"}`)?.focus());
    };
    const add = () => {
        set([...value, value.length ? "bridge " : "answer"]);
        setTimeout(() => document.getElementById(`${id}-${value.length}`)?.focus());
    };
    const all = value.map((/** @type {string} */ step, /** @type {number} */ at) =>
        row(drawn, step, at, { put, remove, swap }),
    );
    return [
        h("ol", { class: "steps" }, all),
        fixed || h("button", { type: "button", class: "small", id, onclick: add }, icon("plus"), say("steps.add")),
    ];
}

/** @param {Drawn} drawn @param {string} step @param {number} at @param {Change} change */
function row(drawn, step, at, change) {
    const { say, id, fixed, fault } = drawn;
    const [verb] = partsOf(step);
    const help = verb in VERBS ? say(`verb.${verb}.help`) : "";
    return h(
        "li",
        { class: fault?.at === at ? "step faulty" : "step" },
        doing(drawn, step, at, change),
        wants(verb) ? subject(drawn, step, at, change) : h("span", { key: "nothing" }),
        fixed || moves(drawn, at, change),
        h("p", { class: "help soft", id: `${id}-${at}-help`, key: "help" }, help),
    );
}

/** What is done. @param {Drawn} drawn @param {string} step @param {number} at @param {Change} change */
function doing({ say, id, fixed }, step, at, { put }) {
    const [verb, argument] = partsOf(step);
    const known = Object.keys(VERBS);
    const props = {
        id: `${id}-${at}`,
        "aria-label": say("steps.verb", { count: at + 1 }),
        value: verb,
        disabled: fixed,
        onchange: (/** @type {any} */ { target }) => {
            const wanted = wants(target.value);
            put(at, stepOf(target.value, wanted ? argument : "") + (wanted === "!" && !argument ? " " : ""));
        },
    };
    const offer = (/** @type {string} */ each) =>
        h("option", { key: each, value: each }, known.includes(each) ? `${say(`verb.${each}`)} (${each})` : each);
    return h("select", props, (known.includes(verb) ? known : [verb, ...known]).map(offer));
}

/** What it is done with. @param {Drawn} drawn @param {string} step @param {number} at @param {Change} change */
function subject({ say, id, fixed }, step, at, { put }) {
    const [verb, argument] = partsOf(step);
    return h("input", {
        key: "argument",
        "aria-label": say("steps.argument", { count: at + 1 }),
        "aria-describedby": `${id}-${at}-help`,
        value: argument,
        placeholder: say(`verb.${verb}.like`),
        disabled: fixed,
        spellcheck: "false",
        oninput: (/** @type {any} */ event) => put(at, `${verb} ${event.target.value}`),
    });
}

/** @param {Drawn} drawn @param {number} at @param {Change} change */
function moves({ value, say, id }, at, { remove, swap }) {
    const count = at + 1;
    const button = (/** @type {string} */ key, /** @type {object} */ more, /** @type {string} */ picture) => {
        const label = say(`steps.${key}`, { count });
        return h("button", { type: "button", class: "plain", "aria-label": label, ...more }, icon(picture));
    };
    const move = (/** @type {"up" | "down"} */ way, /** @type {number} */ to) =>
        button(
            way,
            { id: `${id}-${at}-${way}`, disabled: to < 0 || to >= value.length, onclick: () => swap(at, to) },
            way,
        );
    return h(
        "div",
        { class: "moves", key: "moves" },
        move("up", at - 1),
        move("down", at + 1),
        button("remove", { onclick: () => remove(at) }, "trash"),
    );
}
