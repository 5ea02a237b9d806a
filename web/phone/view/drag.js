/** Dragging the launcher from one corner to the other. */

const FAR = 8; // pixels after which a press is a drag

/**
 * Follow the pointer; where it is let go decides the corner.
 * @param {HTMLElement} button @param {number} from where the pointer went down
 * @param {(corner: "left" | "right") => void} move
 */
export function drag(button, from, move) {
    let far = false;
    const stop = new AbortController();
    const { signal } = stop;
    const follow = (/** @type {PointerEvent} */ now) => {
        if (!now.buttons) {
            return drop(now); // let go before we were there
        }
        far ||= Math.abs(now.clientX - from) > FAR;
        button.style.translate = far ? `${now.clientX - from}px` : "";
    };
    const drop = (/** @type {PointerEvent} */ now) => {
        stop.abort();
        button.style.translate = "";
        if (far && now.type === "pointerup") {
            const swallow = (/** @type {Event} */ click) => click.stopImmediatePropagation();
            button.addEventListener("click", swallow, { capture: true, once: true });
            setTimeout(() => button.removeEventListener("click", swallow, { capture: true }), 0);
            move(now.clientX < innerWidth / 2 ? "left" : "right");
        }
    };
    addEventListener("pointermove", follow, { signal });
    addEventListener("pointerup", drop, { signal });
    addEventListener("pointercancel", drop, { signal });
}
