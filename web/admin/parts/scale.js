/** Where the points of a chart are: pure sums over a time of equal steps. Places are shares of 1000 by 1000. */

/** @typedef {{at: number, value: number | null}} Point `at` in ms; null where nothing was measured */

export const WIDE = 1000;
export const HIGH = 1000;

/** A round figure that nothing is above, not below `least`. @param {(number | null)[]} values @param {number} least */
export function ceiling(values, least) {
    const top = Math.max(least, ...values.map((each) => each ?? 0));
    const power = 10 ** Math.floor(Math.log10(top));
    const step = [1, 2, 2.5, 5, 10].find((each) => each * power >= top - 1e-9) ?? 10;
    return step * power;
}

/**
 * Pieces of a line: it is broken where nothing was measured. @param {Point[]} points @param {number} floor @param
 * {number} top
 */
export function linePath(points, floor, top) {
    let path = "";
    let drawing = false;
    points.forEach((point, place) => {
        if (point.value === null) {
            drawing = false;
            return;
        }
        const [x, y] = [across(place, points.length), upward(point.value, floor, top)];
        const alone = !drawing && (points[place + 1]?.value ?? null) === null;
        path += `${drawing ? "L" : "M"}${x} ${y}${alone ? "h6" : ""}`;
        drawing = true;
    });
    return path;
}

/** The same, filled down to the floor. @param {Point[]} points @param {number} floor @param {number} top */
export function areaPath(points, floor, top) {
    let path = "";
    let from = -1;
    for (let place = 0; place <= points.length; place++) {
        const there = (points[place]?.value ?? null) !== null;
        if (there && from < 0) {
            from = place;
        } else if (!there && from >= 0) {
            path += area(points.slice(from, place), from, points.length, floor, top);
            from = -1;
        }
    }
    return path;
}

/** @param {Point[]} run @param {number} from @param {number} count @param {number} floor @param {number} top */
function area(run, from, count, floor, top) {
    const steps = run.map((point, place) => `L${across(from + place, count)} ${upward(point.value ?? 0, floor, top)}`);
    return `M${across(from, count)} ${HIGH}${steps.join("")}L${across(from + run.length - 1, count)} ${HIGH}Z`;
}

/** @typedef {{x: number, y: number, width: number, height: number}} Bar */

/** @param {Point[]} points @param {number} top @returns {Bar[]} */
export function bars(points, top) {
    const step = WIDE / Math.max(points.length, 1);
    return points.map((point, place) => {
        const y = upward(point.value ?? 0, 0, top);
        return { x: tenth(place * step + step * 0.1), y, width: tenth(step * 0.8), height: HIGH - y };
    });
}

/** The lowest, the highest and the last of what was measured. @param {Point[]} points */
export function extent(points) {
    const values = points.map((point) => point.value).filter((value) => value !== null);
    return {
        low: values.length ? Math.min(...values) : null,
        high: values.length ? Math.max(...values) : null,
        last: values.at(-1) ?? null,
    };
}

/** @param {number} place @param {number} count */
function across(place, count) {
    return tenth(count > 1 ? (place / (count - 1)) * WIDE : WIDE / 2);
}

/** @param {number} value @param {number} floor @param {number} top */
function upward(value, floor, top) {
    const share = (value - floor) / (top - floor || 1);
    return tenth(HIGH - Math.min(1, Math.max(0, share)) * HIGH);
}

/** @param {number} value */
function tenth(value) {
    return Math.round(value * 10) / 10;
}
