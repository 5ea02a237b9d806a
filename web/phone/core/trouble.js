/** What can go wrong, in codes that views have words for. */

/** @typedef {{code: string, fatal: boolean, facts?: Record<string, string | number>}} Trouble */

// What does not pass by itself: somebody has to do something first.
const FATAL = new Set(["insecure", "certificate", "origin", "wrong-password", "locked", "token-expired", "lna-denied"]);

/** @param {string} code @param {Record<string, string | number>} [facts] @returns {Trouble} */
export function trouble(code, facts) {
    return { code, fatal: FATAL.has(code), ...(facts && { facts }) };
}

/** Something that cannot be done, and the trouble that is why. */
export class Failure extends Error {
    /** @param {Trouble} trouble */
    constructor(trouble) {
        super(trouble.code);
        this.trouble = trouble;
    }
}

/** Why the server refused a request; `code` is JSON-RPC's, 0: there was no reply at all. */
export class Refusal extends Error {
    /** @param {string} message @param {number} code @param {Record<string, unknown>} [facts] */
    constructor(message, code, facts = {}) {
        super(message);
        this.code = code;
        this.facts = facts;
    }
}

/** What an error of `getUserMedia` means. @param {unknown} error @param {"mic" | "camera"} device @returns {Trouble} */
export function ofDevice(error, device) {
    if (error instanceof Failure) {
        return error.trouble;
    }
    if (!globalThis.isSecureContext) {
        return trouble("insecure");
    }
    const name = error instanceof Error ? error.name : "";
    if (name === "NotFoundError" || name === "OverconstrainedError") {
        return trouble(`${device}-missing`);
    }
    const blocked = name === "NotAllowedError" || name === "SecurityError" || device === "camera";
    return trouble(blocked ? `${device}-blocked` : "mic-busy");
}

/** The trouble of whatever was thrown. @param {unknown} error @returns {Trouble} */
export function troubleOf(error) {
    if (error instanceof Failure) {
        return error.trouble;
    }
    if (error instanceof Refusal) {
        return error.code ? trouble("refused", { message: error.message.slice(0, 200) }) : trouble("no-reply");
    }
    return trouble("refused");
}
