/** Numbers from one to another, such as 0100 to 0119. Pure. */

export const MOST = 1000;

/**
 * @param {string} from @param {string} to digits, as many as in `from`
 * @returns {{numbers: string[], fault: string}} a key of words, or ""
 */
export function range(from, to) {
    if (!/^\d{1,12}$/.test(from) || !/^\d{1,12}$/.test(to)) {
        return { numbers: [], fault: "range.digits" };
    }
    if (from.length !== to.length) {
        return { numbers: [], fault: "range.length" };
    }
    const [first, last] = [Number(from), Number(to)];
    if (last < first) {
        return { numbers: [], fault: "range.order" };
    }
    if (last - first >= MOST) {
        return { numbers: [], fault: "range.many" };
    }
    const numbers = Array.from({ length: last - first + 1 }, (_, at) => String(first + at).padStart(from.length, "0"));
    return { numbers, fault: "" };
}

/**
 * A row of a table for each number; `{number}` in a text is the number.
 * @param {string[]} numbers @param {Record<string, string>} pattern
 */
export function rowsOf(numbers, pattern) {
    return numbers.map((number) => {
        const given = Object.entries(pattern).filter(([, text]) => text.trim() !== "");
        return Object.fromEntries(given.map(([key, text]) => [key, text.replaceAll("{number}", number)]));
    });
}
