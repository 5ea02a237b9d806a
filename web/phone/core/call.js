/** One call: its states, its sound and picture, and what can be done with it. */

import { Heard } from "./heard.js";
import { begun, isUp, receive } from "./machine.js";
import { Failure, Refusal, trouble, troubleOf } from "./trouble.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {import("./machine.js").CallEvent} CallEvent */
/** @typedef {import("./quality.js").Figures} Figures */
/** @typedef {import("./house.js").House} House */
/** @typedef {import("./house.js").Facts} Facts */

const READY_MS = 10_000;
const TRYING_MS = 90_000;
const SAMPLES = 60;

/** Events: `change`. */
export class Call extends Heard {
    /** @type {Trouble | null} */
    trouble = null;
    endedAt = 0;
    /** The other side holds. */
    heldThere = false;
    recording = false;
    /** @type {Figures | null} */
    quality = null;
    /** @type {Figures[]} the last minute */
    samples = [];

    #house;
    #dialog;
    #offer;
    #attaching = ""; // what is offered anew and not agreed yet
    /** @type {Promise<unknown>} */
    #goodbye = Promise.resolve();
    /** @type {any} */
    #timer = 0;
    /** @type {{stop: () => void} | null} */
    #watch = null;

    /** @param {House} house @param {Facts} facts */
    constructor(house, facts) {
        super();
        this.#house = house;
        this.id = facts.id;
        this.way = facts.way;
        this.number = facts.number;
        this.name = facts.name ?? "";
        /** What was dialed. */
        this.destination = facts.way === "out" ? facts.number : house.login;
        this.began = facts.began || Date.now();
        this.answeredAt = facts.answeredAt ?? 0;
        this.#offer = facts.sdp ?? "";
        this.#dialog = begun(facts.way, facts.restored ? "active" : undefined);
        this.#attaching = facts.restored ? "soon" : "";
        this.muted = facts.muted ?? false;
    }

    get state() {
        return this.#dialog.state;
    }

    get cause() {
        return this.#dialog.cause;
    }

    get causeCode() {
        return this.#dialog.causeCode;
    }

    /** Both sides have agreed to speak. */
    get isUp() {
        return isUp(this.#dialog);
    }

    /** The media or the socket is coming back. */
    get reconnecting() {
        return this.isUp && (!this.#house.isReady || this.#attaching !== "" || (this.talk?.isBroken ?? false));
    }

    /** Who calls wants to be seen, too. */
    get offersVideo() {
        return /^m=video [1-9]/m.test(this.#offer);
    }

    // --- what its people do

    /** Pick up. @param {{video?: boolean}} [wish] */
    answer({ video = false } = {}) {
        if (this.state === "ringing") {
            this.trouble = null;
            this.#house.alone(this);
            this.#feed({ type: "pickUp" });
            this.#pickUp(video);
        }
    }

    /** Put down, or decline; resolves when the server knows. @param {string} [cause] */
    async hangup(cause = "") {
        this.#feed({ type: "hangup", cause });
        await this.#goodbye;
    }

    /** Hold, or take back; the others are held then. @param {boolean} on @returns {Promise<void>} */
    async hold(on) {
        if (!on) {
            await this.#house.alone(this);
        }
        await this.#modify(on ? "hold" : "unhold");
    }

    /** Send the other side to a number; when that cannot be done the call goes on. @param {string} number */
    async transfer(number) {
        await this.#modify("transfer", { destination: number });
    }

    /** Join the other side of this call with that of another. @param {Call} consult */
    async complete(consult) {
        await this.#modify("replace", { replaceCallID: consult.id });
    }

    /** @param {boolean} on */
    async record(on) {
        const call = await this.#house.nameOf(this);
        await this.#house.request(on ? "calls.record" : "calls.stop", { call });
        this.recording = on;
        this.#tell();
    }

    // --- what the phone does

    /** Place it. @param {boolean} video */
    async place(video) {
        this.#house.alone(this);
        try {
            const sdp = await (await this.#sound()).offer(video);
            await this.#house.ready(READY_MS);
            this.#feed({ type: "offered", sdp });
        } catch (error) {
            this.#fail(error);
        }
    }

    /** @param {import("./wire.js").OfCall} message */
    told(message) {
        switch (message.type) {
            case "display":
                this.name = message.name || (message.number === this.number ? this.name : "");
                this.number = message.number || this.number;
                this.#tell();
                break;
            case "callState":
                this.heldThere = message.peerHeld ?? this.heldThere;
                this.recording = message.recording ?? this.recording;
                this.#tell();
                break;
            case "update":
                this.talk?.updated(message.sdp);
                break;
            case "attach":
                this.#feed({ type: "attach", sdp: message.sdp });
                break;
            case "media":
            case "answer":
            case "bye":
                this.#feed(message);
        }
    }

    /** What became of our session. @param {"lost" | "forgotten" | "taken"} what */
    session(what) {
        if (what === "forgotten") {
            this.#note(trouble("call-lost", { number: this.number, name: this.name }));
        }
        this.#feed({ type: what });
    }

    // --- the machine

    /** @param {CallEvent} event */
    #feed(event) {
        const before = this.#dialog.state;
        const { dialog, effects } = receive(this.#dialog, event);
        this.#dialog = dialog;
        if (before !== dialog.state) {
            this.#entered();
        }
        effects.forEach((effect) => this.#do(effect));
        this.#tell();
    }

    #entered() {
        if (this.state === "ended") {
            this.endedAt = Date.now();
        } else if (this.state === "trying") {
            this.#timer = setTimeout(() => this.state === "trying" && this.hangup("PROGRESS_TIMEOUT"), TRYING_MS);
        } else if (this.state === "active") {
            this.answeredAt ||= Date.now();
            this.#measure();
        }
    }

    /** @param {import("./machine.js").Effect} effect */
    #do(effect) {
        switch (effect.do) {
            case "invite":
                this.#invite(effect.sdp);
                break;
            case "apply":
                this.talk?.apply(effect.sdp).catch((error) => this.#fail(error));
                break;
            case "attach":
                this.#attach(effect.sdp);
                break;
            case "bye":
                this.#goodbye = this.#ask("verto.bye", { cause: effect.cause }).catch(() => {});
                break;
            case "close":
                this.#close();
                break;
        }
    }

    /** @param {string} sdp */
    async #invite(sdp) {
        try {
            await this.#ask("verto.invite", { sdp });
            this.#feed({ type: "accepted" });
        } catch (error) {
            const { facts, code } = refusal(error);
            if (!code) {
                this.#ask("verto.bye", {}).catch(() => {}); // it may have come through all the same
                this.#note(trouble("no-reply"));
            }
            const cause = typeof facts.cause === "string" ? facts.cause : "NETWORK_OUT_OF_ORDER";
            this.#feed({ type: "refused", cause, causeCode: Number(facts.causeCode) || 0 });
        }
    }

    /** @param {boolean} video */
    async #pickUp(video) {
        try {
            const sdp = await (await this.#sound()).accept(this.#offer, video);
            await this.#ask("verto.answer", { sdp });
            this.#feed({ type: "pickedUp" });
        } catch (error) {
            if (error instanceof Failure && error.trouble.code.startsWith("mic-")) {
                this.talk?.undo();
                this.#note(error.trouble);
                this.#feed({ type: "unable" }); // it rings on: the microphone can be allowed, and then it is answered
            } else {
                this.#fail(error);
            }
        }
    }

    /** The server lost our old page or socket, and offers anew. @param {string} offer */
    async #attach(offer) {
        this.#attaching = offer;
        try {
            const sdp = await (await this.#sound()).attach(offer);
            if (this.#attaching === offer) { // else there was another loss, and the server has offered once more
                await this.#ask("verto.attach", { sdp }, { attach: true, sdp: offer });
                this.#measure();
                this.#attaching = "";
            }
        } catch (error) {
            // Without a reply there is going to be another attach.
            if (this.#attaching === offer && (refusal(error).code || !(error instanceof Refusal))) {
                this.#fail(error);
            }
        }
        this.#tell();
    }

    /** @returns {Promise<import("./talk.js").Talk>} */
    async #sound() {
        const { Talk, microphone } = await this.#house.sound();
        if (this.state === "ended") {
            throw new Failure(trouble("refused"));
        }
        this.talk ??= new Talk({
            microphone,
            muted: this.muted,
            iceServers: this.#house.iceServers,
            ask: (method, params) => this.#ask(method, params),
            canAsk: () => this.#house.isReady,
            isUp: () => this.isUp,
            tell: () => this.#tell(),
            note: (found) => this.#note(found),
            relieve: (...codes) => this.#relieve(codes),
        });
        return this.talk;
    }

    #measure() {
        if (!this.#watch) {
            this.#watch = { stop() {} };
            import("./quality.js").then(({ watch }) => {
                if (this.state !== "ended") {
                    this.#watch = watch(this, this.#house, this.#measured);
                }
            }, () => (this.#watch = null));
        }
    }

    #measured = (/** @type {Figures} */ figures) => {
        this.quality = figures;
        this.samples = [...this.samples.slice(1 - SAMPLES), figures];
        this.#tell();
    };

    #close() {
        clearTimeout(this.#timer);
        this.#watch?.stop();
        this.talk?.close();
    }

    // --- small things

    /** @param {string} action @param {object} [more] */
    async #modify(action, more = {}) {
        const { holdState } = await this.#ask("verto.modify", { action, ...more });
        this.#feed({ type: "holdState", held: holdState === "held" });
    }

    /** @param {string} method @param {object} params @param {object} [more] @returns {Promise<any>} */
    #ask(method, params, more = {}) {
        const [ours, theirs] = [this.#house.login, this.number];
        const [caller, callee] = this.way === "out" ? [ours, theirs] : [theirs, ours];
        const dialogParams = {
            callID: this.id,
            destination_number: callee,
            caller_id_number: caller,
            remote_caller_id_number: theirs,
            ...more,
        };
        return this.#house.request(method, { ...params, dialogParams });
    }

    /** It cannot go on. @param {unknown} error */
    #fail(error) {
        if (this.state !== "ended") {
            this.#note(troubleOf(error));
            this.hangup(error instanceof Refusal ? "NETWORK_OUT_OF_ORDER" : "BEARERCAPABILITY_NOTAVAIL");
        }
    }

    /** @param {Trouble} found */
    #note(found) {
        this.trouble = found;
        this.#house.complain(found);
        this.#tell();
    }

    /** @param {string[]} codes */
    #relieve(codes) {
        this.#house.relieve(...codes);
        if (this.trouble && codes.includes(this.trouble.code)) {
            this.trouble = null;
        }
    }

    #tell() {
        this.#house.tell(this);
    }
}

/** @param {unknown} error @returns {{message: string, code: number, facts: Record<string, unknown>}} */
function refusal(error) {
    return error instanceof Refusal ? error : { message: "", code: 0, facts: {} };
}
