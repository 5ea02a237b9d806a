/** What /openapi.json says of resources, as fields of forms and columns of tables. Pure: no page, no network. */

/** @typedef {Record<string, any>} Schema */
/**
 * @typedef {"text" | "secret" | "number" | "integer" | "switch" | "choice" | "time" | "list" | "rows" | "dict"} Kind
 */
/**
 * @typedef {object} Field
 * @property {string} key
 * @property {Kind} kind "rows" is a list of objects, "dict" texts by name
 * @property {boolean} required
 * @property {boolean} nullable
 * @property {number | null} min of a number; else the fewest characters, or items
 * @property {number | null} max
 * @property {string | null} pattern
 * @property {string[]} choices
 * @property {any} fallback what it is when it is left out; undefined: nobody says
 * @property {string} help what the document says, in English
 * @property {Field | null} item of a list or a dict: one of it
 * @property {Field[]} fields of rows: those of one
 * @property {string | null} names of a dict: the pattern of its names
 */
/** @typedef {{key: string, label: string, kind: Kind}} Column */
/**
 * @typedef {{key: string, facts: Record<string, string | number>, at: number | null}} Fault
 * `key` is one of words; `at`: which item it is about
 */

/** What the document says of an operation. @param {Schema} doc @param {string} id @returns {Schema} */
export function operationOf(doc, id) {
    for (const verbs of Object.values(doc["paths"] ?? {})) {
        for (const about of Object.values(/** @type {Record<string, Schema>} */ (verbs))) {
            if (about["operationId"] === id) {
                return about;
            }
        }
    }
    throw new Error(`the switch knows no ${id}`);
}

/** The fields of what an operation is given. @param {Schema} doc @param {string} id @returns {Field[]} */
export function fieldsOf(doc, id) {
    const body = operationOf(doc, id)["requestBody"]?.content?.["application/json"]?.schema;
    return body ? members(doc, body) : [];
}

/** The columns of what a list gives. @param {Schema} doc @param {string} id @returns {Column[]} */
export function columnsOf(doc, id) {
    const answers = operationOf(doc, id)["responses"] ?? {};
    const page = resolved(doc, answers["200"]?.content?.["application/json"]?.schema ?? {});
    const item = resolved(doc, page["properties"]?.items ?? {})["items"];
    return item ? members(doc, item).map(({ key, kind }) => ({ key, label: key, kind })) : [];
}

/** The members of an object. @param {Schema} doc @param {Schema} schema @returns {Field[]} */
export function members(doc, schema) {
    const found = resolved(doc, schema);
    const required = new Set(found["required"] ?? []);
    const properties = /** @type {[string, Schema][]} */ (Object.entries(found["properties"] ?? {}));
    return properties.map(([key, each]) => fieldOf(doc, key, each, required.has(key)));
}

/**
 * A schema without references, and with "or null" as `nullable`.
 * @param {Schema} doc @param {Schema} schema @param {number} [depth] @returns {Schema}
 */
export function resolved(doc, schema, depth = 0) {
    if (depth > 20) {
        throw new Error("a schema leads to itself");
    }
    if (schema["$ref"]) {
        const { $ref, ...rest } = schema;
        return { ...resolved(doc, pointed(doc, $ref), depth + 1), ...rest };
    }
    if (schema["allOf"]) {
        const { allOf, ...rest } = schema;
        return joined([...allOf.map((/** @type {Schema} */ each) => resolved(doc, each, depth + 1)), rest]);
    }
    const choices = schema["anyOf"] ?? schema["oneOf"];
    if (!choices) {
        return schema;
    }
    const { anyOf, oneOf, ...rest } = schema;
    const found = /** @type {Schema[]} */ (choices.map((/** @type {Schema} */ each) => resolved(doc, each, depth + 1)));
    const real = found.filter((each) => each["type"] !== "null");
    const nullable = real.length < found.length || real.some((each) => each["nullable"]);
    return { ...(real.length === 1 ? real[0] : {}), ...rest, nullable };
}

/** @param {Schema} doc @param {string} reference such as "#/components/schemas/User" @returns {Schema} */
function pointed(doc, reference) {
    const parts = reference
        .replace(/^#\//, "")
        .split("/")
        .map((each) => each.replaceAll("~1", "/").replaceAll("~0", "~"));
    const found = parts.reduce((/** @type {any} */ node, part) => node?.[part], doc);
    if (!found) {
        throw new Error(`there is no ${reference}`);
    }
    return found;
}

/** @param {Schema[]} all @returns {Schema} */
function joined(all) {
    const properties = Object.assign({}, ...all.map((each) => each["properties"] ?? {}));
    const required = all.flatMap((each) => each["required"] ?? []);
    const one = Object.assign({}, ...all);
    return Object.keys(properties).length ? { ...one, properties, required } : one;
}

/** @param {Schema} doc @param {string} key @param {Schema} schema @param {boolean} required @returns {Field} */
function fieldOf(doc, key, schema, required) {
    const found = resolved(doc, schema);
    const kind = kindOf(doc, found);
    const [min, max] = limits(found, kind);
    const values = kind === "dict" ? valuesOf(found) : null;
    const items = kind === "list" || kind === "rows" ? (found["items"] ?? {}) : null;
    return {
        key,
        kind,
        required,
        nullable: Boolean(found["nullable"]),
        min,
        max,
        pattern: found["pattern"] ?? null,
        choices: choicesOf(found),
        fallback: found["default"],
        help: found["description"] ?? "",
        item:
            kind === "list" || kind === "dict"
                ? fieldOf(doc, "", items ?? values?.schema ?? { type: "string" }, true)
                : null,
        fields: kind === "rows" ? members(doc, items ?? {}) : [],
        names: values?.names ?? null,
    };
}

/** @param {Schema} doc @param {Schema} schema @returns {Kind} */
function kindOf(doc, schema) {
    if (schema["enum"] || schema["const"] !== undefined) {
        return "choice";
    }
    switch (schema["type"]) {
        case "boolean":
            return "switch";
        case "integer":
        case "number":
            return schema["type"];
        case "array":
            return resolved(doc, schema["items"] ?? {})["type"] === "object" ? "rows" : "list";
        case "object":
            return "dict";
        default:
            return textKind(schema);
    }
}

/** @param {Schema} schema @returns {Kind} */
function textKind(schema) {
    if (schema["format"] === "date-time") {
        return "time";
    }
    return schema["writeOnly"] || schema["format"] === "password" ? "secret" : "text";
}

/** @param {Schema} schema @param {Kind} kind @returns {[number | null, number | null]} */
function limits(schema, kind) {
    if (kind === "number" || kind === "integer") {
        return [schema["minimum"] ?? null, schema["maximum"] ?? null];
    }
    if (kind === "list" || kind === "rows") {
        return [schema["minItems"] ?? null, schema["maxItems"] ?? null];
    }
    return kind === "dict"
        ? [null, schema["maxProperties"] ?? null]
        : [schema["minLength"] ?? null, schema["maxLength"] ?? null];
}

/** @param {Schema} schema @returns {string[]} */
function choicesOf(schema) {
    return schema["const"] === undefined ? (schema["enum"] ?? []) : [schema["const"]];
}

/** @param {Schema} schema @returns {{schema: Schema, names: string | null}} */
function valuesOf(schema) {
    const [named] = /** @type {[string, Schema][]} */ (Object.entries(schema["patternProperties"] ?? {}));
    const others = schema["additionalProperties"];
    return named
        ? { schema: named[1], names: named[0] }
        : { schema: others && others !== true ? others : { type: "string" }, names: null };
}

/** What an empty form has of a field. @param {Field} field @returns {any} */
export function blank(field) {
    if (field.fallback !== undefined && field.fallback !== null) {
        return toForm(field, field.fallback);
    }
    return { switch: false, list: [], rows: [], dict: [] }[/** @type {string} */ (field.kind)] ?? "";
}

/**
 * A value as a form has it: numbers as text, a dict as rows of name and value.
 * @param {Field} field @param {any} value @returns {any}
 */
export function toForm(field, value) {
    if (value === null || value === undefined) {
        return blank({ ...field, fallback: undefined });
    }
    switch (field.kind) {
        case "dict":
            return Object.entries(value).map(([name, each]) => ({ name, value: String(each) }));
        case "list":
            return value.map(String);
        case "rows":
            return value.map((/** @type {any} */ row) =>
                Object.fromEntries(field.fields.map((each) => [each.key, toForm(each, row[each.key])])),
            );
        case "switch":
            return Boolean(value);
        case "time":
            return localTime(value);
        default:
            return String(value);
    }
}

/** What is sent of a field; undefined: nothing. @param {Field} field @param {any} given @returns {any} */
export function fromForm(field, given) {
    switch (field.kind) {
        case "number":
        case "integer":
            return given.trim() === "" ? empty(field) : Number(given);
        case "dict":
            return Object.fromEntries(filled(given).map((row) => [row["name"], row["value"]]));
        case "list":
            return given.map((/** @type {string} */ each) => each.trim()).filter(Boolean);
        case "rows":
            return filled(given);
        case "time":
            return given === "" ? empty(field) : new Date(given).toISOString();
        case "secret":
            return given === "" ? undefined : given;
        case "text":
            return given === "" && field.nullable ? null : given;
        default:
            return given;
    }
}

/** @param {Field} field */
function empty(field) {
    return field.nullable ? null : undefined;
}

/** Rows that say anything. @param {Record<string, string>[]} rows */
function filled(rows) {
    return rows.filter((row) => Object.values(row).some((each) => each !== ""));
}

/** What an input of a local time wants. @param {string} text */
function localTime(text) {
    const time = new Date(text);
    const there = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
    return Number.isNaN(time.getTime()) ? "" : there.toISOString().slice(0, 16);
}

/**
 * What is wrong with what was entered, before the switch is asked.
 * @param {Field} field @param {any} given @returns {Fault | null}
 */
export function check(field, given) {
    switch (field.kind) {
        case "switch":
            return null;
        case "list":
            return checkItems(field, filledTexts(given)) ?? counted(field, filledTexts(given).length);
        case "dict":
            return checkNames(field, filled(given)) ?? counted(field, filled(given).length);
        case "rows":
            return checkRows(field, filled(given)) ?? counted(field, filled(given).length);
        case "number":
        case "integer":
            return checkNumber(field, given.trim());
        default:
            return checkText(field, String(given));
    }
}

/** @param {string[]} given */
function filledTexts(given) {
    return given.map((each) => each.trim()).filter(Boolean);
}

/** @param {string} key @param {Record<string, string | number>} [facts] @returns {Fault} */
function fault(key, facts = {}) {
    return { key: `fault.${key}`, facts, at: null };
}

/** @param {Field} field @param {string} given @returns {Fault | null} */
function checkText(field, given) {
    if (given === "") {
        const must = field.required && (field.min ?? 0) > 0;
        return must || (field.required && field.pattern && !fits(field.pattern, "")) ? fault("missing") : null;
    }
    if (field.min !== null && given.length < field.min) {
        return fault("short", { count: field.min });
    }
    if (field.max !== null && given.length > field.max) {
        return fault("long", { count: field.max });
    }
    return field.pattern && !fits(field.pattern, given) ? fault("pattern") : null;
}

/** @param {Field} field @param {string} given @returns {Fault | null} */
function checkNumber(field, given) {
    if (given === "") {
        return field.required ? fault("missing") : null;
    }
    const value = Number(given);
    if (Number.isNaN(value)) {
        return fault("number");
    }
    if (field.kind === "integer" && !Number.isInteger(value)) {
        return fault("whole");
    }
    if (field.min !== null && value < field.min) {
        return fault("least", { least: field.min });
    }
    return field.max !== null && value > field.max ? fault("most", { most: field.max }) : null;
}

/** @param {Field} field @param {number} count @returns {Fault | null} */
function counted(field, count) {
    if (field.min && count < field.min) {
        return fault(count ? "few" : "missing", { count: field.min });
    }
    return field.max !== null && count > field.max ? fault("many", { count: field.max }) : null;
}

/** @param {Field} field @param {string[]} given @returns {Fault | null} */
function checkItems(field, given) {
    return first(given, (each) => field.item && checkText(field.item, each));
}

/** @param {Field} field @param {Record<string, string>[]} given @returns {Fault | null} */
function checkNames(field, given) {
    const names = given.map((row) => row["name"] ?? "");
    return first(given, ({ name = "", value = "" }, at) => {
        if (name === "" || (field.names && !fits(field.names, name))) {
            return fault("name");
        }
        return names.indexOf(name) < at ? fault("twice") : field.item && checkText(field.item, value);
    });
}

/** @param {Field} field @param {Record<string, string>[]} given @returns {Fault | null} */
function checkRows(field, given) {
    return first(given, (row) => field.fields.map((each) => check(each, row[each.key] ?? "")).find(Boolean) ?? null);
}

/**
 * The first fault of items, and of which.
 * @template T @param {T[]} all @param {(each: T, at: number) => Fault | null} look @returns {Fault | null}
 */
function first(all, look) {
    for (const [at, each] of all.entries()) {
        const found = look(each, at);
        if (found) {
            return { ...found, at };
        }
    }
    return null;
}

/**
 * Whether a text is as the document wants it; a pattern that no browser understands is left to the switch.
 * @param {string} pattern @param {string} text
 */
function fits(pattern, text) {
    try {
        // \w is of ASCII here and of all languages there
        return new RegExp(pattern.replaceAll("\\w", "\\p{L}\\p{N}_"), "u").test(text);
    } catch {
        return true;
    }
}
