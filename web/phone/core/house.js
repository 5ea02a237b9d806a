/** What a call needs of its phone. */

import { Refusal } from "./trouble.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {{Talk: typeof import("./talk.js").Talk, microphone: import("./microphone.js").Microphone}} Sound */
/**
 * @typedef {object} House what a call needs of its phone
 * @property {string} login
 * @property {boolean} isReady the socket is there
 * @property {() => Promise<Sound>} sound
 * @property {RTCIceServer[] | undefined} iceServers
 * @property {(ms: number) => Promise<void>} ready
 * @property {(method: string, params: object, ms?: number) => Promise<any>} request
 * @property {(call: Call) => void} tell something of it has changed
 * @property {(found: Trouble) => void} complain
 * @property {(...codes: string[]) => void} relieve these troubles are over
 * @property {(call: Call) => Promise<void>} alone hold all others
 * @property {(call: Call) => Promise<string>} nameOf what programs call it
 */
/**
 * @typedef {object} Options of a phone
 * @property {string} server URL of its WebSocket
 * @property {() => Promise<import("./session.js").Credentials>} credentials asked at every login; may reject with a
 *     Failure
 * @property {string} [language]
 * @property {RTCIceServer[]} [iceServers]
 */
/**
 * @typedef {object} Facts
 * @property {string} id
 * @property {"in" | "out"} way
 * @property {string} number
 * @property {string} [name]
 * @property {string} [sdp] what is offered to us
 * @property {boolean} [restored] it was up before this page was
 * @property {number} [began]
 * @property {number} [answeredAt]
 * @property {boolean} [muted]
 */

/**
 * @param {import("./phone.js").Phone} phone @param {import("./session.js").Session} session
 * @param {RTCIceServer[] | undefined} iceServers @param {(call: Call) => void} tell @returns {House}
 */
export function house(phone, session, iceServers, tell) {
    return {
        get login() {
            return session.login;
        },
        get isReady() {
            return session.state === "ready";
        },
        sound: () => phone.sound(),
        iceServers,
        tell,
        ready: (ms) => session.ready(ms),
        request: (method, params, ms) => session.request(method, params, ms),
        complain: (found) => phone.complain(found),
        relieve: (...codes) => phone.relieve(...codes),
        alone: async (call) => {
            const others = phone.calls.filter((each) => each !== call && each.state === "active");
            await Promise.allSettled(others.map((each) => each.hold(true)));
        },
        nameOf: async ({ id }) => {
            const { items = [] } = await session.request("calls.list", {});
            const has = (/** @type {any} */ call) => call.legs?.some((/** @type {any} */ leg) => leg.id === id);
            const found = items.find(has);
            if (!found) {
                throw new Refusal("no such call", 0);
            }
            return found.id;
        },
    };
}
