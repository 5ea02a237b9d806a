/** The last hour as points of charts, and what it comes to; pure. */

/**
 * @typedef {{at: string, started: number, answered: number, ended: number, failed: number, busiest: number, mos:
 * number | null}} Minute
 */
/** @typedef {{step_seconds: number, items: Minute[], today: Omit<Minute, "at"> & {since: string}}} History */
/** @typedef {import("./scale.js").Point} Point */

const STEPS = 60;

/**
 * One figure along the hour; before the switch started there is none. @param {History} history @param {"started" |
 * "busiest" | "mos"} name
 */
export function along(history, name) {
    const { items, step_seconds: step } = history;
    const first = items[0] ? Date.parse(items[0].at) : Date.now();
    const before = Math.max(0, STEPS - items.length);
    /** @type {Point[]} */
    const empty = Array.from({ length: before }, (_, place) => ({
        at: first - (before - place) * step * 1000,
        value: null,
    }));
    return [...empty, ...items.map((each) => ({ at: Date.parse(each.at), value: each[name] }))];
}

/** What the hour comes to: `ratio` is null if no call ended, `mos` if none was measured. @param {Minute[]} items */
export function summed(items) {
    const ended = sum(items, (each) => each.ended);
    const failed = sum(items, (each) => each.failed);
    const heard = items.filter((each) => each.mos !== null && each.ended > each.failed);
    const weight = sum(heard, (each) => each.ended - each.failed);
    const mos = weight ? sum(heard, (each) => (each.mos ?? 0) * (each.ended - each.failed)) / weight : null;
    return { started: sum(items, (each) => each.started), ended, ratio: ended ? (ended - failed) / ended : null, mos };
}

/**
 * Calls that began in the last whole minute; in the one that goes on, while there is no other. @param {Minute[]} items
 */
export function aMinute(items) {
    return (items.at(-2) ?? items.at(-1))?.started ?? 0;
}

/** @template Item @param {Item[]} items @param {(item: Item) => number} figure */
function sum(items, figure) {
    return items.reduce((total, each) => total + figure(each), 0);
}
