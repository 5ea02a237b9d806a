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

/**
 * @param {Drawn} drawn @param {string} step @param {number} at
 * @param {Change} change
 */
function row({ value, say, id, fixed, fault }, step, at, { put, remove, swap }) {
    const [verb, argument] = partsOf(step);
    const known = Object.keys(VERBS);
    const verbs = known.includes(verb) ? known : [verb, ...known];
    const count = at + 1;
    const choose = (/** @type {any} */ event) =>
        put(
            at,
            stepOf(event.target.value, wants(event.target.value) ? argument : "") +
                (wants(event.target.value) === "!" && !argument ? " " : ""),
        );
    const write = (/** @type {any} */ event) => put(at, `${verb} ${event.target.value}`);
    const move = (/** @type {"up" | "down"} */ way, /** @type {number} */ to) => {
        const props = {
            type: "button",
            class: "plain",
            id: `${id}-${at}-${way}`,
            "aria-label": say(`steps.${way}`, { count }),
            disabled: to < 0 || to >= value.length,
            onclick: () => swap(at, to),
        };
        return h("button", props, icon(way));
    };
    return h(
        "li",
        { class: fault?.at === at ? "step faulty" : "step" },
        h(
            "select",
            {
                id: `${id}-${at}`,
                "aria-label": say("steps.verb", { count }),
                value: verb,
                disabled: fixed,
                onchange: choose,
            },
            verbs.map((each) =>
                h(
                    "option",
                    { key: each, value: each },
                    known.includes(each) ? `${say(`verb.${each}`)} (${each})` : each,
                ),
            ),
        ),
        wants(verb)
            ? h("input", {
                  key: "argument",
                  "aria-label": say("steps.argument", { count }),
                  "aria-describedby": `${id}-${at}-help`,
                  value: argument,
                  placeholder: say(`verb.${verb}.like`),
                  disabled: fixed,
                  spellcheck: "false",
                  oninput: write,
              })
            : h("span", { key: "nothing" }),
        fixed ||
            h(
                "div",
                { class: "moves", key: "moves" },
                move("up", at - 1),
                move("down", at + 1),
                h(
                    "button",
                    {
                        type: "button",
                        class: "plain",
                        "aria-label": say("steps.remove", { count }),
                        onclick: () => remove(at),
                    },
                    icon("trash"),
                ),
            ),
        h(
            "p",
            { class: "help soft", id: `${id}-${at}-help`, key: "help" },
            known.includes(verb) ? say(`verb.${verb}.help`) : "",
        ),
    );
}
