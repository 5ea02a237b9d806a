/** What a phone is doing, in one word: for the launcher and whoever wants a glance. Pure. */

/** @typedef {import("../core/phone.js").Phone} Phone */
/** @typedef {import("../core/call.js").Call} Call */
/** @typedef {"off" | "connecting" | "ready" | "lost" | "elsewhere" | "refused"} Idle */
/** @typedef {Idle | "ringing" | "calling" | "active" | "held"} Kind */

/** Calls that ring here. @param {readonly Call[]} calls */
export function arriving(calls) {
    return calls.filter((call) => call.way === "in" && call.state === "ringing");
}

/** @param {Pick<Phone, "state" | "calls"> | null} phone @returns {Kind} */
export function kindOf(phone) {
    if (!phone) {
        return "off";
    }
    const states = phone.calls.map((call) => call.state);
    if (arriving(phone.calls).length) {
        return "ringing";
    }
    if (states.includes("active")) {
        return "active";
    }
    if (states.some((state) => ["new", "trying", "ringing", "early", "answering"].includes(state))) {
        return "calling";
    }
    return states.includes("held") ? "held" : /** @type {Kind} */ (phone.state);
}

/**
 * When the call was answered that a timer shall show, ms; 0 without one.
 * @param {Pick<Phone, "calls" | "active"> | null} phone
 */
export function sinceOf(phone) {
    const up = (/** @type {Call} */ call) => call.state === "active" || call.state === "held";
    const call = phone?.active && up(phone.active) ? phone.active : phone?.calls.find(up);
    return call?.answeredAt ?? 0;
}
