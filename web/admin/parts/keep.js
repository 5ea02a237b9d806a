/** What this browser remembers of its user's choices; where it may not remember, nothing is lost but that. */

const NAME = "xswitch.";

/** @param {string} name @returns {string | null} */
export function recall(name) {
    try {
        return localStorage.getItem(NAME + name);
    } catch {
        return null;
    }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
    try {
        localStorage.setItem(NAME + name, value);
    } catch {
        // a private window, or no space
    }
}
