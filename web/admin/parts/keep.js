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

/** @param {string} name */
export function forget(name) {
    try {
        localStorage.removeItem(NAME + name);
    } catch {
        // nothing was kept
    }
}

/** Whether anything is kept here at all. */
export function keeps() {
    const probe = "probe";
    remember(probe, "");
    const kept = recall(probe) !== null;
    forget(probe);
    return kept;
}
