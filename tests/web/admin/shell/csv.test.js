/** Tables of users as text. */

import assert from "node:assert/strict";
import test from "node:test";

import { markTwins, parse, toRows, write } from "../../../../web/admin/parts/csv.js";
import { range, rowsOf } from "../../../../web/admin/parts/range.js";

/** @typedef {import("../../../../web/admin/schema.js").Field} Field */

/** @param {string} key @param {string} kind @param {boolean} [required] */
function field(key, kind, required = false) {
    return /** @type {Field} */ (/** @type {unknown} */ ({ key, kind, required }));
}

const FIELDS = [
    field("name", "text", true),
    field("display_name", "text"),
    field("enabled", "switch"),
    field("variables", "dict"),
    field("limit", "number"),
];

/** @param {string} text */
function cells(text) {
    return parse(text).map((each) => each.cells);
}

test("quotes, doubled quotes, and lines within them are read", () => {
    assert.deepEqual(cells('a,"b,""c""","d\r\ne"\r\nf,,\r\n'), [
        ["a", 'b,"c"', "d\r\ne"],
        ["f", "", ""],
    ]);
});

test("all ends of lines, a mark at the start and no end at the last line are fine", () => {
    assert.deepEqual(cells("\uFEFFa,b\rc,d\ne,f\r\ng,h"), [
        ["a", "b"],
        ["c", "d"],
        ["e", "f"],
        ["g", "h"],
    ]);
});

test("semicolons and tabs part cells where the first line has them", () => {
    assert.deepEqual(cells("a;b\n1,5;2"), [
        ["a", "b"],
        ["1,5", "2"],
    ]);
    assert.deepEqual(cells("a\tb\n1;5\t2"), [
        ["a", "b"],
        ["1;5", "2"],
    ]);
    assert.deepEqual(cells('"x;y;z",b\n1,2'), [
        ["x;y;z", "b"],
        ["1", "2"],
    ]);
});

test("lines without text are left out, and the numbers of the others stay", () => {
    assert.deepEqual(
        parse('a,b\n\n"c\nd",e\n , \nf,g').map((each) => each.line),
        [1, 3, 6],
    );
});

test("a quote that never ends does not lose the rest", () => {
    assert.deepEqual(cells('a\n"b\nc'), [["a"], ["b\nc"]]);
});

test("the first line names the fields, whatever their case", () => {
    const { rows, unknown, missing } = toRows(parse("Name,Display Name,Colour\n1000,Ann,red\n"), FIELDS);
    assert.deepEqual(
        rows.map((each) => each.values),
        [{ name: "1000", display_name: "Ann" }],
    );
    assert.deepEqual([unknown, missing], [["Colour"], []]);
    assert.deepEqual(toRows(parse("number\n1"), FIELDS).missing, ["name"]);
    assert.deepEqual(toRows(parse(""), FIELDS).rows, []);
});

test("cells become what their fields are", () => {
    const { rows } = toRows(
        parse('name,enabled,variables,limit\n007,No,"a=1; b=x=y",2.5\n2,是,"{""a"": ""b""}",\n3,maybe,x,y'),
        FIELDS,
    );
    assert.deepEqual(rows[0]?.values, { name: "007", enabled: false, variables: { a: "1", b: "x=y" }, limit: 2.5 });
    assert.deepEqual(rows[1]?.values, { name: "2", enabled: true, variables: { a: "b" } });
    assert.deepEqual(
        rows[2]?.faults.map((each) => each.key),
        ["fault.switch", "fault.dict", "fault.number"],
    );
});

test("more cells than columns are a fault", () => {
    const { rows } = toRows(parse("name\n1,2"), FIELDS);
    assert.deepEqual(rows[0]?.faults, [{ field: "", key: "fault.cells", facts: { count: 1 } }]);
});

test("the second of two same rows is told where the first one is", () => {
    const { rows } = toRows(parse("name\n1\n2\n1"), FIELDS);
    markTwins(rows, ["name"]);
    assert.deepEqual(
        rows.map((each) => each.faults.length),
        [0, 0, 1],
    );
    assert.deepEqual(rows[2]?.faults[0], { field: "name", key: "fault.same", facts: { row: 2 } });
});

test("no cell is a formula to a spreadsheet", () => {
    for (const evil of ["=1+1", "+49", "-1", "@SUM(A1)", "\tx", "\rx"]) {
        const [, line = ""] = /\r\n([^]*)\r\n$/.exec(write(["name"], [{ name: evil }])) ?? [];
        assert.match(line, /^"?'/, JSON.stringify(evil));
    }
});

test("what is written is read as it was", () => {
    const items = [
        { name: "+49", display_name: 'A "B", c;\nd', enabled: true, variables: { a: "b" } },
        { name: "1", display_name: "", enabled: false, variables: {} },
    ];
    const { rows } = toRows(parse(write(["name", "display_name", "enabled", "variables"], items)), FIELDS);
    assert.deepEqual(
        rows.map((each) => each.values),
        [items[0], { name: "1", enabled: false }],
    );
});

test("a range keeps its leading zeros", () => {
    assert.deepEqual(range("0098", "0101"), { numbers: ["0098", "0099", "0100", "0101"], fault: "" });
    assert.deepEqual(
        ["range.digits", "range.length", "range.order", "range.many"],
        [range("a", "1"), range("9", "10"), range("2", "1"), range("1000", "2000")].map((each) => each.fault),
    );
    assert.equal(range("1000", "1999").numbers.length, 1000);
});

test("each number of a range has a row, without what is empty", () => {
    assert.deepEqual(rowsOf(["10"], { name: "{number}", display_name: "Room {number}, {number}", context: " " }), [
        { name: "10", display_name: "Room 10, 10" },
    ]);
});
