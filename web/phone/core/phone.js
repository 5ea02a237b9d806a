/** A telephone without a face: logs in, keeps its calls over reloads and lost connections, and says what happens. */

import { Call } from "./call.js";
import { house } from "./house.js";
import { Memory, plain } from "./memory.js";
import { dialable } from "./numbers.js";
import { watchPage } from "./page.js";
import { Session, deadline } from "./session.js";
import { Tabs } from "./tabs.js";
import { trouble } from "./trouble.js";

export { Refusal } from "./trouble.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {import("./wire.js").Told} Told */
/** @typedef {import("./history.js").Entry} Entry */
/** @typedef {import("./chat.js").Message} Message */
/** @typedef {import("./ready.js").Step} Step */
/** @typedef {import("./house.js").Options} Options */

const MOST_CALLS = 8;
const SETTLE_MS = 500; // after a change of network
const CONNECTING = "unreachable certificate origin wrong-password token-expired lna-denied no-reply refused".split(" ");
const GOODBYE_MS = 1000;
const FETCH_MS = 10_000;

/**
 * Events: `change` (anything that is shown; once for all changes of one turn), `incoming` and `ended` (detail: the
 * Call), `message` (detail: the Message), `trouble` (detail: the Trouble).
 */
export class Phone extends EventTarget {
    /** @type {Trouble | null} the latest that still counts */
    trouble = null;
    /** What the tab that has the phone shows, in state "elsewhere". @type {import("./tabs.js").Seen | null} */
    elsewhere = null;

    #options;
    #session;
    /** @type {Map<string, Call>} */
    #calls = new Map();
    /** @type {Tabs | null} */
    #tabs = null;
    #memory = new Memory("");
    /** @type {Set<Call>} */
    #changed = new Set();
    /** Whoever is gone does not come back, though the server may not know yet. @type {Set<string>} */
    #over = new Set();
    #isDue = false;
    #moved = false;
    /** @type {any} */
    #timer = 0;
    /** @type {Promise<import("./devices.js").Devices> | null} */
    #devices = null;
    /** @type {(() => void) | null} */
    #leavePage = null;
    /** @type {Promise<import("./house.js").Sound> | null} */
    #sound = null;
    #house;

    /** @param {Options} options */
    constructor(options) {
        super();
        this.#options = options;
        this.#session = new Session({
            server: options.server,
            credentials: options.credentials,
            claim: (login) => this.#claim(login),
            keep: () => this.calls.filter((call) => call.isUp && call.isHeard).map((call) => call.id),
            entered: (state, why) => this.#entered(state, why),
            told: (message) => this.#told(message),
        });
        this.#house = house(this, this.#session, options.iceServers, (call) => this.#callChanged(call));
        /** Messages to and from others. */
        this.chat = {
            /** @type {Map<string, Message[]>} by who is at the other end */
            threads: new Map(),
            /** @param {string} to @param {string} text @returns {Promise<Message>} */
            send: async (to, text) => (await import("./chat.js")).send(this, to, text),
        };
    }

    get server() {
        return this.#options.server;
    }

    get state() {
        return this.#session.state;
    }

    /** Who is logged in. */
    get login() {
        return this.#session.login;
    }

    /** Their name and number, as far as they were given with the login. */
    get user() {
        return this.#session.user;
    }

    /** Those that go on, oldest first. */
    get calls() {
        return [...this.#calls.values()];
    }

    /** The one that is not held. @returns {Call | null} */
    get active() {
        return this.calls.find((call) => !["held", "ringing"].includes(call.state)) ?? null;
    }

    /** Log in, and stay there. */
    start() {
        if (!globalThis.isSecureContext) {
            this.#session.leave("refused", trouble("insecure"));
            return;
        }
        this.#leavePage ??= watchPage(() => this.#session.poke(), this.#network);
        this.#session.start();
    }

    /** End the calls and log out. */
    async stop() {
        this.#leavePage?.();
        this.#leavePage = null;
        if (this.#calls.size) {
            const byes = Promise.allSettled(this.calls.map((call) => call.hangup()));
            await Promise.race([byes, new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
        }
        this.#session.leave();
        this.#tabs?.leave();
        this.#tabs = null;
    }

    /** From "elsewhere": have the phone in this tab, with its calls. */
    async takeOver() {
        if (this.state === "elsewhere") {
            await this.#tabs?.takeOver();
            this.state === "elsewhere" && this.#inherit(); // who logged out meanwhile does not come back
        }
    }

    #inherit() {
        this.#memory.calls = this.elsewhere?.calls ?? [];
        this.#session.start();
    }

    /**
     * Call a number; others are held first.
     * @param {string} number @param {{video?: boolean}} [wish] @returns {Call}
     */
    call(number, { video = false } = {}) {
        this.relieve("call-lost", "no-reply", "refused", "udp-blocked"); // as it may not be so any more
        const call = this.#begin({ id: crypto.randomUUID(), way: "out", number: dialable(number) });
        call.place(video);
        return call;
    }

    /**
     * Ask the server for anything that the user may; rejects with a Refusal.
     * @param {string} method @param {object} params @param {number} [ms] @returns {Promise<any>}
     */
    request(method, params, ms) {
        return this.#session.request(method, params, ms);
    }

    /**
     * Have all at hand that a call needs; for whoever sees one coming.
     * @returns {Promise<import("./house.js").Sound>}
     */
    sound() {
        this.#sound ??= deadline(import("./talk.js"), FETCH_MS, "unreachable")
            .then(({ Talk, Microphone }) => ({ Talk, microphone: new Microphone() }));
        this.#sound.catch(() => (this.#sound = null));
        return this.#sound;
    }

    /** @returns {Promise<import("./devices.js").Devices>} */
    devices() {
        this.#devices ??= Promise.all([import("./devices.js"), this.sound()])
            .then(([{ Devices }, { microphone }]) => new Devices(this, microphone));
        this.#devices.catch(() => (this.#devices = null));
        return this.#devices;
    }

    /** @param {{cursor?: string}} [wish] @returns {Promise<{items: Entry[], next: string | null}>} */
    async history(wish = {}) {
        return (await import("./history.js")).history(this, wish);
    }

    /**
     * See what works, one step after the other.
     * @param {{microphone?: boolean}} [wish] `microphone`: the browser may ask now @returns {AsyncIterable<Step>}
     */
    async *check(wish = {}) {
        yield* (await import("./ready.js")).check(this, wish);
    }

    /** Something is in the way. @param {Trouble} found */
    complain(found) {
        this.trouble = found;
        this.dispatchEvent(new CustomEvent("trouble", { detail: found }));
        this.tell();
    }

    /** These are over. @param {string[]} codes */
    relieve(...codes) {
        if (this.trouble && codes.includes(this.trouble.code)) {
            this.trouble = null;
            this.tell();
        }
    }

    /** Say that there is something else to show, once for all of this turn. */
    tell() {
        if (!this.#isDue) {
            this.#isDue = true;
            queueMicrotask(() => this.#say());
        }
    }

    // --- what the session says

    /** @param {import("./session.js").State} state @param {Trouble | null} why */
    #entered(state, why) {
        if (state === "ready") {
            this.relieve(...CONNECTING);
            this.#mend();
        } else if (state === "lost") {
            this.calls.forEach((call) => call.session("lost"));
            this.#explain(why);
        } else if (state === "elsewhere") {
            this.calls.forEach((call) => call.session("taken"));
        }
        if (why && state === "refused") {
            this.complain(why);
        }
        this.tell();
    }

    /** Why can it not be reached? @param {Trouble | null} why */
    async #explain(why) {
        if (why && this.trouble?.code !== why.code && !this.trouble?.fatal) {
            this.complain(why);
        }
        if (why?.code === "unreachable" && !this.calls.length) {
            const found = await import("./ready.js").then(({ reach }) => reach(this.server)).catch(() => null);
            if (this.state === "lost" && found && found.code !== this.trouble?.code) {
                this.complain(found);
            }
        }
    }

    /** @param {Told} message */
    #told(message) {
        switch (message.type) {
            case "invite":
                this.#ring(message);
                break;
            case "attach":
                this.#restore(message);
                break;
            case "ready":
                this.#settle(message.calls);
                break;
            case "chat":
                import("./chat.js").then(({ receive }) => receive(this, message), () => {});
                break;
            case "punt":
                this.#tabs?.leave();
                this.#tabs = null;
                break;
            default:
                if ("call" in message) {
                    this.#calls.get(message.call)?.told(message);
                }
        }
    }

    /** @param {import("./wire.js").Offered} offer */
    #ring({ call: id, sdp, name, number }) {
        if (this.#calls.has(id)) {
            return;
        }
        if (this.#calls.size >= MOST_CALLS) {
            this.#decline(id, "USER_BUSY");
        } else {
            const call = this.#begin({ id, way: "in", number, name, sdp });
            this.sound().catch(() => {});
            this.dispatchEvent(new CustomEvent("incoming", { detail: call }));
        }
    }

    /** @param {string} id @param {string} cause */
    #decline(id, cause) {
        const bye = () => this.request("verto.bye", { cause, dialogParams: { callID: id } });
        this.#session.ready(FETCH_MS).then(bye).catch(() => {});
    }

    /** A call of the page before this one. @param {import("./wire.js").Offered} offer */
    #restore(offer) {
        const { call: id, name, number, placed } = offer;
        if (this.#over.has(id)) {
            this.#decline(id, "NORMAL_CLEARING");
        } else {
            const known = this.#memory.calls.find((each) => each.id === id);
            const facts = { way: placed ? "out" : "in", number, name, ...known, id, restored: true };
            (this.#calls.get(id) ?? this.#begin(/** @type {any} */ (facts))).told(offer);
        }
    }

    /** All calls that the server still knows have come. @param {string[]} known */
    #settle(known) {
        const there = new Set(known);
        for (const call of this.calls.filter((each) => each.isUp && !there.has(each.id))) {
            call.session("forgotten");
        }
        for (const { id, number = "", name = "" } of this.#memory.calls) {
            if (!there.has(id) && !this.#calls.has(id)) {
                this.complain(trouble("call-lost", { number, name }));
            }
        }
        this.#memory.calls = [];
    }

    // --- calls

    /** @param {import("./house.js").Facts} facts */
    #begin(facts) {
        const call = new Call(this.#house, facts);
        this.#calls.set(call.id, call);
        this.tell();
        return call;
    }

    #callChanged(/** @type {Call} */ call) {
        this.#changed.add(call);
        if (call.state === "ended" && this.#calls.delete(call.id)) {
            call.cause === "PICKED_OFF" || this.#over.add(call.id);
            this.dispatchEvent(new CustomEvent("ended", { detail: call }));
        }
        this.tell();
    }

    // --- tabs, and the page

    /** @param {string} login @returns {Promise<string | null>} */
    async #claim(login) {
        if (this.#memory.login !== login || !this.#tabs) {
            this.#tabs?.leave();
            this.#memory = new Memory(this.server, login, this.#memory.calls);
            this.#tabs = new Tabs(this.#memory.key, {
                free: () => this.#inherit(),
                yielded: () => this.#session.leave("elsewhere"),
                seen: (seen) => {
                    this.elsewhere = seen;
                    this.tell();
                },
                shown: () => ({ login: this.login, state: this.state, calls: plain(this.calls) }),
            });
        }
        if (!(await this.#tabs.claim())) {
            return null;
        }
        this.elsewhere = null;
        if (this.#memory.calls.length) {
            this.sound().then(({ microphone }) => microphone.warm(), () => {});
        }
        return this.#memory.sessid;
    }

    /** The network is another one: what was connected over the old one has to find its way. */
    #network = () => {
        clearTimeout(this.#timer);
        this.#session.poke();
        this.#timer = setTimeout(() => {
            this.#moved = true;
            if (this.state === "ready") {
                this.#mend();
            }
        }, SETTLE_MS);
    };

    #mend() {
        const moved = this.#moved;
        this.#moved = false;
        this.calls.forEach((call) => call.mend(moved));
    }

    #say() {
        this.#isDue = false;
        if (this.#tabs?.isOwner && this.state === "ready") {
            this.#memory.save(plain(this.calls).filter(({ state }) => state === "active" || state === "held"));
        }
        this.#tabs?.tell();
        const changed = [...this.#changed];
        this.#changed.clear();
        changed.forEach((call) => call.dispatchEvent(new Event("change")));
        this.dispatchEvent(new Event("change"));
    }
}
