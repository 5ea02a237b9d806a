/** The corner of the panel that is pulled, by the pointer or by the arrow keys. */

import { round } from "./parts.js";

/** @typedef {import("./panel.js").Panel} Panel */

const LEAST = { width: 300, height: 420 };
const STEP = 24; // pixels a key press
/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** @param {Panel} panel */
export function sizer(panel) {
    const left = panel.face.root.querySelector(".root.left") !== null;
    const grow = (/** @type {number} */ x, /** @type {number} */ y) => {
        const box = /** @type {HTMLElement} */ (panel.element()).getBoundingClientRect();
        const width = Math.round(Math.min(Math.max(box.width + (left ? x : -x), LEAST.width), innerWidth - 40));
        const height = Math.round(Math.min(Math.max(box.height - y, LEAST.height), innerHeight - 104));
        panel.face.choose({ width, height });
    };
    return round(panel.say("panel.size"), "size", undefined, {
        class: "sizer",
        part: "sizer",
        onpointerdown: (/** @type {PointerEvent} */ event) => pull(event, grow),
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
            const way = WAYS[event.key];
            if (way) {
                event.preventDefault();
                event.stopPropagation();
                grow(...way);
            }
        },
    });
}

/** @param {PointerEvent} event @param {(x: number, y: number) => void} grow */
function pull(event, grow) {
    const handle = /** @type {HTMLElement} */ (event.currentTarget);
    handle.setPointerCapture(event.pointerId);
    const stop = new AbortController();
    let [x, y] = [event.clientX, event.clientY];
    handle.addEventListener(
        "pointermove",
        (now) => {
            grow(now.clientX - x, now.clientY - y);
            [x, y] = [now.clientX, now.clientY];
        },
        { signal: stop.signal },
    );
    for (const end of ["pointerup", "pointercancel"]) {
        handle.addEventListener(end, () => stop.abort(), { signal: stop.signal });
    }
}
