/** Tables as text with commas (RFC 4180): what spreadsheets write is read, and what is written harms none. Pure. */

/** @typedef {import("../schema.js").Field} Field */
/**
 * @typedef {object} Row
 * @property {number} line
 * @property {Record<string, any>} values
 * @property {{field: string, key: string, facts: Record<string, string | number>}[]} faults
 */

const SIGNS = [",", ";", "\t"];
const FORMULA = /^[=+\-@\t\r]/;
const KEPT = /^'(?=[=+\-@\t\r])/;
const TRUE = new Set(["true", "yes", "1", "on", "是"]);
const FALSE = new Set(["false", "no", "0", "off", "否"]);

/**
 * Cells of lines; lines without any text are left out. Each has the number of the line that it begins on.
 * @param {string} text @returns {{line: number, cells: string[]}[]}
 */
export function parse(text) {
    const plain = text.replace(/^\uFEFF/, "");
    const sign = signOf(plain);
    const reader = new Reader(plain, sign);
    const found = [];
    while (!reader.over()) {
        const line = reader.line;
        const cells = reader.record();
        if (cells.some((each) => each.trim() !== "")) {
            found.push({ line, cells });
        }
    }
    return found;
}

/** What parts the cells: what the first line has most of. @param {string} text */
function signOf(text) {
    const [first = ""] = text.replace(/"(?:[^"]|"")*"/g, "").split(/\r|\n/, 1);
    const counts = SIGNS.map((each) => first.split(each).length);
    return /** @type {string} */ (SIGNS[counts.indexOf(Math.max(...counts))]);
}

/** Goes through the text. */
class Reader {
    /** @param {string} text @param {string} sign */
    constructor(text, sign) {
        this.text = text;
        this.sign = sign;
        this.at = 0;
        this.line = 1;
    }

    over() {
        return this.at >= this.text.length;
    }

    /** @returns {string[]} */
    record() {
        const cells = [this._cell()];
        while (!this.over() && this.text[this.at] === this.sign) {
            this.at += 1;
            cells.push(this._cell());
        }
        this._newline();
        return cells;
    }

    _newline() {
        if (this.text[this.at] === "\r") {
            this.at += this.text[this.at + 1] === "\n" ? 2 : 1;
        } else if (!this.over()) {
            this.at += 1;
        }
        this.line += 1;
    }

    _cell() {
        return this.text[this.at] === '"' ? this._quoted() : this._plain();
    }

    _plain() {
        const from = this.at;
        while (!this.over() && ![this.sign, "\r", "\n"].includes(/** @type {string} */ (this.text[this.at]))) {
            this.at += 1;
        }
        return this.text.slice(from, this.at);
    }

    /** Up to the quote that is not doubled, and what comes behind it before the next cell. */
    _quoted() {
        let found = "";
        for (this.at += 1; !this.over(); this.at += 1) {
            const sign = /** @type {string} */ (this.text[this.at]);
            if (sign === '"' && this.text[this.at + 1] === '"') {
                this.at += 1;
            } else if (sign === '"') {
                this.at += 1;
                break;
            } else if (sign === "\n") {
                this.line += 1;
            }
            found += sign;
        }
        return found + this._plain();
    }
}

/**
 * Objects of a table whose first line names fields.
 * @param {{line: number, cells: string[]}[]} lines @param {Field[]} fields
 * @returns {{rows: Row[], unknown: string[], missing: string[]}}
 */
export function toRows(lines, fields) {
    const [head, ...rest] = lines;
    const names = (head?.cells ?? []).map((each) =>
        each
            .trim()
            .toLowerCase()
            .replace(/[\s-]+/g, "_"),
    );
    const columns = names.map((name) => fields.find((each) => each.key === name) ?? null);
    const unknown = (head?.cells ?? []).filter((_, at) => names[at] && !columns[at]).map((each) => each.trim());
    const missing = fields.filter((each) => each.required && !columns.includes(each)).map((each) => each.key);
    return { rows: rest.map(({ line, cells }) => toRow(line, cells, columns)), unknown, missing };
}

/** @param {number} line @param {string[]} cells @param {(Field | null)[]} columns @returns {Row} */
function toRow(line, cells, columns) {
    /** @type {Row} */
    const row = { line, values: {}, faults: [] };
    for (const [at, text] of cells.entries()) {
        const field = columns[at];
        if (field && text.trim() !== "") {
            const value = valueOf(field, text.trim().replace(KEPT, ""));
            value === undefined
                ? row.faults.push({ field: field.key, key: `fault.${field.kind}`, facts: {} })
                : (row.values[field.key] = value);
        } else if (!field && at >= columns.length && text.trim() !== "") {
            row.faults.push({ field: "", key: "fault.cells", facts: { count: columns.length } });
        }
    }
    return row;
}

/** @param {Field} field @param {string} text @returns {any} undefined if it cannot be one */
function valueOf(field, text) {
    const word = text.toLowerCase();
    switch (field.kind) {
        case "switch":
            return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
        case "number":
        case "integer":
            return Number.isNaN(Number(text)) ? undefined : Number(text);
        case "list":
            return text.split(/\s+/);
        case "dict":
            return dictOf(text);
        default:
            return text;
    }
}

/** Such as {"a": "b"}, or a=b; c=d. @param {string} text @returns {Record<string, string> | undefined} */
function dictOf(text) {
    if (text.startsWith("{")) {
        try {
            return JSON.parse(text);
        } catch {
            return undefined;
        }
    }
    const pairs = text
        .split(";")
        .map((each) => each.trim())
        .filter(Boolean)
        .map((each) => each.split(/=(.*)/s));
    return pairs.every((each) => each.length > 1)
        ? Object.fromEntries(pairs.map(([name = "", value = ""]) => [name.trim(), value.trim()]))
        : undefined;
}

/** Faults of rows that say the same as one before where no two may. @param {Row[]} rows @param {string[]} keys */
export function markTwins(rows, keys) {
    for (const key of keys) {
        /** @type {Map<string, number>} */
        const seen = new Map();
        for (const row of rows) {
            const value = String(row.values[key] ?? "");
            const first = value && seen.get(value);
            if (first) {
                row.faults.push({ field: key, key: "fault.same", facts: { row: first } });
            } else if (value) {
                seen.set(value, row.line);
            }
        }
    }
}

/**
 * @param {string[]} columns @param {Record<string, any>[]} items
 * @returns {string} with a mark by which spreadsheets know UTF-8
 */
export function write(columns, items) {
    const lines = [columns, ...items.map((item) => columns.map((each) => textOf(item[each])))];
    return `\uFEFF${lines.map((cells) => cells.map(quoted).join(",")).join("\r\n")}\r\n`;
}

/** @param {any} value */
function textOf(value) {
    const empty = value === null || value === undefined || (typeof value === "object" && !Object.keys(value).length);
    return empty ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {string} text */
function quoted(text) {
    const harmless = FORMULA.test(text) ? `'${text}` : text;
    return /[",;\t\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
