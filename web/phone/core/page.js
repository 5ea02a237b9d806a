/** What a page learns of its network, and of whether somebody looks at it. */

/**
 * @param {() => void} seen somebody looks at the page again @param {() => void} moved the network may be another one
 * @returns {() => void} ends it
 */
export function watchPage(seen, moved) {
    const ending = new AbortController();
    const { signal } = ending;
    addEventListener("online", moved, { signal });
    addEventListener("pageshow", seen, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && seen(), { signal });
    const { connection } = /** @type {{connection?: EventTarget}} */ (navigator); // not all browsers know it
    connection?.addEventListener("change", moved, { signal });
    return () => ending.abort();
}
