/** Text of others, made fit to be shown. Pure. */

const MOST = 60; // characters of a name: more tells nobody who is calling
// Controls, and marks that turn the direction of what stands beside them.
// eslint-disable-next-line no-control-regex
const TRICKS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** One short line without tricks. @param {unknown} text @param {number} [most] characters */
export function plain(text, most = MOST) {
    const line = String(text ?? "")
        .slice(0, most * 8)
        .replace(TRICKS, " ")
        .replace(/\s+/g, " ")
        .trim();
    const letters = Array.from(line);
    return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

/** A name as part of a sentence: its own direction stays its own. @param {unknown} text */
export function within(text) {
    return `\u2068${plain(text)}\u2069`;
}

/**
 * Who is at the other end, for people: the name, or else the number.
 * @param {{name?: string, number?: string, destination?: string}} call
 */
export function party(call) {
    return plain(call.name) || plain(call.number) || plain(call.destination);
}

/** The number, if it says more than the name. @param {{name?: string, number?: string, destination?: string}} call */
export function numberOf(call) {
    const number = plain(call.number) || plain(call.destination);
    return number === party(call) ? "" : number;
}

/** Two letters at most, for a round picture. @param {string} name */
export function initials(name) {
    const words = name.split(/[\s._-]+/).filter((each) => /^\p{L}/u.test(each));
    const first = words.slice(0, 2).map((each) => Array.from(each)[0].toUpperCase());
    return /^\p{Script=Han}/u.test(name) ? Array.from(name)[0] : first.join("");
}
