/** What somebody may do and see: scopes, and the pages that need them. */

const ANY = "__ANY__";
const OWN = ":own";

/** @typedef {{name: string, scope: string, icon: string}} Entry */
/** @typedef {{name: string, entries: Entry[]}} Group */

/** The sidebar. @type {readonly Group[]} */
export const GROUPS = Object.freeze([
    group(
        "now",
        ["dashboard", "status", "gauge"],
        ["calls", "calls", "call"],
        ["cdrs", "cdr", "list"],
        ["recordings", "recordings", "record"],
    ),
    group("numbers", ["users", "users", "people"], ["routes", "routes", "route"], ["media", "media", "sound"]),
    group(
        "connections",
        ["gateways", "gateways", "gateway"],
        ["webhooks", "webhooks", "hook"],
        ["keys", "keys", "key"],
    ),
    group("safety", ["blocks", "blocks", "shield"], ["audit", "audit", "eye"]),
    group("switch", ["settings", "config", "settings"], ["diagnostics", "config", "pulse"]),
]);

/**
 * Whether a scope is granted, if only for what is one's own.
 * @param {readonly string[]} scopes @param {string} scope
 */
export function may(scopes, scope) {
    return mayAll(scopes, scope) || scopes.includes(scope + OWN);
}

/** Whether a scope is granted without bounds. @param {readonly string[]} scopes @param {string} scope */
export function mayAll(scopes, scope) {
    return scopes.includes(ANY) || scopes.includes(scope);
}

/** The groups with what may be seen. @param {readonly string[]} scopes @returns {Group[]} */
export function visible(scopes) {
    return GROUPS.map((each) => ({
        name: each.name,
        entries: each.entries.filter((entry) => may(scopes, entry.scope)),
    })).filter((each) => each.entries.length > 0);
}

/** The entry of a page. @param {string} name @returns {Entry | null} */
export function entryOf(name) {
    return GROUPS.flatMap((each) => each.entries).find((entry) => entry.name === name) ?? null;
}

/** @param {string} name @param {string[][]} entries @returns {Group} */
function group(name, ...entries) {
    return {
        name,
        entries: entries.map(([page = "", resource = "", icon = ""]) => ({
            name: page,
            scope: `${resource}:read`,
            icon,
        })),
    };
}
