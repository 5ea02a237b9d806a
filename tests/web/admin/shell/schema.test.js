/** Forms and tables from what the switch says of its resources. */

import assert from "node:assert/strict";
import test from "node:test";

import {
    blank,
    check,
    columnsOf,
    fieldsOf,
    fromForm,
    members,
    resolved,
    toForm,
} from "../../../../web/admin/schema.js";

const DOC = {
    paths: {
        "/things": {
            get: {
                operationId: "things.list",
                responses: {
                    200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Page" } } } },
                },
            },
            post: {
                operationId: "things.create",
                requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/New" } } } },
            },
        },
    },
    components: {
        schemas: {
            Page: {
                type: "object",
                properties: { items: { type: "array", items: { $ref: "#/components/schemas/Thing" } } },
            },
            Thing: {
                type: "object",
                properties: {
                    id: { type: "string" },
                    at: { type: "string", format: "date-time" },
                    tags: { type: "array", items: { type: "string" } },
                },
            },
            Pair: {
                type: "object",
                properties: { match: { type: "string", minLength: 1 }, replace: { type: "string" } },
                required: ["match"],
            },
            New: {
                type: "object",
                required: ["name"],
                properties: {
                    name: { type: "string", minLength: 1, maxLength: 5, pattern: "^[\\w.-]+$" },
                    count: { type: "integer", minimum: 1, maximum: 9, default: 3 },
                    share: { anyOf: [{ type: "number" }, { type: "null" }] },
                    on: { type: "boolean", default: true },
                    kind: { type: "string", enum: ["", "a", "b"], default: "a" },
                    secret: { anyOf: [{ type: "string", minLength: 4, writeOnly: true }, { type: "null" }] },
                    until: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }] },
                    words: { type: "array", items: { type: "string", maxLength: 3 }, minItems: 1, maxItems: 2 },
                    pairs: { type: "array", items: { $ref: "#/components/schemas/Pair" } },
                    more: {
                        type: "object",
                        patternProperties: { "^[a-z]+$": { type: "string", maxLength: 2 } },
                        additionalProperties: false,
                    },
                },
            },
        },
    },
};

const FIELDS = Object.fromEntries(fieldsOf(DOC, "things.create").map((each) => [each.key, each]));

/** @param {string} key */
function field(key) {
    return /** @type {import("../../../../web/admin/schema.js").Field} */ (FIELDS[key]);
}

/** @param {string} key @param {any} given */
function faultOf(key, given) {
    return check(field(key), given)?.key ?? "";
}

test("each kind of member has its kind of field", () => {
    const kinds = Object.fromEntries(Object.values(FIELDS).map((each) => [each.key, each.kind]));
    assert.deepEqual(kinds, {
        name: "text",
        count: "integer",
        share: "number",
        on: "switch",
        kind: "choice",
        secret: "secret",
        until: "time",
        words: "list",
        pairs: "rows",
        more: "dict",
    });
    assert.deepEqual([field("name").required, field("count").required], [true, false]);
    assert.deepEqual([field("share").nullable, field("count").nullable], [true, false]);
    assert.deepEqual([field("count").min, field("count").max, field("words").max, field("secret").min], [1, 9, 2, 4]);
    assert.deepEqual(
        field("pairs").fields.map((each) => each.key),
        ["match", "replace"],
    );
    assert.deepEqual(field("kind").choices, ["", "a", "b"]);
});

test("the columns are the members of one item of the page", () => {
    assert.deepEqual(columnsOf(DOC, "things.list"), [
        { key: "id", label: "id", kind: "text" },
        { key: "at", label: "at", kind: "time" },
        { key: "tags", label: "tags", kind: "list" },
    ]);
});

test("members of all parts of a whole are there", () => {
    const whole = {
        allOf: [
            { $ref: "#/components/schemas/Pair" },
            { type: "object", properties: { more: { type: "string" } }, required: ["more"] },
        ],
    };
    assert.deepEqual(
        members(DOC, whole).map((each) => [each.key, each.required]),
        [
            ["match", true],
            ["replace", false],
            ["more", true],
        ],
    );
});

test("a schema that leads to itself, or nowhere, is told of", () => {
    const doc = { a: { $ref: "#/a" } };
    assert.throws(() => resolved(doc, { $ref: "#/a" }), /leads to itself/);
    assert.throws(() => resolved(doc, { $ref: "#/b" }), /there is no/);
    assert.throws(() => fieldsOf(DOC, "nothing"), /knows no/);
});

test("an empty form begins with the defaults", () => {
    assert.deepEqual(
        ["name", "count", "on", "kind", "words", "more", "until"].map((key) => blank(field(key))),
        ["", "3", true, "a", [], [], ""],
    );
});

test("what is shown and sent back is the same", () => {
    const values = {
        name: "a",
        count: 4,
        share: 0.5,
        on: false,
        kind: "",
        words: ["x"],
        pairs: [{ match: "1", replace: "2" }],
        more: { a: "b" },
        until: "2026-01-02T03:04:00.000Z",
    };
    for (const [key, value] of Object.entries(values)) {
        assert.deepEqual(fromForm(field(key), toForm(field(key), value)), value, key);
    }
});

test("what is left empty is null or nothing", () => {
    assert.equal(fromForm(field("share"), " "), null);
    assert.equal(fromForm(field("count"), ""), undefined);
    assert.equal(fromForm(field("secret"), ""), undefined);
    assert.deepEqual(fromForm(field("words"), ["a", " ", "b "]), ["a", "b"]);
    assert.deepEqual(fromForm(field("more"), [{ name: "", value: "" }]), {});
});

test("faults are found before the switch is asked", () => {
    assert.equal(faultOf("name", ""), "fault.missing");
    assert.equal(faultOf("name", "abcdef"), "fault.long");
    assert.equal(faultOf("name", "a b"), "fault.pattern");
    assert.equal(faultOf("name", "王"), "", "letters of all languages, as the switch has it");
    assert.equal(faultOf("count", "1.5"), "fault.whole");
    assert.equal(faultOf("count", "x"), "fault.number");
    assert.equal(faultOf("count", "0"), "fault.least");
    assert.equal(faultOf("count", "10"), "fault.most");
    assert.equal(faultOf("count", ""), "");
    assert.equal(faultOf("secret", "abc"), "fault.short");
    assert.equal(faultOf("secret", ""), "");
    assert.equal(faultOf("words", []), "fault.missing");
    assert.equal(faultOf("words", ["a", "b", "c"]), "fault.many");
    assert.deepEqual(check(field("words"), ["a", "abcd"]), { key: "fault.long", facts: { count: 3 }, at: 1 });
    assert.deepEqual(check(field("pairs"), [{ match: "", replace: "x" }])?.key, "fault.missing");
    assert.equal(faultOf("more", [{ name: "A", value: "" }]), "fault.name");
    assert.equal(
        faultOf("more", [
            { name: "a", value: "1" },
            { name: "a", value: "2" },
        ]),
        "fault.twice",
    );
    assert.equal(faultOf("more", [{ name: "a", value: "123" }]), "fault.long");
});

test("a pattern that no browser understands is left to the switch", () => {
    assert.equal(check({ ...field("name"), pattern: "(?i)^a$" }, "b"), null);
});
