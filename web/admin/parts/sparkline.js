/** A line without scale or words of its own, beside a figure. */

import { h } from "../../base/dom.js";
import { ceiling, HIGH, linePath, WIDE } from "./scale.js";

/**
 * @param {string} label @param {(number | null)[]} values @param {number} [least] what its height stands for at least
 */
export function sparkline(label, values, least = 1) {
    const points = values.map((value, at) => ({ at, value }));
    return h(
        "svg",
        {
            class: "sparkline",
            viewBox: `0 0 ${WIDE} ${HIGH}`,
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": label,
        },
        h("path", { class: "chart-line", d: linePath(points, 0, ceiling(values, least)) }),
    );
}
