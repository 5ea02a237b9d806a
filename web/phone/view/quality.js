/** How good a call sounds: four steps in words, and the last minute in numbers. */

import { h } from "../../base/dom.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/call.js").Call} Call */

const [WIDE, HIGH] = [300, 84];
const SECONDS = 60;
const [WORST, BEST] = [1, 4.5]; // what can come of the E-model

/** Bars that are filled as far as it is good. @param {number} grade 1..4 */
export function bars(grade) {
    return h(
        "span",
        { class: `bars grade-${grade}`, "aria-hidden": "true" },
        [1, 2, 3, 4].map((step) => h("span", { class: step <= grade ? "full" : "" })),
    );
}

/** @param {Panel} panel @param {Call} call @param {() => void} open */
export function dot(panel, call, open) {
    const grade = call.quality?.grade ?? 0;
    const word = panel.say(grade ? `quality.${grade}` : "quality.0");
    return h(
        "button",
        {
            class: "quality",
            type: "button",
            part: "quality",
            onclick: open,
            "aria-haspopup": "dialog",
            title: panel.say("quality.open"),
            "aria-label": panel.say("quality.label", { word }),
        },
        bars(grade),
        h("span", {}, word),
    );
}

/** @param {Panel} panel @param {Call} call */
export function details(panel, call) {
    const { quality } = call;
    const { say, language } = panel.face;
    if (!quality) {
        return h("p", { class: "soft" }, say("quality.none"));
    }
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const part = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    const ms = (/** @type {number} */ value) => say("quality.ms", { value: number.format(value) });
    const share = (/** @type {number | null} */ percent) => (percent === null ? "–" : part.format(percent / 100));
    /** @type {[string, string][]} */
    const rows = [
        ["mos", number.format(quality.mos)],
        ["rtt", quality.rtt === null ? "–" : ms(quality.rtt)],
        ["jitter", ms(quality.jitter)],
        ["loss", share(quality.loss)],
        ["sentLoss", share(quality.sentLoss)],
        ["concealed", share(quality.concealed)],
    ];
    return [
        h("p", { class: "verdict" }, bars(quality.grade), h("strong", {}, say(`quality.${quality.grade}`))),
        h("p", {}, say(quality.worse ? `worse.${quality.worse}` : "worse.none")),
        sparkline(
            panel,
            call.samples.map((each) => each?.mos ?? 0),
        ),
        h(
            "dl",
            { class: "numbers" },
            rows.map(([key, value]) => h("div", {}, h("dt", {}, say(`quality.${key}`)), h("dd", {}, value))),
        ),
    ];
}

/** @param {Panel} panel @param {number[]} all MOS a second, 0: none */
function sparkline(panel, all) {
    const line = (/** @type {number} */ mos) => HIGH - 4 - ((mos - WORST) / (BEST - WORST)) * (HIGH - 8);
    const spots = all.slice(-SECONDS).map((mos, n, these) => {
        const x = WIDE - ((these.length - 1 - n) * WIDE) / (SECONDS - 1);
        return `${x.toFixed(1)},${line(Math.max(mos, WORST)).toFixed(1)}`;
    });
    return h(
        "figure",
        { class: "sparkline" },
        h(
            "svg",
            { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": panel.say("quality.chart") },
            [4, 3.1].map((mos) => h("line", { x1: 0, x2: WIDE, y1: line(mos), y2: line(mos), class: "grid" })),
            spots.length > 1 && h("polyline", { points: spots.join(" "), class: "curve" }),
        ),
        h(
            "figcaption",
            { class: "soft" },
            h("span", {}, panel.say("quality.minute")),
            h("span", {}, panel.say("quality.now")),
        ),
    );
}
