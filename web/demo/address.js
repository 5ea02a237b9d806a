/** What the address of the page asks for: `#1000=...&1001=...`, or one user by `?user=1000&password=...`. */

/** @typedef {{user: string, password: string}} Account the password is empty if the address has none */
/** @typedef {{customer: Account, desk: Account | null, language: string}} Asked */

export const CUSTOMER = "1000";
export const DESK = "1001";

/**
 * What is behind the `#` does not travel to the server, and counts more than what is before it.
 * @param {string} search @param {string} hash @returns {Asked}
 */
export function asked(search, hash) {
    const [plain, hidden] = [new URLSearchParams(search.slice(1)), new URLSearchParams(hash.slice(1))];
    const get = (/** @type {string} */ name) => hidden.get(name) ?? plain.get(name) ?? "";
    const account = (/** @type {string} */ user) => ({ user, password: get(user) || get("password") });
    const only = get("user");
    return { customer: account(only || CUSTOMER), desk: only ? null : account(DESK), language: get("lang") };
}

/** Who is at the other end: the one of the two that this is not. @param {string} user */
export function other(user) {
    return user === DESK ? CUSTOMER : DESK;
}

/** The two lines of the snippet, for a page of `origin`. @param {string} origin such as "https://pbx.example.com" */
export function snippet(origin) {
    return [
        `<script type="module" src="${origin}/static/phone.js"></script>`,
        `<xswitch-phone server="${socketOf(origin)}"></xswitch-phone>`,
    ].join("\n");
}

/** Where phones of a server connect to. @param {string} origin */
export function socketOf(origin) {
    return `${origin.replace(/^http/, "ws")}/ws`;
}
