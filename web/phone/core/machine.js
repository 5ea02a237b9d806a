/**
 * The states of one call, as a pure function: what happens gives the next state and what is to be done.
 *
 * What does not fit the state is passed over: the server may repeat itself, and what comes after the end is absorbed.
 */

/** @typedef {"new" | "trying" | "ringing" | "early" | "answering" | "active" | "held" | "ended"} State */
/**
 * @typedef {object} Dialog
 * @property {State} state
 * @property {"in" | "out"} way
 * @property {boolean} asked the invite is out and its result is not back: the server may not know the call yet
 * @property {boolean} joined the one answer of the call is applied
 * @property {string} leaving the cause to say goodbye with once the server knows the call
 * @property {string} cause
 * @property {number} causeCode
 */
/**
 * @typedef {{type: "offered", sdp: string}
 *     | {type: "accepted"}
 *     | {type: "refused", cause: string, causeCode?: number}
 *     | {type: "media", sdp: string}
 *     | {type: "answer", sdp: string}
 *     | {type: "pickUp"}
 *     | {type: "pickedUp"}
 *     | {type: "unable"}
 *     | {type: "holdState", held: boolean}
 *     | {type: "attach", sdp: string}
 *     | {type: "bye", cause: string, causeCode: number}
 *     | {type: "hangup", cause: string}
 *     | {type: "lost"}
 *     | {type: "forgotten"}
 *     | {type: "taken"}} CallEvent
 *
 * `offered`: our offer is made. `unable`: there is no microphone to answer with, and it rings on.
 * `accepted`, `refused`: the result of our invite or answer. `lost`: the socket is gone.
 * `forgotten`: the server knows the call no more. `taken`: the session goes on elsewhere.
 */
/**
 * @typedef {{do: "invite", sdp: string} | {do: "apply", sdp: string} | {do: "attach", sdp: string}
 *     | {do: "bye", cause: string} | {do: "close"}} Effect
 */

const UNANSWERED = new Set(["new", "trying", "ringing", "early", "answering"]);

/** A call at its beginning. @param {"in" | "out"} way @param {State} [state] @returns {Dialog} */
export function begun(way, state = way === "in" ? "ringing" : "new") {
    return { state, way, asked: false, joined: state === "active", leaving: "", cause: "", causeCode: 0 };
}

/** @param {Dialog} dialog @param {CallEvent} event @returns {{dialog: Dialog, effects: Effect[]}} */
export function receive(dialog, event) {
    if (dialog.state === "ended") {
        return late(dialog, event);
    }
    const next = NEXT[event.type];
    return next(dialog, /** @type {any} */ (event)) ?? { dialog, effects: [] };
}

/** After the end: whom the server knows only now is told goodbye. @param {Dialog} dialog @param {CallEvent} event */
function late(dialog, event) {
    if (!dialog.asked || (event.type !== "accepted" && event.type !== "refused")) {
        return { dialog, effects: [] };
    }
    /** @type {Effect[]} */
    const effects = event.type === "accepted" && dialog.leaving ? [{ do: "bye", cause: dialog.leaving }] : [];
    return { dialog: { ...dialog, asked: false, leaving: "" }, effects };
}

/** @typedef {{dialog: Dialog, effects: Effect[]} | null} Step */
/** @type {{[T in CallEvent["type"]]: (dialog: Dialog, event: Extract<CallEvent, {type: T}>) => Step}} */
const NEXT = {
    offered: (dialog, { sdp }) =>
        dialog.state === "new" ? step({ ...dialog, state: "trying", asked: true }, { do: "invite", sdp }) : null,
    accepted: (dialog) => (dialog.asked ? step({ ...dialog, asked: false }) : null),
    refused: (dialog, { cause, causeCode }) => over({ ...dialog, asked: false }, cause, causeCode),
    media: (dialog, { sdp }) => (dialog.state === "trying" && sdp
        ? step({ ...dialog, state: "early", joined: true }, { do: "apply", sdp })
        : null),
    answer: answered,
    pickUp: (dialog) => (dialog.state === "ringing" ? step({ ...dialog, state: "answering" }) : null),
    unable: (dialog) => (dialog.state === "answering" ? step({ ...dialog, state: "ringing" }) : null),
    pickedUp: (dialog) => (dialog.state === "answering" ? step({ ...dialog, state: "active", joined: true }) : null),
    holdState: (dialog, { held }) => (isUp(dialog) ? step({ ...dialog, state: held ? "held" : "active" }) : null),
    attach: (dialog, { sdp }) => // whoever comes back is taken off hold by the server
        isUp(dialog) ? step({ ...dialog, state: "active", joined: true }, { do: "attach", sdp }) : null,
    bye: (dialog, { cause, causeCode }) => over({ ...dialog, asked: false }, cause, causeCode),
    hangup,
    lost: (dialog) => (UNANSWERED.has(dialog.state) ? over(dialog, "DESTINATION_OUT_OF_ORDER", 27) : null),
    forgotten: (dialog) => over(dialog, "RECOVERY_ON_TIMER_EXPIRE", 102),
    taken: (dialog) => over({ ...dialog, asked: false }, "PICKED_OFF", 805),
};

/** @param {Dialog} dialog @param {{sdp: string}} event @returns {Step} */
function answered(dialog, { sdp }) {
    if (dialog.state !== "trying" && dialog.state !== "early") {
        return null;
    }
    const fresh = sdp && !dialog.joined; // an SDP goes once: what comes after early media says nothing new
    return step({ ...dialog, state: "active", joined: dialog.joined || Boolean(sdp) },
        ...(fresh ? [{ do: /** @type {"apply"} */ ("apply"), sdp }] : []));
}

/** @param {Dialog} dialog @param {{cause: string}} event @returns {Step} */
function hangup(dialog, { cause }) {
    const said = cause || usual(dialog);
    if (dialog.state === "new") {
        return over(dialog, said); // nobody knows of it yet
    }
    if (dialog.asked) {
        return over({ ...dialog, leaving: said }, said); // the bye follows the result
    }
    return step({ ...dialog, state: "ended", cause: said }, { do: "bye", cause: said }, { do: "close" });
}

/** The cause that the server would find fitting. @param {Dialog} dialog */
function usual(dialog) {
    return isUp(dialog) ? "NORMAL_CLEARING" : dialog.way === "in" ? "CALL_REJECTED" : "ORIGINATOR_CANCEL";
}

/** Both sides have agreed to speak. @param {Dialog} dialog */
export function isUp(dialog) {
    return dialog.state === "active" || dialog.state === "held";
}

/** @param {Dialog} dialog @param {string} cause @returns {Step} */
function over(dialog, cause, causeCode = 0) {
    return step({ ...dialog, state: "ended", cause, causeCode }, { do: "close" });
}

/** @param {Dialog} dialog @param {Effect[]} effects @returns {Step} */
function step(dialog, ...effects) {
    return { dialog, effects };
}
