/** How each kind of field is drawn. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../../base/words.js").Say} Say */
/** @typedef {import("../schema.js").Field} Field */
/**
 * What a drawn field needs.
 * @typedef {object} Drawn
 * @property {Say} say
 * @property {Field} field
 * @property {string} id of the input
 * @property {any} value
 * @property {(value: any) => void} set
 * @property {string} label
 * @property {string} help
 * @property {{text: string, at: number | null, foreign?: boolean} | null} fault
 * @property {Hint} hint
 * @property {boolean} fixed nobody may change it
 */
/**
 * What the document cannot say of a field.
 * @typedef {object} Hint
 * @property {string[]} [offers] what one may want to choose; others can be typed
 * @property {{value: string, label?: string}[]} [checks] a list by checkboxes
 * @property {boolean} [long] texts of several lines
 * @property {string} [placeholder]
 * @property {boolean} [none] of a secret: whether there may be none
 * @property {(drawn: Drawn) => Nested} [widget] draws it another way
 * @property {string} [autocomplete]
 */

/** A field with its label, help and fault. @param {Drawn} drawn @returns {import("../../base/dom.js").Tree} */
export function field(drawn) {
    const { id, label, help, field: about, fault } = drawn;
    if (about.kind === "switch") {
        return h("div", { class: "field", key: id }, toggle(drawn), said(drawn));
    }
    const grouped = drawn.hint.widget || drawn.hint.checks || about.kind === "dict" || about.kind === "rows";
    const props = grouped ? { class: "label", id: `${id}-label` } : { for: id };
    return h(
        "div",
        {
            class: "field",
            key: id,
            ...(grouped && { role: "group", "aria-labelledby": `${id}-label`, "aria-describedby": described(drawn) }),
        },
        h(grouped ? "span" : "label", props, label),
        help && h("p", { class: "help", id: `${id}-help` }, help),
        input(drawn),
        fault && said(drawn),
    );
}

/** @param {Drawn} drawn */
function said({ id, fault, say }) {
    const where = fault && fault.at !== null ? say("fault.at", { count: fault.at + 1 }) : "";
    return fault && h("p", { class: "fault", id: `${id}-fault`, lang: fault.foreign ? "en" : null }, where, fault.text);
}

/** @param {Drawn} drawn @returns {string | null} */
export function described({ id, help, fault }) {
    return [help && `${id}-help`, fault && `${id}-fault`].filter(Boolean).join(" ") || null;
}

/** @param {Drawn} drawn */
function common(drawn) {
    return {
        id: drawn.id,
        "aria-describedby": described(drawn),
        "aria-invalid": drawn.fault ? "true" : null,
        "aria-required": drawn.field.required ? "true" : null,
        disabled: drawn.fixed,
    };
}

/** @param {Drawn} drawn @returns {Nested} */
function input(drawn) {
    const { field: about, hint } = drawn;
    if (hint.widget) {
        return hint.widget(drawn);
    }
    if (hint.checks) {
        return checks(drawn, hint.checks);
    }
    switch (about.kind) {
        case "choice":
            return choice(drawn);
        case "secret":
            return secret(drawn);
        case "list":
            return lines(drawn);
        case "dict":
            return rows(drawn, ["name", "value"], drawn.say);
        case "rows":
            return rows(
                drawn,
                about.fields.map((each) => each.key),
                drawn.say,
            );
        default:
            return line(drawn);
    }
}

/** @param {Drawn} drawn */
function line(drawn) {
    const { field: about, value, set, hint, id } = drawn;
    const number = about.kind === "number" || about.kind === "integer";
    const props = {
        ...common(drawn),
        value,
        type: about.kind === "time" ? "datetime-local" : "text",
        inputmode: number ? "decimal" : null,
        placeholder: hint.placeholder,
        autocomplete: hint.autocomplete ?? "off",
        spellcheck: "false",
        list: hint.offers ? `${id}-offers` : null,
        oninput: (/** @type {any} */ event) => set(event.target.value),
    };
    if (hint.long) {
        return h("textarea", { ...props, type: null, rows: 4 });
    }
    const offers = hint.offers?.map((each) => h("option", { value: each }));
    return [h("input", props), offers && h("datalist", { id: `${id}-offers` }, offers)];
}

/** @param {Drawn} drawn */
function toggle(drawn) {
    const { value, set, label, help, id } = drawn;
    const props = {
        ...common(drawn),
        type: "checkbox",
        checked: value,
        onchange: (/** @type {any} */ event) => set(event.target.checked),
    };
    return h(
        "label",
        { class: "check", for: id },
        h("input", props),
        h(
            "span",
            {},
            h("span", { class: "label" }, label),
            help && h("span", { class: "help soft", id: `${id}-help` }, help),
        ),
    );
}

/** @param {Drawn} drawn */
function choice(drawn) {
    const { field: about, value, set, say } = drawn;
    const name = (/** @type {string} */ each) => {
        const key = `choice.${about.key}.${each}`;
        return say(key) === key ? each || "–" : say(key);
    };
    const options = about.choices.map((each) => h("option", { key: each, value: each }, name(each)));
    return h(
        "select",
        { ...common(drawn), value, onchange: (/** @type {any} */ event) => set(event.target.value) },
        options,
    );
}

/** @param {Drawn} drawn */
function secret(drawn) {
    const { value, set, say, hint, id } = drawn;
    const props = {
        ...common(drawn),
        type: "password",
        autocomplete: "new-password",
        value: value ?? "",
        placeholder: hint.placeholder,
        disabled: drawn.fixed || value === null,
        oninput: (/** @type {any} */ event) => set(event.target.value),
    };
    const show = (/** @type {any} */ event) => {
        const found = /** @type {HTMLInputElement} */ (document.getElementById(id));
        found.type = found.type === "password" ? "text" : "password";
        event.currentTarget.setAttribute("aria-pressed", String(found.type === "text"));
    };
    const eye = {
        type: "button",
        class: "plain",
        "aria-pressed": "false",
        "aria-label": say("secret.show"),
        onclick: show,
    };
    const none = h(
        "label",
        { class: "check" },
        h("input", {
            type: "checkbox",
            checked: value === null,
            onchange: (/** @type {any} */ event) => set(event.target.checked ? null : ""),
        }),
        h("span", {}, say(`secret.none.${drawn.field.key}`)),
    );
    return [h("div", { class: "beside" }, h("input", props), h("button", eye, icon("eye"))), hint.none && none];
}

/** One item a line. @param {Drawn} drawn */
function lines(drawn) {
    const { value, set, say, hint } = drawn;
    return h("textarea", {
        ...common(drawn),
        rows: Math.max(2, Math.min(8, value.length + 1)),
        value: value.join("\n"),
        spellcheck: "false",
        placeholder: hint.placeholder ?? say("form.lines"),
        oninput: (/** @type {any} */ event) => set(event.target.value === "" ? [] : event.target.value.split("\n")),
    });
}

/** @param {Drawn} drawn @param {{value: string, label?: string}[]} offered */
function checks(drawn, offered) {
    const { value, set, fixed } = drawn;
    const others = value.filter((/** @type {string} */ each) => !offered.some((one) => one.value === each));
    const all = [...offered, ...others.map((/** @type {string} */ each) => ({ value: each }))];
    const change = (/** @type {string} */ one) => (/** @type {any} */ event) =>
        set(event.target.checked ? [...value, one] : value.filter((/** @type {string} */ each) => each !== one));
    return h(
        "div",
        { class: "checks" },
        all.map((each) =>
            h(
                "label",
                { class: "check", key: each.value },
                h("input", {
                    type: "checkbox",
                    checked: value.includes(each.value),
                    disabled: fixed,
                    onchange: change(each.value),
                }),
                h("span", {}, h("code", {}, each.value), each.label && h("span", { class: "help soft" }, each.label)),
            ),
        ),
    );
}

/** @param {Drawn} drawn @param {string[]} columns @param {Say} say */
function rows(drawn, columns, say) {
    const { value, set, fixed, id, label } = drawn;
    const change = (/** @type {number} */ at, /** @type {string} */ column) => (/** @type {any} */ event) =>
        set(
            value.map((/** @type {any} */ row, /** @type {number} */ place) =>
                place === at ? { ...row, [column]: event.target.value } : row,
            ),
        );
    const remove = (/** @type {number} */ at) => () =>
        set(value.filter((/** @type {any} */ _, /** @type {number} */ place) => place !== at));
    const add = () => {
        set([...value, Object.fromEntries(columns.map((each) => [each, ""]))]);
        setTimeout(() => document.getElementById(`${id}-${value.length}-${columns[0]}`)?.focus());
    };
    return h(
        "div",
        { class: "pairs" },
        value.map((/** @type {Record<string, string>} */ row, /** @type {number} */ at) =>
            h(
                "div",
                { class: "pair" },
                columns.map((column) =>
                    h("input", {
                        id: `${id}-${at}-${column}`,
                        "aria-label": `${label} ${at + 1}: ${say(`rows.${column}`)}`,
                        placeholder: say(`rows.${column}`),
                        value: row[column] ?? "",
                        disabled: fixed,
                        spellcheck: "false",
                        oninput: change(at, column),
                    }),
                ),
                fixed ||
                    h(
                        "button",
                        {
                            type: "button",
                            class: "plain",
                            "aria-label": say("rows.remove", { count: at + 1 }),
                            onclick: remove(at),
                        },
                        icon("trash"),
                    ),
            ),
        ),
        fixed || h("button", { type: "button", class: "small", onclick: add }, icon("plus"), say("rows.add")),
    );
}
