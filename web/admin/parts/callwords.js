/** States of calls and legs in words, and what a call looks like in the API. */

import { state } from "./figures.js";

/** @typedef {import("./tell.js").Party} Party */
/**
 * @typedef {{id: string, side: "caller" | "callee", door: string, direction: string, state: string, party: Party,
 * user: string | null, codec: string, held: boolean, muted: boolean}} Leg
 */
/**
 * @typedef {{id: string, state: string, direction: string, caller: Party, callee: Party, user: string | null, context:
 * string, started: string, answered: string | null, legs: Leg[], variables: Record<string, string>}} Call
 */

/** @type {Record<string, "good" | "warn" | "soft">} */
const MARKS = {
    answered: "good",
    bridged: "good",
    active: "good",
    held: "warn",
    ringing: "soft",
    early: "soft",
    dialing: "soft",
    new: "soft",
    ended: "soft",
};

/** @param {import("./site.js").Site} site @param {string} word */
export function sideState(site, word) {
    return state(MARKS[word] ?? "soft", site.say(`state.${word}`));
}
