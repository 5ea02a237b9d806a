/**
 * A small Verto client: one user on one WebSocket, and calls with sound.
 *
 * A `Line` logs in and stays logged in; a `Call` is one call on it. Both are EventTargets and know nothing of pages.
 */

const GATHER_MS = 1000; // for candidates: there is no trickle in Verto, an SDP leaves once and complete
const REPLY_MS = 10_000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const AUTHENTICATION_FAILED = -32001;

/** Why the server refused a request; `code` is the number of JSON-RPC, 0 if there was no reply at all. */
export class Refusal extends Error {
    /** @param {string} message @param {number} code */
    constructor(message, code) {
        super(message);
        this.code = code;
    }

    get isWrongPassword() {
        return this.code === AUTHENTICATION_FAILED;
    }
}

/**
 * One user's connection to the server.
 *
 * Events: `state` (read `state`), `incoming` (a CustomEvent with the Call in `detail`).
 *
 * States: `off`, `connecting`, `ready`, `lost` (it tries again by itself), `taken` (the session went on elsewhere).
 */
export class Line extends EventTarget {
    /** @type {"off" | "connecting" | "ready" | "lost" | "taken"} */
    state = "off";
    /** @type {Map<string, Call>} */
    calls = new Map();

    #url;
    #session = crypto.randomUUID();
    #credentials = { login: "", passwd: "" };
    /** @type {WebSocket | null} */
    #socket = null;
    /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
    #waiting = new Map();
    #lastId = 0;
    #failures = 0;
    #retry = 0;

    /** @param {string} url of the server's WebSocket */
    constructor(url) {
        super();
        this.#url = url;
    }

    /** The name logged in with. */
    get user() {
        return this.#credentials.login;
    }

    /**
     * Connect and log in; rejects with a Refusal, and the line is off again.
     * @param {string} login @param {string} passwd
     */
    async login(login, passwd) {
        this.#credentials = { login, passwd };
        this.#enter("connecting");
        try {
            await this.#connect();
        } catch (error) {
            this.#drop();
            this.#enter("off");
            throw error;
        }
    }

    /** End all calls and the connection. */
    logout() {
        clearTimeout(this.#retry);
        for (const call of [...this.calls.values()]) {
            call.hangup();
        }
        this.#drop();
        this.#enter("off");
    }

    /**
     * Call a number. The microphone must be there: `stream` is taken over and stopped with the call.
     * @param {string} number @param {MediaStream} stream
     */
    call(number, stream) {
        const call = new Call(this, crypto.randomUUID(), "out", number);
        this.calls.set(call.id, call);
        call.place(stream);
        return call;
    }

    /**
     * Ask the server for something. For calls; resolves with the result, rejects with a Refusal.
     * @param {string} method @param {object} params @returns {Promise<any>}
     */
    request(method, params) {
        const id = ++this.#lastId;
        return new Promise((resolve, reject) => {
            if (this.#socket?.readyState !== WebSocket.OPEN) {
                reject(new Refusal("not connected", 0));
                return;
            }
            const late = setTimeout(() => this.#settle(id, null, new Refusal("no reply", 0)), REPLY_MS);
            this.#waiting.set(id, {
                resolve: (result) => (clearTimeout(late), resolve(result)),
                reject: (error) => (clearTimeout(late), reject(error)),
            });
            this.#send({ id, method, params: { ...params, sessid: this.#session } });
        });
    }

    async #connect() {
        const socket = (this.#socket = new WebSocket(this.#url));
        await new Promise((resolve, reject) => {
            socket.onopen = resolve;
            socket.onclose = () => reject(new Refusal("no connection", 0));
        });
        socket.onmessage = (event) => this.#receive(event.data);
        socket.onclose = () => this.#drop();
        await this.request("login", this.#credentials);
        socket.onclose = () => this.#lose();
        this.#failures = 0;
        this.#enter("ready");
    }

    #lose() {
        this.#drop();
        for (const call of [...this.calls.values()]) {
            if (!call.isUp) {
                call.end("DESTINATION_OUT_OF_ORDER"); // the server gives up such calls at once
            }
        }
        this.#enter("lost");
        const wait = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
        this.#retry = setTimeout(() => this.#reconnect(), wait * (0.75 + Math.random() / 2));
    }

    async #reconnect() {
        try {
            await this.#connect();
        } catch (error) {
            if (error instanceof Refusal && error.isWrongPassword) {
                this.logout();
            } else {
                this.#lose();
            }
        }
    }

    #drop() {
        if (this.#socket) {
            this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
            this.#socket.close();
            this.#socket = null;
        }
        for (const id of [...this.#waiting.keys()]) {
            this.#settle(id, null, new Refusal("connection lost", 0));
        }
    }

    /** @param {Line["state"]} state */
    #enter(state) {
        this.state = state;
        this.dispatchEvent(new Event("state"));
    }

    /** @param {object} message */
    #send(message) {
        this.#socket?.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
    }

    /** @param {number} id @param {any} result @param {Error | null} error */
    #settle(id, result, error) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error) {
            waiting?.reject(error);
        } else {
            waiting?.resolve(result);
        }
    }

    /** @param {string} text */
    #receive(text) {
        const message = JSON.parse(text);
        if (!message.method) {
            const { error } = message;
            this.#settle(message.id, message.result, error ? new Refusal(error.message, error.code) : null);
            return;
        }
        const params = message.params ?? {};
        if (params.callID || message.method === "verto.ping") {
            this.#send({ id: message.id, result: { method: message.method } });
        }
        this.#follow(message.method, params);
    }

    /** @param {string} method @param {any} params */
    #follow(method, params) {
        const call = this.calls.get(params.callID);
        switch (method) {
            case "verto.invite":
                this.#ring(params);
                break;
            case "verto.attach":
                call?.reattach(params.sdp);
                break;
            case "verto.media":
                call?.early(params.sdp);
                break;
            case "verto.answer":
                call?.answered(params.sdp);
                break;
            case "verto.display":
                call?.show(params.display_name, params.display_number);
                break;
            case "verto.bye":
                call?.end(params.cause);
                break;
            case "verto.clientReady":
                this.#forget(params.reattached_sessions ?? []);
                break;
            case "verto.punt":
                this.#yield();
                break;
        }
    }

    /** @param {any} params of an invite */
    #ring(params) {
        const call = new Call(this, params.callID, "in", params.caller_id_number ?? "", params.sdp);
        call.show(params.caller_id_name, params.caller_id_number);
        this.calls.set(call.id, call);
        this.dispatchEvent(new CustomEvent("incoming", { detail: call }));
    }

    /** Calls from before a reconnect that the server no longer knows are over. @param {string[]} known */
    #forget(known) {
        for (const call of [...this.calls.values()]) {
            if (call.isUp && !known.includes(call.id)) {
                call.end("RECOVERY_ON_TIMER_EXPIRE");
            }
        }
    }

    #yield() {
        this.#drop();
        for (const call of [...this.calls.values()]) {
            call.end("PICKED_OFF");
        }
        this.#enter("taken");
    }
}

/**
 * One call.
 *
 * Events: `state` (also when the other party's name changes), `sound` (`remote` is there, or is another stream).
 *
 * States: `calling`, `early` (it rings there, or an announcement plays), `ringing` (here), `answering`, `active`, `held`,
 * `ended` (with `cause`).
 */
export class Call extends EventTarget {
    /** @type {"calling" | "early" | "ringing" | "answering" | "active" | "held" | "ended"} */
    state;
    cause = "";
    party = { name: "", number: "" };
    isMuted = false;
    /** @type {MediaStream | null} */
    remote = null;
    /** @type {MediaStream | null} */
    #local = null;
    /** @type {RTCPeerConnection | null} */
    #peer = null;
    #isLeaving = false;
    #line;
    #offer;

    /** @param {Line} line @param {string} id @param {"in" | "out"} way @param {string} number @param {string} offer */
    constructor(line, id, way, number, offer = "") {
        super();
        this.#line = line;
        this.id = id;
        this.way = way;
        this.number = number;
        this.party.number = number;
        this.#offer = offer;
        this.state = way === "in" ? "ringing" : "calling";
    }

    /** Both sides have agreed to speak. */
    get isUp() {
        return this.state === "active" || this.state === "held";
    }

    /** Send the invite. @param {MediaStream} stream */
    async place(stream) {
        try {
            const peer = this.#open(stream);
            await peer.setLocalDescription(await peer.createOffer());
            const sdp = await gathered(peer);
            if (this.state === "calling" && !this.#isLeaving) { // else it was given up, and the server knows nothing of it
                await this.#request("verto.invite", { sdp });
            }
        } catch (error) {
            this.end(failure(error));
        }
    }

    /** Pick up. @param {MediaStream} stream of the microphone, taken over */
    async answer(stream) {
        this.#enter("answering");
        try {
            await this.#accept(this.#offer, "verto.answer", stream);
        } catch (error) {
            this.hangup(failure(error));
        }
    }

    /** Put down, or decline. @param {string} cause the server finds a fitting one if there is none */
    hangup(cause = "") {
        if (this.state === "ended") {
            return;
        }
        this.#isLeaving = true;
        const reply = this.#request("verto.bye", cause ? { cause } : {});
        const otherwise = cause || (this.isUp ? "NORMAL_CLEARING" : this.way === "in" ? "CALL_REJECTED" : "ORIGINATOR_CANCEL");
        reply.then((result) => this.end(result.cause), () => this.end(otherwise));
    }

    /** Let the other side hear nothing of us. @param {boolean} on */
    mute(on) {
        this.isMuted = on;
        this.#local?.getAudioTracks().forEach((track) => (track.enabled = !on));
        this.#tell();
    }

    /** Hold, or take back. @param {boolean} on */
    async hold(on) {
        const reply = await this.#request("verto.modify", { action: on ? "hold" : "unhold" });
        this.#enter(reply.holdState === "held" ? "held" : "active");
    }

    /** Send digits. @param {string} digits */
    async digits(digits) {
        await this.#request("verto.info", { dtmf: digits });
    }

    // --- what the line passes on

    /** @param {string} sdp the answer, the only one of this call */
    early(sdp) {
        this.#apply(sdp, "early");
    }

    /** @param {string | undefined} sdp missing if it came with early media */
    answered(sdp) {
        if (sdp && this.#peer?.signalingState === "have-local-offer") {
            this.#apply(sdp, "active");
        } else {
            this.#enter("active");
        }
    }

    /** The server lost our old page or socket and offers anew. @param {string} sdp */
    async reattach(sdp) {
        const stream = this.#local;
        this.#local = null;
        this.#close();
        try {
            await this.#accept(sdp, "verto.attach", stream);
        } catch (error) {
            this.hangup(failure(error));
        }
    }

    /** @param {string | undefined} name @param {string | undefined} number */
    show(name, number) {
        this.party = { name: name || this.party.name, number: number || this.party.number };
        this.#tell();
    }

    /** @param {string} cause */
    end(cause) {
        if (this.state === "ended") {
            return;
        }
        this.cause = cause;
        this.#close();
        this.#line.calls.delete(this.id);
        this.#enter("ended");
    }

    // --- inside

    /** @param {Call["state"]} state */
    #enter(state) {
        if (this.state !== "ended") {
            this.state = state;
            this.#tell();
        }
    }

    #tell() {
        this.dispatchEvent(new Event("state"));
    }

    /** @param {string} method @param {object} params @returns {Promise<any>} */
    #request(method, params) {
        const dialogParams = {
            callID: this.id,
            destination_number: this.way === "out" ? this.number : this.#line.user,
            caller_id_number: this.way === "out" ? this.#line.user : this.number,
        };
        return this.#line.request(method, { ...params, dialogParams });
    }

    /** @param {MediaStream | null} stream */
    #open(stream) {
        const peer = (this.#peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" }));
        this.#local = stream;
        stream?.getTracks().forEach((track) => peer.addTrack(track, stream));
        peer.ontrack = (event) => {
            this.remote = event.streams[0] ?? new MediaStream([event.track]);
            this.dispatchEvent(new Event("sound"));
        };
        return peer;
    }

    /** @param {string} sdp @param {"early" | "active"} state */
    async #apply(sdp, state) {
        try {
            await this.#peer?.setRemoteDescription({ type: "answer", sdp });
            if (!this.isUp) {
                this.#enter(state);
            }
        } catch (error) {
            this.hangup(failure(error));
        }
    }

    /** Answer an offer. @param {string} offer @param {string} method @param {MediaStream | null} stream */
    async #accept(offer, method, stream) {
        const peer = this.#open(stream);
        await peer.setRemoteDescription({ type: "offer", sdp: offer });
        await peer.setLocalDescription(await peer.createAnswer());
        const sdp = await gathered(peer);
        await this.#request(method, { sdp });
        this.#enter("active");
    }

    #close() {
        this.#peer?.close();
        this.#peer = null;
        this.#local?.getTracks().forEach((track) => track.stop());
        this.#local = null;
    }
}

/**
 * The local SDP with its candidates: all of them, or those of the first second.
 * @param {RTCPeerConnection} peer
 */
async function gathered(peer) {
    if (peer.iceGatheringState !== "complete") {
        await new Promise((resolve) => {
            const late = setTimeout(resolve, GATHER_MS);
            peer.onicegatheringstatechange = () => {
                if (peer.iceGatheringState === "complete") {
                    clearTimeout(late);
                    resolve(undefined);
                }
            };
        });
    }
    return peer.localDescription?.sdp ?? "";
}

/** The cause of an error on our side. @param {unknown} error */
function failure(error) {
    return error instanceof Refusal ? "NETWORK_OUT_OF_ORDER" : "INCOMPATIBLE_DESTINATION";
}
