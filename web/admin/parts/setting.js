/** Settings as people see them: their sections, what they are in TOML, and which ones fit what is looked for; pure. */

/** @typedef {{value: any, origin: string}} Setting */
/** @typedef {{key: string, section: string, name: string, value: any, origin: string}} Row */

/** Sections in the order of the file; "" is what stands above them. */
export const SECTIONS = [
    "",
    "listen",
    "media",
    "store",
    "call",
    "verto",
    "sip",
    "guard",
    "api",
    "record",
    "flow",
    "trace",
    "shutdown",
    "log",
    "files",
];

/**
 * Where values come from, the weakest first, in our words; others are written as they are. @type {Record<string,
 * string>}
 */
const ORIGINS = {
    default: "default",
    file: "file",
    environment: "environment",
    set: "set",
    "command line": "set",
    database: "database",
};

/** @param {Record<string, Setting>} settings @returns {[string, Row[]][]} sections that have any, in their order */
export function grouped(settings) {
    const all = Object.entries(settings).map(([key, { value, origin }]) => ({
        ...parted(key),
        key,
        value,
        origin: ORIGINS[origin] ?? origin,
    }));
    const sections = [...new Set([...SECTIONS, ...all.map((row) => row.section)])];
    return sections
        .map((section) => /** @type {[string, Row[]]} */ ([section, all.filter((row) => row.section === section)]))
        .filter(([, rows]) => rows.length > 0);
}

/** @param {string} key @returns {{section: string, name: string}} */
function parted(key) {
    const at = key.indexOf(".");
    return at < 0 ? { section: "", name: key } : { section: key.slice(0, at), name: key.slice(at + 1) };
}

/** Whether a row is what somebody looks for: each word must be in it somewhere.
 * @param {Row} row @param {string} meaning @param {string} text */
export function fits(row, meaning, text) {
    const hay = `${row.key} ${toml(row.value)} ${meaning}`.toLowerCase();
    return text
        .toLowerCase()
        .split(/\s+/)
        .every((word) => hay.includes(word));
}

/** A value as TOML writes it. @param {any} value @returns {string} */
export function toml(value) {
    if (value === null || value === undefined) {
        return '""';
    }
    if (Array.isArray(value)) {
        return `[${value.map(toml).join(", ")}]`;
    }
    if (typeof value === "object") {
        return `{ ${Object.entries(value)
            .map(([key, each]) => `${JSON.stringify(key)} = ${toml(each)}`)
            .join(", ")} }`;
    }
    return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The lines for the file. @param {{section: string, name: string}} row @param {any} value */
export function lines({ section, name }, value) {
    return section ? `[${section}]\n${name} = ${toml(value)}` : `${name} = ${toml(value)}`;
}

/** The name of the variable that sets it. @param {{section: string, name: string}} row */
export function variable({ section, name }) {
    return `XSWITCH_${section ? `${section}__` : ""}${name}`.toUpperCase();
}
