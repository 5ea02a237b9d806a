/**
 * Verto's messages: text to typed messages and back. Any text gives a message or null; nothing here throws.
 */

/** @typedef {Record<string, unknown>} Json */
/**
 * @typedef {{type: "result", id: number, result: Json}} Result
 * @typedef {{type: "refusal", id: number, code: number, message: string, facts: Json}} Refused
 * @typedef {{type: "invite" | "attach", call: string, sdp: string, name: string, number: string,
 *     placed: boolean}} Offered   `placed`: by us, at its time
 * @typedef {{type: "media" | "answer", call: string, sdp: string}} Answered   without `sdp`: there was one before
 * @typedef {{type: "update", call: string, sdp: string}} Update   the far end changes the media
 * @typedef {{type: "display", call: string, name: string, number: string}} Display
 * @typedef {{type: "bye", call: string, cause: string, causeCode: number}} Bye
 * @typedef {{type: "callState", call: string, peerHeld: boolean | null, recording: boolean | null}} CallState
 * @typedef {{type: "chat", from: string, name: string, text: string}} Chat
 * @typedef {{type: "ready", calls: string[]}} Ready   all calls that were left behind have been offered
 * @typedef {{type: "punt"}} Punt   the session goes on elsewhere
 * @typedef {{type: "ping"}} Ping
 * @typedef {{type: "other", method: string, params: Json}} Other
 * @typedef {Offered | Answered | Update | Display | Bye | CallState} OfCall
 * @typedef {OfCall | Chat | Ready | Punt | Ping | Other} Told
 * @typedef {{message: Result | Refused | Told, reply: string | null}} Read   `reply`: what to send at once
 */

const LONGEST_NAME = 200;
const LONGEST_TEXT = 10_000;
// Control characters, and those that turn the order of what stands around them: a name must not look like another one.
const HIDDEN = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/** A name or number of somebody else as it may be shown. @param {unknown} given @returns {string} */
export function shown(given) {
    const text = typeof given === "number" ? String(given) : typeof given === "string" ? given : "";
    const clean = text.slice(0, 4 * LONGEST_NAME).replace(HIDDEN, "").trim();
    return Array.from(clean).slice(0, LONGEST_NAME).join("");
}

/** What a request looks like on the wire. @param {number} id @param {string} method @param {object} params */
export function request(id, method, params) {
    return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Read what the server sent. @param {unknown} text @returns {Read | null} */
export function read(text) {
    const message = parsed(text);
    if (!message) {
        return null;
    }
    if (typeof message.method === "string") {
        const params = object(message.params);
        return { message: told(message.method, params), reply: acknowledgement(message.id, message.method, params) };
    }
    const reply = replied(message);
    return reply && { message: reply, reply: null };
}

/** @param {unknown} text @returns {Json | null} */
function parsed(text) {
    try {
        const message = typeof text === "string" ? JSON.parse(text) : null;
        return typeof message === "object" && message && !Array.isArray(message) ? message : null;
    } catch {
        return null;
    }
}

/** @param {Json} message @returns {Result | Refused | null} */
function replied({ id, result, error }) {
    if (typeof id !== "number") {
        return null;
    }
    if (result !== undefined) {
        return { type: "result", id, result: object(result) };
    }
    if (error === undefined) {
        return null;
    }
    const { code, message, ...facts } = object(error);
    return { type: "refusal", id, code: integer(code), message: string(message), facts };
}

/**
 * The server wants to know that a message of a call has arrived.
 * @param {unknown} id @param {string} method @param {Json} params
 */
function acknowledgement(id, method, params) {
    const wanted = (typeof id === "number" || typeof id === "string") && (params.callID || method === "verto.ping");
    return wanted ? JSON.stringify({ jsonrpc: "2.0", id, result: { method } }) : null;
}

/** @param {string} method @param {Json} params @returns {Told} */
function told(method, params) {
    const call = string(params.callID);
    const table = call ? OF_CALLS : OF_SESSIONS;
    const read = Object.hasOwn(table, method) ? table[method] : null;
    return read?.(params, call) ?? { type: "other", method, params };
}

/** @type {Record<string, (params: Json, call: string) => OfCall | null>} */
const OF_CALLS = {
    "verto.invite": (params, call) => offered("invite", params, call),
    "verto.attach": (params, call) => offered("attach", params, call),
    "verto.media": (params, call) => ({ type: "media", call, sdp: string(params.sdp) }),
    "verto.answer": (params, call) => ({ type: "answer", call, sdp: string(params.sdp) }),
    "verto.display": (params, call) =>
        ({ type: "display", call, name: shown(params.display_name), number: shown(params.display_number) }),
    "verto.bye": (params, call) =>
        ({ type: "bye", call, cause: shown(params.cause) || "NORMAL_CLEARING", causeCode: integer(params.causeCode) }),
    "verto.modify": (params, call) =>
        params.action === "updateMedia" ? { type: "update", call, sdp: string(params.sdp) } : null,
    "verto.info": (params, call) => {
        const { peerHeld, recording } = object(params.callState);
        const state = { peerHeld: truth(peerHeld), recording: truth(recording) };
        return params.callState ? { type: "callState", call, ...state } : null;
    },
};

/** @type {Record<string, (params: Json, call: string) => Told | null>} */
const OF_SESSIONS = {
    "verto.clientReady": ({ reattached_sessions: calls }) =>
        ({ type: "ready", calls: Array.isArray(calls) ? calls.filter((each) => typeof each === "string") : [] }),
    "verto.punt": () => ({ type: "punt" }),
    "verto.ping": () => ({ type: "ping" }),
    "verto.info": ({ msg }) => {
        const said = object(msg);
        const text = string(said.body).slice(0, LONGEST_TEXT);
        return text ? { type: "chat", from: shown(said.from), name: shown(said.from_msg_name), text } : null;
    },
};

/** @param {"invite" | "attach"} type @param {Json} params @param {string} call @returns {Offered} */
function offered(type, params, call) {
    const placed = params.display_direction === "inbound"; // seen from the server: it came in there
    const [name, number] = placed
        ? [params.callee_id_name, params.callee_id_number]
        : [params.caller_id_name, params.caller_id_number];
    return { type, call, sdp: string(params.sdp), name: shown(name), number: shown(number), placed };
}

/** @param {unknown} value @returns {Json} */
function object(value) {
    return typeof value === "object" && value && !Array.isArray(value) ? /** @type {Json} */ (value) : {};
}

/** @param {unknown} value */
function string(value) {
    return typeof value === "string" ? value : "";
}

/** @param {unknown} value */
function integer(value) {
    return Number.isSafeInteger(value) ? Number(value) : 0;
}

/** @param {unknown} value */
function truth(value) {
    return typeof value === "boolean" ? value : null;
}
