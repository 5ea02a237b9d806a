/** A bicycle, drawn by hand. */

import { h } from "../base/dom.js";

/** @param {number} x */
const wheel = (x) => h("g", { class: "wheel" },
    h("circle", { cx: x, cy: 150, r: 62 }), h("circle", { cx: x, cy: 150, r: 5 }),
    [0, 30, 60, 90, 120, 150].map((angle) =>
        h("path", { d: "M-62 0H62", transform: `translate(${x} 150) rotate(${angle})` })));

/** @param {string} title */
export function bicycle(title) {
    return h("svg", { class: "bicycle", viewBox: "0 0 400 230", role: "img", "aria-label": title },
        h("path", { class: "ground", d: "M10 213H390" }),
        wheel(90), wheel(310),
        h("g", { class: "frame" },
            h("path", { d: "M90 150L150 70H265L195 150Z" }),
            h("path", { d: "M140 52L195 150" }),
            h("path", { d: "M310 150L262 58" })),
        h("g", { class: "parts" },
            h("path", { d: "M118 50H164" }),
            h("path", { d: "M262 58L252 40C262 32 284 32 292 44" }),
            h("circle", { cx: 195, cy: 150, r: 15 }),
            h("path", { d: "M195 150L214 176M206 178H224" }),
            h("path", { d: "M90 145L195 136M90 155L195 164" })));
}
