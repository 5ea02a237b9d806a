/** The drawings of the panel; those of the launcher are with the launcher. */

const KEY = "h3v3h-3z";
const DOT = (/** @type {number} */ x) => `M${x} 10.3a1.7 1.7 0 1 0 0 3.4a1.7 1.7 0 0 0 0-3.4z`;

/** @type {Record<string, string[]>} */
export const DRAWINGS = {
    more: [`!${DOT(6)}${DOT(12)}${DOT(18)}`],
    back: ["M15 5l-7 7 7 7"],
    mic: ["M9 6.5a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"],
    muted: ["M9 6.5a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M4 4l16 16"],
    keypad: [`!${[4.5, 10.5, 16.5].map((y) => `M5 ${y}${KEY}M10.5 ${y}${KEY}M16 ${y}${KEY}`).join("")}`],
    transfer: ["M4 8h14M14 4l4 4-4 4M20 16H8"],
    swap: ["M4 8h15M15 4l4 4-4 4M20 16H5M9 12l-4 4 4 4"],
    join: ["M4 5c5 0 5 7 10 7h6M4 19c5 0 5-7 10-7M17 9l3 3-3 3"],
    video: ["M3.5 7h11v10h-11zM14.5 11l6-3.5v9l-6-3.5"],
    screen: ["M3.5 5h17v11h-17zM9 20h6M12 13V8.5M9.8 10.5L12 8.3l2.2 2.2"],
    record: ["M12 4.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15z", "!M12 8.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z"],
    volume: ["M4 9.5h3.5L12 6v12l-4.5-3.5H4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.7 7.7 0 0 1 0 11"],
    erase: ["M9 5.5h11v13H9L3.5 12zM12 9.5l5 5M17 9.5l-5 5"],
    history: ["M4.5 8a8.3 8.3 0 1 1-.5 5.5M4 4v4.3h4.3M12 8v4.5l3 2"],
    chat: ["M4 5h16v11H11l-4.5 4v-4H4z"],
    settings: [
        "M4 7h9M18 7h2M4 17h2M11 17h9",
        "M15.5 4.8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 0 0 0-4.4zM8.5 14.8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 0 0 0-4.4z",
    ],
    send: ["M4 5l17 7-17 7 3-7zM7 12h7"],
    in: ["M18 6L6 18M15 18H6V9"],
    missed: ["M4 6l8 8 8-8M20 12V6h-6"],
    add: ["M12 5v14M5 12h14"],
    size: ["M5 13V5h8M5 5l9 9"],
    again: ["M19.5 8a8.3 8.3 0 1 0 .5 5.5M20 4v4.3h-4.3"],
};
