/** The focus stays within the phone when what had it goes away. */

/** @param {ShadowRoot} root @param {() => void} draw */
export function keeping(root, draw) {
    const had = /** @type {HTMLElement | null} */ (root.activeElement);
    draw();
    if (had && !root.activeElement) {
        const next = had.isConnected ? had : /** @type {HTMLElement | null} */ (root.querySelector(".layer, .panel"));
        next?.focus({ preventScroll: true });
    }
}
