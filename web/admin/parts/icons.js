/** Pictures of 24 by 24, drawn with one line. */

import { h } from "../../base/dom.js";

/** @typedef {import("../../base/dom.js").Tree} Tree */

/** @type {Record<string, string>} */
const LINES = {
    gauge: "M4 18a8.5 8.5 0 1 1 16 0M12 14l4-5M8 18h8",
    call: "M6 3h3l2 5-2.5 1.5a12 12 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z",
    list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
    record: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    people:
        "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z" +
        "M2 21v-2a5 5 0 0 1 5-5h4a5 5 0 0 1 5 5v2M16 3.5a4 4 0 0 1 0 7.5M22 21v-2a5 5 0 0 0-3.5-4.7",
    route:
        "M6 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z" +
        "M18 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8.5 17.5H15a3.5 3.5 0 0 0 0-7H9a3.5 3.5 0 0 1 0-7h6.5",
    sound: "M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM21 16a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM9 18V6l12-3v13",
    gateway: "M3 7h14M13 3l4 4-4 4M21 17H7M11 13l-4 4 4 4",
    hook:
        "M9.5 10.5 6 17M14.5 17H6a3 3 0 1 0 2.5 1.5M12 3a3 3 0 0 0-2.5 7.5" +
        "M12 3a3 3 0 0 1 2.6 4.5L18 14a3 3 0 1 1-1.5 5.6",
    key: "M14.5 15a5.5 5.5 0 1 0-5.3-4L3 17.5V21h4v-2.5h2.5V16l1.7-1.7a5.5 5.5 0 0 0 3.3.7zM16 8h.01",
    shield: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 8.5l7 7",
    eye: "M2 12s3.5-6.5 10-6.5S22 12 22 12s-3.5 6.5-10 6.5S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    settings:
        "M4 7h9M19 7h1M4 17h1M11 17h9" +
        "M16 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    pulse: "M3 12h4l3-8 4 16 3-8h4",
    menu: "M4 6h16M4 12h16M4 18h16",
    close: "M6 6l12 12M18 6L6 18",
    more: "M12 5.5h.01M12 12h.01M12 18.5h.01",
    up: "M6 15l6-6 6 6",
    down: "M6 9l6 6 6-6",
    grip: "M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01",
    plus: "M12 5v14M5 12h14",
    search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    good: "M5 12.5l4.5 4.5L19 7.5",
    bad: "M12 7v6M12 17h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
    info: "M12 11v6M12 7h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
    back: "M15 5l-7 7 7 7",
    play: "M7 4.5v15l12-7.5z",
    download: "M12 4v11M7 10.5l5 5 5-5M4 20h16",
    upload: "M12 16V5M7 9.5l5-5 5 5M4 20h16",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
    sun:
        "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4" +
        "M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    screen: "M3 5h18v11H3zM8 20h8M12 16v4",
    person: "M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM4 21a8 8 0 0 1 16 0",
    globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c5 5.5 5 12.5 0 18M12 3c-5 5.5-5 12.5 0 18",
};

/** Those of dots. */
const BOLD = new Set(["more", "grip"]);

/** For decoration: what it means is said in words beside it. @param {string} name @returns {Tree} */
export function icon(name) {
    return h(
        "svg",
        {
            class: "icon",
            viewBox: "0 0 24 24",
            fill: "none",
            stroke: "currentColor",
            "stroke-width": BOLD.has(name) ? 2.8 : 1.8,
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
            "aria-hidden": "true",
        },
        h("path", { d: LINES[name] ?? LINES["info"] }),
    );
}
