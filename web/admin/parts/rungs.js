/** The ladder of a call, laid out: a column for each party and one for the switch, a rung for each entry; pure. */

/** @typedef {import("./tell.js").Party} Party */
/** @typedef {{id: string, side: "caller" | "callee", door: string, party: Party}} Leg */
/** @typedef {"verto" | "sip" | "ice" | "dtls" | "rtp" | "media" | "call"} Layer */
/**
 * @typedef {{at: string, ms: number, leg: string | null, layer: Layer, way: "<" | ">" | "", text: string, message:
 * string | null}} Entry
 */
/**
 * @typedef {{call: string, began: string, ended: string | null, legs: Leg[], entries: Entry[], missing: number}} Trace
 */
/** @typedef {{name: string, door: string, legs: string[], at: number, switch: boolean, others: number}} Column
 * `at`: percent of the width. `others`: how many legs share it, if it is not the first one's alone. */
/**
 * @typedef {{left: number, width: number, right: boolean, from: string, to: string}} Arrow percent; `right`: where its
 * head is
 */
/** @typedef {{key: string, entry: Entry, arrow: Arrow | null, at: number, whose: string}} Rung
 * Without an arrow it is a note of what the switch did, beside `at`. `whose`: the party of its leg. */

export const LAYERS = /** @type {const} */ (["verto", "sip", "ice", "dtls", "rtp", "media", "call"]);

const EDGE = 8; // percent left of the first column
const WIDEST = 35; // percent between two: behind the last one there is room for what the switch did

/** What the column in the middle is called. */
export const SWITCH = "xswitch";

/** Callers stand left of the switch, who was called right. Of too many the last column is all the others'.
 * @param {readonly Leg[]} legs @param {number} [most] columns beside the switch @returns {Column[]} */
export function columns(legs, most = 4) {
    const caller = legs.find((leg) => leg.side === "caller");
    const others = legs.filter((leg) => leg !== caller);
    const left = caller ? [[caller]] : [];
    const groups = [...left, /** @type {Leg[]} */ ([]), ...grouped(others, Math.max(1, most - left.length))];
    const step = Math.min(WIDEST, (100 - 2 * EDGE) / Math.max(groups.length - 1, 1));
    return groups.map((group, place) => column(group, EDGE + step * place));
}

/** @param {Leg[]} group @param {number} at @returns {Column} */
function column(group, at) {
    const [first] = group;
    const name = first ? nameOf(first) : SWITCH;
    const others = group.length > 1 ? group.length : 0;
    return { name, door: first?.door ?? "", legs: group.map((leg) => leg.id), at, switch: !first, others };
}

/** @param {Leg[]} legs @param {number} most @returns {Leg[][]} */
function grouped(legs, most) {
    if (legs.length <= most) {
        return legs.map((leg) => [leg]);
    }
    return [...legs.slice(0, most - 1).map((leg) => [leg]), legs.slice(most - 1)];
}

/** What a leg is called: the number of who sits there. @param {Leg} leg */
export function nameOf(leg) {
    return leg.party.number || leg.party.name || leg.id.slice(0, 8);
}

/** @param {Trace} trace @param {readonly Column[]} places @returns {Rung[]} */
export function rungs(trace, places) {
    const names = new Map(trace.legs.map((leg) => [leg.id, nameOf(leg)]));
    const byLeg = new Map(places.flatMap((place) => place.legs.map((leg) => [leg, place])));
    const middle = places.find((place) => place.switch)?.at ?? 50;
    return trace.entries.map((entry, place) => {
        const whose = names.get(entry.leg ?? "") ?? "";
        const party = byLeg.get(entry.leg ?? "");
        const arrow = entry.way && party ? between(middle, party.at, entry.way, whose) : null;
        return { key: `${place}:${entry.ms}`, entry, arrow, at: middle, whose };
    });
}

/** @param {number} middle @param {number} party @param {"<" | ">"} way @param {string} whose @returns {Arrow} */
function between(middle, party, way, whose) {
    const outward = way === ">";
    const [from, to] = outward ? [SWITCH, whose] : [whose, SWITCH];
    const [left, width] = [Math.min(middle, party), Math.abs(middle - party)];
    return { left, width, right: outward === party > middle, from, to };
}

/** Those of these layers; all, if none is chosen. @param {readonly Rung[]} all @param {ReadonlySet<string>} layers */
export function ofLayers(all, layers) {
    return layers.size ? all.filter((rung) => layers.has(rung.entry.layer)) : [...all];
}

/** How many entries each layer has, in their order. @param {readonly Entry[]} entries @returns {[Layer, number][]} */
export function counted(entries) {
    /** @type {Map<Layer, number>} */
    const counts = new Map();
    entries.forEach((entry) => counts.set(entry.layer, (counts.get(entry.layer) ?? 0) + 1));
    return LAYERS.filter((layer) => counts.has(layer)).map((layer) => [layer, counts.get(layer) ?? 0]);
}

/** Which rows are to be there: those in sight and some around them.
 * @param {number} top pixels that are scrolled away @param {number} height pixels in sight @param {number} row @param
 * {number} count
 * @returns {{first: number, last: number}} `last` is behind the last one */
export function inSight(top, height, row, count) {
    const around = 8;
    const first = Math.max(0, Math.floor(top / row) - around);
    return { first, last: Math.min(count, Math.ceil((top + height) / row) + around) };
}

/**
 * Where to scroll so that a row is in sight. @param {number} place @param {number} top @param {number} height @param
 * {number} row
 */
export function scrolledTo(place, top, height, row) {
    const [upper, lower] = [place * row, (place + 1) * row];
    return upper < top ? upper : lower > top + height ? lower - height : top;
}

/** Seconds since the call began. @param {number} ms */
export function since(ms) {
    return `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1000).toFixed(3)}`;
}

/** The whole ladder as text, for a file or a mail. @param {Trace} trace @returns {string} */
export function asText(trace) {
    const names = new Map(trace.legs.map((leg) => [leg.id, nameOf(leg)]));
    const head = [
        `${trace.call}  ${trace.began}${trace.ended ? ` to ${trace.ended}` : ""}`,
        ...trace.legs.map((leg) =>
            `leg ${leg.id}  ${leg.side}  ${leg.door}  ${leg.party.number} ${leg.party.name}`.trimEnd(),
        ),
        ...(trace.missing ? [`${trace.missing} entries were not kept`] : []),
    ];
    return (
        [...head, "", ...trace.entries.flatMap((entry) => written(entry, names.get(entry.leg ?? "") ?? ""))].join(
            "\n",
        ) + "\n"
    );
}

/** @param {Entry} entry @param {string} whose @returns {string[]} */
function written(entry, whose) {
    const way = { "<": `${whose} > ${SWITCH}`, ">": `${SWITCH} > ${whose}`, "": whose }[entry.way];
    const line = `${since(entry.ms).padStart(10)}  ${entry.layer.padEnd(5)}  ${way.padEnd(20)}  ${entry.text}`;
    const message = (entry.message ?? "")
        .trimEnd()
        .split(/\r?\n/)
        .map((each) => `            | ${each}`);
    return entry.message ? [line, ...message] : [line];
}
