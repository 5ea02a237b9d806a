/** The dial pad: keys, typing, pasting, and numbers that were called before. */

import { h } from "../../base/dom.js";
import { dialable } from "../core/numbers.js";
import { hold, rove } from "./focus.js";
import { press, round, written } from "./parts.js";
import { plain } from "./text.js";

/** @typedef {import("./panel.js").Panel} Panel */

export const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LETTERS = ["", "ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ", "", "+", ""];
const LONG = 500; // ms
const MOST = 4; // suggestions

/**
 * Twelve keys that the arrow keys lead through. @param {(digit: string) => void} press
 * @param {{label: string, long?: (digit: string) => void, at: string, say: import("../../base/words.js").Say}} options
 */
export function keys(press, { label, long, at, say }) {
    return h(
        "div",
        { class: "keys", part: "keys", role: "group", "aria-label": label, "data-columns": "3", onkeydown: rove },
        KEYS.map((digit, n) =>
            h(
                "button",
                {
                    type: "button",
                    class: "key",
                    part: "key",
                    "data-digit": digit,
                    tabindex: digit === at ? "0" : "-1",
                    "aria-label": { "*": say("key.star"), "#": say("key.hash") }[digit],
                    onclick: () => press(digit),
                    onpointerdown:
                        digit === "0" && long
                            ? (/** @type {PointerEvent} */ event) => held(event, () => long("+"))
                            : undefined,
                },
                h("span", { class: "digit" }, digit),
                " ",
                h("span", { class: "letters" }, LETTERS[n]),
            ),
        ),
    );
}

/** A long press is something else than a click. @param {PointerEvent} event @param {() => void} act */
function held(event, act) {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    const stop = new AbortController();
    const { signal } = stop;
    const timer = setTimeout(() => {
        act();
        button.addEventListener("click", (click) => click.stopImmediatePropagation(), { capture: true, signal });
    }, LONG);
    const over = () => {
        clearTimeout(timer);
        setTimeout(() => stop.abort(), 0); // the click of this press comes first, if there is one: fingers give none
    };
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
        button.addEventListener(end, over, { signal });
    }
}

export class Pad {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        this.number = "";
        this.at = "1"; // the key that Tab leads to
        this.chosen = -1; // of the suggestions
        this.adding = false; // beside calls
    }

    /** @param {string} digit */
    press(digit) {
        this.at = digit === "+" ? "0" : digit;
        this.write(this.number + digit);
        this.panel.sounds.digit(digit);
    }

    /** @param {string} number */
    write(number) {
        this.number = number;
        this.chosen = -1;
        this.panel.redraw();
    }

    /** Call what is written; with nothing written, show what was called last. @param {boolean} [video] */
    go(video = false) {
        const { panel } = this;
        const picked = this.suggestions()[this.chosen];
        const number = picked ? picked.number : dialable(this.number);
        if (!number && !this.number.trim()) {
            this.write(panel.memory.get("last") ?? "");
            return;
        }
        if (!number) {
            panel.notices.add({ kind: "bad", text: panel.say("pad.wrong") });
            return;
        }
        if (panel.call(number, { video })) {
            this.adding = false;
            this.write("");
        }
    }

    /** Numbers of the past that begin like this, or whose name has it. */
    suggestions() {
        const begun = this.number.trim().toLowerCase();
        if (!begun) {
            return [];
        }
        const bare = dialable(begun);
        const fits = this.panel.history
            .known()
            .filter(
                ({ number, name }) =>
                    (bare && number.startsWith(bare) && number !== bare) || name.toLowerCase().includes(begun),
            );
        return fits.slice(0, MOST);
    }

    view() {
        const { panel } = this;
        const { say } = panel.face;
        return h(
            "div",
            { key: "pad", class: "pad", part: "pad" },
            this.field(),
            this.list(),
            keys((digit) => this.press(digit), {
                label: say("pad.keys"),
                long: (digit) => this.press(digit),
                at: this.at,
                say,
            }),
            this.buttons(),
        );
    }

    buttons() {
        const { say } = this.panel.face;
        const big = { class: "round big" };
        return h(
            "div",
            { class: "go" },
            round(say("pad.video"), "video", () => this.go(true), { ...big, part: "video-call" }),
            press(say("pad.call"), () => this.go(), { class: "call", part: "call", drawing: "phone" }),
            round(say("pad.erase"), "erase", () => this.write(this.number.slice(0, -1)), {
                ...big,
                disabled: !this.number,
            }),
        );
    }

    field() {
        const { say } = this.panel.face;
        return written(say("pad.number"), this.number, (text) => this.write(text), {
            key: "number",
            class: "number first",
            part: "number",
            inputmode: "tel",
            autocapitalize: "off",
            spellcheck: "false",
            enterkeyhint: "go",
            role: "combobox",
            "aria-expanded": String(this.suggestions().length > 0),
            "aria-controls": "suggestions",
            "aria-autocomplete": "list",
            "aria-activedescendant": this.chosen >= 0 ? `suggestion-${this.chosen}` : undefined,
            onkeydown: (/** @type {KeyboardEvent} */ event) => this.typed(event),
        });
    }

    list() {
        const all = this.suggestions();
        return h(
            "ul",
            {
                key: "suggestions",
                class: "suggestions",
                id: "suggestions",
                role: "listbox",
                hidden: all.length === 0,
                "aria-label": this.panel.say("pad.before"),
            },
            all.map(({ number, name }, n) =>
                h(
                    "li",
                    {
                        role: "option",
                        id: `suggestion-${n}`,
                        "aria-selected": String(n === this.chosen),
                        onclick: () => {
                            this.chosen = n;
                            this.go();
                        },
                    },
                    h("bdi", {}, plain(name || number, 30)),
                    name && h("bdi", { class: "soft" }, plain(number, 24)),
                ),
            ),
        );
    }

    /** Keys within the field. @param {KeyboardEvent} event */
    typed(event) {
        const all = this.suggestions();
        if (event.key === "Enter" && !event.isComposing) {
            event.preventDefault();
            event.stopPropagation();
            this.go(event.ctrlKey);
        } else if (all.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
            event.preventDefault();
            const ways = all.length + 1; // none of them is a choice, too
            this.chosen = ((this.chosen + 1 + (event.key === "ArrowDown" ? 1 : -1) + ways) % ways) - 1;
            this.panel.redraw();
        }
    }

    /** Keys anywhere in the panel, if the pad is there. @param {KeyboardEvent} event */
    pressed(event) {
        const target = /** @type {Element} */ (event.target);
        if (
            !this.there() ||
            event.ctrlKey ||
            event.metaKey ||
            event.altKey ||
            target.matches("input, select, textarea")
        ) {
            return false;
        }
        if (/^[0-9*#+]$/.test(event.key)) {
            this.press(event.key);
            hold(this.panel.face.root, ".number"); // who types goes on typing
        } else if (event.key === "Backspace") {
            this.write(this.number.slice(0, -1));
            hold(this.panel.face.root, ".number");
        } else if (event.key === "Enter" && (!target.matches("button, a") || target.matches(".key"))) {
            this.go();
        } else {
            return false;
        }
        event.preventDefault(); // else the field that has the focus now would take it, too
        return true;
    }

    /** @param {ClipboardEvent} event */
    pasted(event) {
        const text = event.clipboardData?.getData("text/plain") ?? "";
        const target = /** @type {Element} */ (event.target);
        if (this.there() && (target.matches(".number") || !target.matches("input, textarea"))) {
            event.preventDefault();
            const number = dialable(text);
            if (number) {
                this.write(number);
            } else {
                this.panel.notices.add({ kind: "bad", text: this.panel.say("pad.wrong") });
            }
        }
    }

    there() {
        const { panel } = this;
        return (
            panel.tab === "phone" && Boolean(panel.phone) && !panel.layer && (panel.calls.length === 0 || this.adding)
        );
    }
}
