/** Calls of before, from the server's records. */

import { shown } from "./wire.js";

/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {"in" | "out"} way
 * @property {string} number
 * @property {string} name
 * @property {Date} at
 * @property {number} seconds it was talked
 * @property {string} cause
 * @property {boolean} missed
 * @property {number} [mos]
 */

const PAGE = 30;

/** @param {import("./phone.js").Phone} phone @param {{cursor?: string}} wish */
export async function history(phone, { cursor }) {
    const page = await phone.request("cdrs.list", { limit: PAGE, ...(cursor && { cursor }) });
    const { items = [], next_cursor: next = null } = page;
    return { items: items.filter(isOver).map((/** @type {any} */ row) => entry(row, phone.login)), next };
}

/** @param {any} row */
function isOver(row) {
    return row?.ended;
}

/** One record as its user sees it. @param {any} row @param {string} login @returns {Entry} */
export function entry(row, login) {
    const own = bare(login);
    const way = row.user && bare(row.user) === own ? "out" : "in";
    const other = (way === "out" ? row.callee : row.caller) ?? {};
    const mos = [row.quality?.heard?.mos, row.quality?.told?.mos].filter((each) => typeof each === "number");
    const here = way === "out" || (row.reached && bare(row.reached) === own);
    return {
        id: String(row.id), way, number: shown(other.number), name: shown(other.name), at: new Date(row.started),
        seconds: here ? (row.billsec ?? 0) : 0, cause: shown(row.cause), missed: way === "in" && !row.answered,
        ...(mos.length && way === "out" && { mos: Math.min(...mos) }), // measured on the leg of who placed it
    };
}

/** @param {string} address */
function bare(address) {
    return String(address).split("@")[0]?.toLowerCase();
}
