/** Dragging one of a column of things to another place. */

/**
 * The same things with one of them elsewhere.
 * @template T @param {readonly T[]} items @param {number} from @param {number} to @returns {T[]}
 */
export function placed(items, from, to) {
    const rest = items.filter((_, at) => at !== from);
    const one = items[from];
    return one === undefined ? rest : [...rest.slice(0, to), one, ...rest.slice(to)];
}

/** The place of a height: how many middles lie above it. @param {readonly number[]} middles @param {number} y */
export function placeAt(middles, y) {
    return middles.filter((each) => each < y).length;
}

/**
 * Follow a pointer that is down already until it is up; Esc gives it up.
 * @param {() => HTMLElement[]} rows as they are shown now @param {number} begin where the dragged one is
 * @param {{over: (to: number) => void, end: (to: number | null) => void, signal: AbortSignal}} tell
 */
export function dragged(rows, begin, { over, end, signal }) {
    const own = new AbortController();
    const options = { signal: AbortSignal.any([own.signal, signal]) };
    let to = begin;
    /** @param {number | null} place */
    const finish = (place) => {
        own.abort();
        end(place);
    };
    /** @param {PointerEvent} event */
    const move = (event) => {
        event.preventDefault();
        const middles = rows()
            .filter((_, at) => at !== to)
            .map((each) => ((box) => box.top + box.height / 2)(each.getBoundingClientRect()));
        const place = placeAt(middles, event.clientY);
        if (place !== to) {
            to = place;
            over(to);
        }
    };
    addEventListener("pointermove", move, { ...options, passive: false });
    addEventListener("pointerup", () => finish(to), options);
    addEventListener("pointercancel", () => finish(null), options);
    addEventListener("keydown", (event) => event.key === "Escape" && finish(null), options);
}
