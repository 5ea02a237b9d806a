/** One user on one WebSocket: logs in, asks with deadlines, and comes back by itself when the connection is lost. */

import { backoff } from "./backoff.js";
import { Failure, Refusal, trouble } from "./trouble.js";
import { read, request } from "./wire.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {{login: string, password: string, name?: string, number?: string}} Credentials */
/** @typedef {"off" | "connecting" | "ready" | "lost" | "elsewhere" | "refused"} State */
/**
 * @typedef {object} Plan
 * @property {string} server URL of its WebSocket
 * @property {() => Promise<Credentials>} credentials asked at every login; name and number are for people
 * @property {(login: string) => Promise<string | null>} claim the session's id; null: another tab has it
 * @property {() => string[]} keep calls whose media is up, which need no new offer after a reconnect
 * @property {(state: State, trouble: Trouble | null) => void} entered
 * @property {(message: import("./wire.js").Told) => void} told
 * @property {typeof WebSocket} [Socket]
 */

const FEATURES = ["updateMedia", "callState"];
const CONNECT_MS = 8000;
const LOGIN_MS = 8000;
const REPLY_MS = 10_000;
const QUIET_MS = 15_000; // without a word of the server we ask whether it is there
const PING_MS = 5000;
const AUTHENTICATION = -32001;
const OVER = new Set(["off", "refused", "elsewhere"]);

export class Session {
    /** @type {State} */
    state = "off";
    login = "";
    /** What people call who is logged in. @type {{name?: string, number?: string}} */
    user = {};

    /** @type {WebSocket | null} */
    #socket = null;
    /** @type {Map<number, {resolve: (result: any) => void, reject: (why: Error) => void, late: any}>} */
    #waiting = new Map();
    /** @type {{resolve: () => void, reject: (why: Error) => void} | null} who waits for the greeting's end */
    #greeting = null;
    #lastId = 0;
    #failures = 0;
    #turn = 0; // what belongs to an earlier attempt is passed over
    #sessid = "";
    /** @type {any} */
    #timer = 0;
    /** @type {Set<() => void>} who waits for another state */
    #waiters = new Set();
    #plan;

    /** @param {Plan} plan */
    constructor(plan) {
        this.#plan = plan;
    }

    /** Connect, and stay connected. */
    start() {
        if (this.state === "off" || this.state === "elsewhere" || this.state === "refused") {
            this.#failures = 0;
            this.#enter("connecting");
            this.#attempt();
        }
    }

    /** Leave; the server keeps the calls of `elsewhere` for whoever logs in with the same session. */
    leave(/** @type {"off" | "elsewhere" | "refused"} */ state = "off", /** @type {Trouble | null} */ why = null) {
        this.#drop();
        this.#enter(state, why);
    }

    /** The network may be back: try at once, or see whether the connection still is one. */
    poke() {
        if (this.state === "lost" && !this.#socket) {
            this.#failures = 0;
            this.#attempt();
        } else if (this.state === "ready") {
            this.#probe();
        }
    }

    /**
     * Ask the server for something; rejects with a Refusal.
     * @param {string} method @param {object} params @returns {Promise<any>}
     */
    async request(method, params, ms = REPLY_MS) {
        if (this.state !== "ready") {
            throw new Refusal("not connected", 0);
        }
        try {
            return await this.#ask(method, params, ms);
        } catch (why) {
            if (why instanceof Refusal && why.message === "no reply") {
                this.#probe();
            }
            throw why;
        }
    }

    /** Wait until it is ready; rejects with a Failure. @param {number} ms @returns {Promise<void>} */
    ready(ms) {
        /** @type {(() => void) | null} */
        let look = null;
        const waiting = /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
            look = () => {
                if (this.state === "ready") {
                    resolve();
                } else if (OVER.has(this.state)) {
                    reject(new Failure(trouble(this.state === "elsewhere" ? "elsewhere" : "unreachable")));
                }
            };
            this.#waiters.add(look);
            look();
        }));
        return deadline(waiting, ms, "unreachable").finally(() => look && this.#waiters.delete(look));
    }

    // --- from nothing to ready

    async #attempt() {
        this.#drop();
        const turn = this.#turn;
        try {
            await this.#connect(turn);
        } catch (why) {
            if (turn === this.#turn) {
                this.#fail(why);
            }
        }
    }

    /** @param {number} turn */
    async #connect(turn) {
        const credentials = await deadline(this.#plan.credentials(), LOGIN_MS * 2, "no-reply");
        const sessid = turn === this.#turn ? await this.#plan.claim(credentials.login) : null;
        if (turn !== this.#turn) {
            return;
        }
        if (sessid === null) {
            this.leave("elsewhere");
            return;
        }
        this.login = credentials.login;
        this.user = { name: credentials.name, number: credentials.number };
        this.#sessid = sessid;
        await deadline(this.#open(), CONNECT_MS, "unreachable");
        const greeted = /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
            this.#greeting = { resolve, reject };
        }));
        greeted.catch(() => {}); // whoever waits for the login hears of it
        await this.#logIn(credentials);
        await deadline(greeted, LOGIN_MS, "no-reply");
        this.#failures = 0;
        this.#enter("ready");
        this.#listen();
    }

    /** @returns {Promise<void>} */
    #open() {
        const Socket = this.#plan.Socket ?? WebSocket;
        const socket = new Socket(this.#plan.server);
        this.#socket = socket;
        const lost = () => {
            if (socket === this.#socket) {
                this.#lose();
            }
        };
        return new Promise((resolve, reject) => {
            socket.onopen = () => {
                socket.onclose = lost;
                resolve();
            };
            socket.onclose = () => reject(new Failure(trouble("unreachable")));
            socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
        });
    }

    /** @param {Credentials} given */
    async #logIn(given) {
        try {
            await this.#sayLogin(given);
        } catch (why) {
            if (!(why instanceof Refusal) || why.code !== AUTHENTICATION) {
                throw why instanceof Refusal ? new Failure(trouble(why.code ? "refused" : "no-reply")) : why;
            }
            await this.#logInAnew(given);
        }
    }

    /** A token may have run out meanwhile: there is one more chance with another. @param {Credentials} refused */
    async #logInAnew(refused) {
        const other = await deadline(this.#plan.credentials(), LOGIN_MS, "no-reply");
        const wrong = new Failure(trouble("wrong-password"));
        if (other.login === refused.login && other.password === refused.password) {
            throw wrong;
        }
        await this.#sayLogin(other).catch((why) => {
            throw why.code === AUTHENTICATION ? new Failure(trouble("token-expired")) : why;
        });
    }

    /** @param {Credentials} credentials */
    #sayLogin({ login, password }) {
        const keep = this.#plan.keep();
        const params = { login, passwd: password, features: FEATURES, ...(keep.length && { keep }) };
        return this.#ask("login", params, LOGIN_MS);
    }

    // --- and back

    /** @param {unknown} why */
    #fail(why) {
        const found = why instanceof Failure ? why.trouble : trouble("unreachable");
        if (found.fatal) {
            this.leave("refused", found);
        } else {
            this.#lose(found);
        }
    }

    #lose(why = trouble("unreachable")) {
        this.#drop();
        const turn = this.#turn;
        this.#timer = setTimeout(() => turn === this.#turn && this.#attempt(), backoff(this.#failures++));
        this.#enter("lost", why);
    }

    #drop() {
        this.#turn += 1;
        clearTimeout(this.#timer);
        const socket = this.#socket;
        this.#socket = null;
        if (socket) {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close();
        }
        const lost = new Refusal("connection lost", 0);
        this.#greeting?.reject(lost);
        this.#greeting = null;
        for (const [id, { reject }] of [...this.#waiting]) {
            this.#forget(id);
            reject(lost);
        }
    }

    /** @param {State} state @param {Trouble | null} [why] */
    #enter(state, why = null) {
        this.state = state;
        this.#plan.entered(state, why);
        this.#waiters.forEach((look) => look());
    }

    // --- what goes over the socket

    /** @param {string} method @param {object} params @param {number} ms @returns {Promise<any>} */
    #ask(method, params, ms) {
        const socket = this.#socket;
        const id = ++this.#lastId;
        return new Promise((resolve, reject) => {
            if (socket?.readyState !== 1) {
                reject(new Refusal("not connected", 0));
                return;
            }
            const late = setTimeout(() => {
                this.#forget(id);
                reject(new Refusal("no reply", 0));
            }, ms);
            this.#waiting.set(id, { resolve, reject, late });
            socket.send(request(id, method, { ...params, sessid: this.#sessid }));
        });
    }

    /** @param {number} id */
    #forget(id) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        clearTimeout(waiting?.late);
        return waiting;
    }

    /** @param {unknown} text */
    #receive(text) {
        const found = read(text);
        if (!found) {
            return;
        }
        if (found.reply) {
            this.#socket?.send(found.reply);
        }
        if (this.state === "ready") {
            this.#listen();
        }
        this.#take(found.message);
    }

    /** @param {import("./wire.js").Read["message"]} message */
    #take(message) {
        if (message.type === "result") {
            this.#forget(message.id)?.resolve(message.result);
        } else if (message.type === "refusal") {
            this.#forget(message.id)?.reject(new Refusal(message.message, message.code, message.facts));
        } else if (message.type === "punt") {
            this.#plan.told(message);
            this.leave("elsewhere");
        } else {
            this.#plan.told(message);
            if (message.type === "ready") {
                this.#greeting?.resolve();
            }
        }
    }

    /** Wait for the next word of the server. */
    #listen() {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#probe(), QUIET_MS);
    }

    #probe() {
        const turn = this.#turn;
        clearTimeout(this.#timer);
        this.#ask("verto.ping", {}, PING_MS).catch((why) => {
            if (turn === this.#turn && why.code === 0) { // any other refusal is a sign of life
                this.#lose(trouble("no-reply"));
            }
        });
    }
}

/**
 * @template T
 * @param {Promise<T>} work @param {number} ms @param {string} code of the trouble when it takes longer
 * @returns {Promise<T>}
 */
export function deadline(work, ms, code) {
    return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Failure(trouble(code))), ms);
        work.then(resolve, reject).finally(() => clearTimeout(late));
    });
}
