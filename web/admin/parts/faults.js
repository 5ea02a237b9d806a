/** What the switch found wrong with fields, in the reader's words as far as there are any. Pure. */

/** @typedef {import("../../base/words.js").Say} Say */
/**
 * @typedef {{text: string, at: number | null, foreign: boolean}} Told
 * `foreign`: in English, whatever the reader's language
 */

/**
 * What the switch says, and our words for it; groups fill their gaps in order.
 * @type {[RegExp, string, ...string[]][]}
 */
const WORDS = [
    [/^String should match pattern/, "fault.pattern"],
    [/^String should have at least (\d+) char/, "fault.short", "count"],
    [/^String should have at most (\d+) char/, "fault.long", "count"],
    [/^Field required/, "fault.missing"],
    [/^Extra inputs are not permitted/, "fault.unknown"],
    [/^Input should be greater than or equal to (\S+)/, "fault.least", "least"],
    [/^Input should be less than or equal to (\S+)/, "fault.most", "most"],
    [/^Input should be a valid (?:integer|number)/, "fault.number"],
    [/^Input should be a valid (?:boolean|bool)/, "fault.boolean"],
    [/^Input should be a valid (?:string|dictionary)/, "fault.text"],
    [/^List should have at least (\d+) item/, "fault.few", "count"],
    [/^(?:List|Dictionary) should have at most (\d+) item/, "fault.many", "count"],
    [/^row (\d+) has the same/, "fault.same", "row"],
    [/exists already$/, "fault.exists"],
    [/is another user's$/, "fault.number_taken"],
    [/^must be one of (.*)/, "fault.choices", "choices"],
    [/is no regular expression/, "fault.expression"],
    [/^(?:\w+: )?'.*' is not like "mon-fri/, "fault.hours"],
    [/^no action '(.*?)'/, "fault.verb", "verb"],
    [/^register needs a username/, "fault.username"],
    [/^username needs a password/, "fault.password"],
    [/^plain http is only for networks/, "fault.http"],
    [/^no event is of this type/, "fault.event"],
    [/^there is no such scope/, "fault.scope"],
    [/must be an IPv4 address/, "fault.address"],
    [/^a name has letters, digits/, "fault.pattern"],
    [/^this is the address that you come from/, "fault.yours"],
    [/^you cannot do this to yourself/, "fault.yourself"],
    [/^this is the last enabled admin/, "fault.last"],
    [/^cannot be reached$/, "gateways.why.unreached"],
    [/^no answer$/, "gateways.why.silent"],
    [/^we are too busy$/, "gateways.why.busy"],
    [/^no good answer to (\d+) OPTIONS: (\d+)$/, "gateways.why.options", "count", "code"],
    [/^(\S+) is no name$/, "gateways.why.name", "host"],
    [/must be a list of addresses and networks/, "fault.networks"],
    [/does not appear to be an IPv4 or IPv6 network/, "fault.networks"],
];

/** @param {Say} say @param {string} detail @returns {{text: string, foreign: boolean}} */
export function translated(say, detail) {
    for (const [pattern, key, ...gaps] of WORDS) {
        const found = pattern.exec(detail);
        if (found) {
            return {
                text: say(key, Object.fromEntries(gaps.map((gap, at) => [gap, figure(found[at + 1] ?? "")]))),
                foreign: false,
            };
        }
    }
    return { text: detail.replace(/^Value error, /, ""), foreign: true };
}

/**
 * The faults of a problem by field; what is about no field is under "".
 * @param {Say} say @param {{code: string, detail: string, errors: {pointer: string, detail: string}[]}} problem
 * @param {readonly string[]} keys
 * @returns {Map<string, Told>}
 */
export function byField(say, problem, keys) {
    /** @type {Map<string, Told>} */
    const found = new Map();
    for (const { pointer, detail } of problem.errors.length ? problem.errors : whole(problem)) {
        const [, key = "", at] = pointer.split("/");
        const known = keys.includes(key);
        const told = { ...translated(say, detail), at: known && /^\d+$/.test(at ?? "") ? Number(at) : null };
        const place = known ? key : "";
        found.has(place) || found.set(place, told);
    }
    return found;
}

/**
 * What names no field, if there are words for it; only names are taken.
 * @param {{code: string, detail: string}} problem
 */
function whole({ code, detail }) {
    const pointer = code === "taken" ? "/name" : "";
    return WORDS.some(([pattern]) => pattern.test(detail)) ? [{ pointer, detail }] : [];
}

/** @param {string} text */
function figure(text) {
    return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
