/** Where one is on the site: `#/users/1001?tab=devices` in parts, and back. */

/** @typedef {{name: string, rest: string[], query: URLSearchParams}} Place */

/** @param {string} hash @returns {Place} */
export function placeOf(hash) {
    const [path, query] = halves(hash.replace(/^#?\/?/, ""), "?");
    const [name, ...rest] = path.split("/").filter(Boolean).map(decoded);
    return { name: name ?? "", rest, query: new URLSearchParams(query) };
}

/** @param {...string} segments @returns {string} such as "#/users/1001" */
export function hashOf(...segments) {
    return `#/${segments.map(encodeURIComponent).join("/")}`;
}

/** @param {string} text @param {string} mark @returns {[string, string]} */
function halves(text, mark) {
    const at = text.indexOf(mark);
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
