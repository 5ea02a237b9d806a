/** What a phone remembers: the session of its user, over visits; the calls that are up, over a reload. */

/** @typedef {Record<string, any>} Plain */

/**
 * Read or write what the browser keeps, where that is allowed: it is not to all pages in frames of others.
 * @param {"localStorage" | "sessionStorage"} where @param {string} name @param {string} [value] @returns {string}
 */
export function kept(where, name, value) {
    try {
        if (value !== undefined) {
            globalThis[where].setItem(name, value);
        }
        return globalThis[where].getItem(name) ?? "";
    } catch {
        return "";
    }
}

/** Calls as data, for other tabs and for the page after a reload. @param {import("./call.js").Call[]} calls */
export function plain(calls) {
    return calls.map(({ id, way, number, name, state, began, answeredAt, muted }) =>
        ({ id, way, number, name, state, began, answeredAt, muted }));
}

export class Memory {
    #own = ""; // made when it is needed: browsers make none on insecure pages
    #saved = "";

    /** @param {string} server @param {string} [login] @param {Plain[]} [calls] known from elsewhere */
    constructor(server, login = "", calls = []) {
        this.login = login;
        /** The same for all pages of this user. */
        this.key = `${server} ${login}`;
        /** Calls of the page before this one, until the server said which of them go on. */
        this.calls = calls.length ? calls : this.#read();
    }

    /** The session's id: whoever has it comes back to its calls, so it is the same in all tabs. */
    get sessid() {
        const name = `xs-session:${this.key}`;
        this.#own ||= crypto.randomUUID();
        return kept("localStorage", name) || kept("localStorage", name, this.#own) || this.#own;
    }

    /** @param {Plain[]} calls that are up */
    save(calls) {
        const text = calls.length ? JSON.stringify(calls) : "";
        if (text !== this.#saved && !this.calls.length) {
            this.#saved = text;
            kept("sessionStorage", this.#name, text);
        }
    }

    get #name() {
        return `xs-calls:${this.key}`;
    }

    /** @returns {Plain[]} */
    #read() {
        try {
            const calls = JSON.parse((this.login && kept("sessionStorage", this.#name)) || "[]");
            return Array.isArray(calls) ? calls.filter((each) => typeof each?.id === "string") : [];
        } catch {
            return [];
        }
    }
}
