/** How long to wait before trying again. */

const LEAST = 500; // ms
const MOST = 30_000;

/**
 * Longer after each failure, and never the same for all: a server that comes back must not be overrun.
 * @param {number} failures so far @param {() => number} [random] @returns {number} ms
 */
export function backoff(failures, random = Math.random) {
    const top = Math.min(MOST, 2 * LEAST * 2 ** Math.min(failures, 10));
    return Math.round(LEAST + random() * (top - LEAST));
}
