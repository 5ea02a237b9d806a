/** Between a call that waits and the one that is asked: join them, go from one to the other, or go back. */

import { h } from "../../base/dom.js";
import { press } from "./parts.js";
import { party, within } from "./text.js";

/** @typedef {import("./cards.js").Cards} Cards */
/** @typedef {import("../core/call.js").Call} Call */

/** @param {Cards} cards @param {{first: Call, second: Call}} consult */
export function between(cards, { first, second }) {
    const { panel } = cards;
    const up = second.state === "active" || second.state === "held";
    const facts = { party: within(party(first)), other: within(party(second)) };
    const swap = () => cards.hold(first.state === "active" ? second : first, false);
    const back = () => {
        panel.end(second);
        return cards.hold(first, false);
    };
    return h(
        "div",
        { key: "between", class: "between", part: "consult", role: "group", "aria-label": panel.say("transfer.title") },
        h("p", {}, panel.say(up ? "transfer.ask" : "transfer.asking", facts)),
        h(
            "div",
            { class: "row" },
            press(panel.say("transfer.complete"), () => complete(cards, first, second, facts), {
                class: "main",
                part: "complete",
                drawing: "join",
                disabled: !up,
            }),
            press(panel.say("transfer.swap"), swap, { drawing: "swap", part: "swap", disabled: !up }),
            press(panel.say("transfer.back"), back, { drawing: "back", part: "back" }),
        ),
    );
}

/** @param {Cards} cards @param {Call} first @param {Call} second @param {Record<string, string>} facts */
async function complete({ panel }, first, second, facts) {
    panel.passed.add(first.id).add(second.id);
    if (await panel.attempt(() => first.complete(second))) {
        panel.notices.good("transfer.joined", facts);
    } else {
        panel.passed.clear();
    }
}
