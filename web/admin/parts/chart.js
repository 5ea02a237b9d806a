/** Small charts of the last hour: a line, an area or bars, in words for who does not see it, and as a table. */

import { h } from "../../base/dom.js";
import { areaPath, bars, ceiling, extent, HIGH, linePath, WIDE } from "./scale.js";
import { timeOfDay } from "./tell.js";

/** @typedef {import("../../base/dom.js").Tree} Tree */
/** @typedef {import("./scale.js").Point} Point */
/**
 * @typedef {object} Wanted
 * @property {string} title
 * @property {"area" | "line" | "bars"} kind
 * @property {Point[]} points
 * @property {(value: number) => string} told a value in words
 * @property {number} least what the scale reaches at least
 * @property {number} [floor] where it begins; 0
 * @property {number} [top] where it ends, if not at what is there
 */

/** @param {import("./site.js").Site} site @param {Wanted} wanted @returns {Tree} */
export function chart(site, wanted) {
    const { title, points, told, floor = 0 } = wanted;
    const top =
        wanted.top ??
        ceiling(
            points.map((point) => point.value),
            wanted.least,
        );
    const { low, high, last } = extent(points);
    const none = high === null || low === null || last === null;
    const words = none
        ? site.say("chart.none", { title })
        : site.say("chart.words", { title, low: told(low), high: told(high), last: told(last) });
    return h(
        "figure",
        { class: "chart" },
        h("figcaption", {}, h("span", {}, title), h("span", { class: "chart-last" }, last === null ? "–" : told(last))),
        h(
            "div",
            { class: "chart-field" },
            h("span", { class: "chart-top", "aria-hidden": "true" }, told(top)),
            picture(site, wanted, top, floor, words),
        ),
        axis(site, points),
        table(site, wanted),
    );
}

/**
 * @param {import("./site.js").Site} site @param {Wanted} wanted @param {number} top @param {number} floor @param
 * {string} words
 */
function picture(site, wanted, top, floor, words) {
    const { kind, points, told } = wanted;
    return h(
        "svg",
        { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
        [0, HIGH / 2, HIGH].map((y) => h("path", { class: "chart-grid", d: `M0 ${y}H${WIDE}` })),
        kind === "area" && h("path", { class: "chart-area", d: areaPath(points, floor, top) }),
        kind !== "bars" && h("path", { class: "chart-line", d: linePath(points, floor, top) }),
        kind === "bars" && bars(points, top).map((bar) => h("rect", { class: "chart-bar", ...bar })),
        points.map((point, place) =>
            h(
                "rect",
                {
                    class: "chart-hit",
                    x: (place * WIDE) / points.length,
                    y: 0,
                    width: WIDE / points.length,
                    height: HIGH,
                },
                h(
                    "title",
                    {},
                    `${timeOfDay(site.language, point.at)}  ${point.value === null ? "–" : told(point.value)}`,
                ),
            ),
        ),
    );
}

/** @param {import("./site.js").Site} site @param {Point[]} points */
function axis(site, points) {
    const first = points[0];
    return h(
        "div",
        { class: "chart-axis", "aria-hidden": "true" },
        h("span", {}, first ? timeOfDay(site.language, first.at) : ""),
        h("span", {}, site.say("chart.now")),
    );
}

/** @param {import("./site.js").Site} site @param {Wanted} wanted */
function table(site, { title, points, told }) {
    const { say } = site;
    return h(
        "details",
        { class: "chart-table" },
        h("summary", {}, say("chart.table"), h("span", { class: "unseen" }, ` ${title}`)),
        h(
            "div",
            { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
            h(
                "table",
                {},
                h(
                    "thead",
                    {},
                    h("tr", {}, h("th", { scope: "col" }, say("chart.time")), h("th", { scope: "col" }, title)),
                ),
                h(
                    "tbody",
                    {},
                    [...points]
                        .reverse()
                        .map((point) =>
                            h(
                                "tr",
                                {},
                                h("th", { scope: "row" }, timeOfDay(site.language, point.at)),
                                h("td", {}, point.value === null ? "–" : told(point.value)),
                            ),
                        ),
                ),
            ),
        ),
    );
}
