/** What a list is sifted by, as a page's address keeps it: `#/cdrs?party=1001&cause=USER_BUSY`. */

/** @typedef {Record<string, string>} Sieve what is empty is not there */

/** Filters of call records, as the API calls them, in the order of the form. */
export const CDR_FILTERS = /** @type {const} */ (["from", "to", "party", "cause", "direction", "min_billsec"]);

/** Times are kept in the address in UTC, without seconds if there are none. */
const TIMES = new Set(["from", "to"]);

/** @param {string | URLSearchParams} text the query of the address @param {readonly string[]} names @returns {Sieve} */
export function fromAddress(text, names) {
    const given = new URLSearchParams(text);
    const pairs = names.map((name) => [name, (given.get(name) ?? "").trim()]);
    return Object.fromEntries(pairs.filter(([name, value]) => value && (!TIMES.has(name ?? "") || isTime(value))));
}

/** @param {Sieve} sieve @param {readonly string[]} names */
export function toAddress(sieve, names) {
    const kept = names.filter((name) => sieve[name]).map((name) => [name, sieve[name]]);
    return new URLSearchParams(/** @type {[string, string][]} */ (kept)).toString();
}

/** What a field of local time shows for a time of the address. @param {string | undefined} time */
export function localTime(time) {
    if (!time || !isTime(time)) {
        return "";
    }
    const date = new Date(time);
    return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The other way round. @param {string} local such as "2026-05-01T08:30" */
export function utcTime(local) {
    return local && isTime(local) ? new Date(local).toISOString().replace(":00.000Z", "Z") : "";
}

/** @param {string | undefined} text */
function isTime(text) {
    return !Number.isNaN(Date.parse(text ?? ""));
}
