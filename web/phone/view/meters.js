/** Levels of sound, drawn ten times a second while anybody looks. */

/** @typedef {import("../core/call.js").Call} Call */

const EVERY = 100; // ms

export class Meters {
    constructor() {
        /** @type {Map<HTMLElement, {call: Call, side: "mine" | "theirs"}>} */
        this.shown = new Map();
        /** @type {ReturnType<typeof setInterval> | undefined} */
        this.timer = undefined;
    }

    /** @param {readonly Call[]} calls */
    follow(calls) {
        const wanted = calls.some((call) => call.state === "active");
        if (wanted) {
            this.timer ??= setInterval(() => this.look(), EVERY);
        } else {
            clearInterval(this.timer);
            this.timer = undefined;
            this.shown.clear();
        }
    }

    /**
     * An element that shows one side from now on.
     * @param {HTMLElement} element @param {Call} call @param {"mine" | "theirs"} side
     */
    show(element, call, side) {
        this.shown.set(element, { call, side });
    }

    look() {
        for (const [element, { call, side }] of this.shown) {
            if (call.state === "ended") {
                this.shown.delete(element);
            } else if (element.isConnected && !document.hidden) {
                element.style.transform = `scaleX(${Math.min(1, Math.sqrt(call.levels()[side])).toFixed(2)})`;
            }
        }
    }
}
