/** The sound and picture of one call: one RTCPeerConnection, whose offers and answers are made one after the other. */

const GATHER_MS = 1000; // at most, for candidates: an SDP leaves once and complete
const QUIET_MS = 150; // without a new candidate once there is one
const SHAKY_MS = 3000; // a connection may be bad before it is renewed

/** @typedef {{shaky: () => void, changed: () => void, iceServers?: RTCIceServer[]}} Plan */

export class Media {
    remote = new MediaStream();
    local = new MediaStream();
    peer;
    /** It was connected once. */
    wasUp = false;

    #plan;
    #queue = Promise.resolve();
    /** @type {any} */
    #timer = 0;
    /** What we say of ourselves after it is over does not matter. */
    #closed = false;

    /** @param {Plan} plan */
    constructor(plan) {
        this.#plan = plan;
        this.peer = new RTCPeerConnection({
            bundlePolicy: "max-bundle",
            ...(plan.iceServers && { iceServers: plan.iceServers }),
        });
        this.peer.ontrack = ({ track }) => this.#heard(track);
        this.peer.onconnectionstatechange = () => this.#connected();
    }

    /** Packets go through. */
    get isUp() {
        return this.peer.connectionState === "connected";
    }

    /** Make the first offer. @param {boolean} video @returns {Promise<string>} */
    async offer(video) {
        this.peer.addTransceiver("audio", { streams: [this.local] });
        if (video) {
            this.peer.addTransceiver("video", { streams: [this.local] });
        }
        await this.peer.setLocalDescription();
        return gathered(this.peer);
    }

    /** Answer an offer. @param {string} sdp @param {boolean} [video] send a picture, too @returns {Promise<string>} */
    accept(sdp, video = this.#track("video") !== null) {
        return this.#inTurn(() => this.#accept(sdp, video));
    }

    /** @param {string} sdp @param {boolean} video */
    async #accept(sdp, video) {
        await this.peer.setRemoteDescription({ type: "offer", sdp });
        try {
            for (const each of this.#transceivers) {
                const { kind } = each.receiver.track;
                const send = kind === "audio" || video;
                each.direction = send ? "sendrecv" : "recvonly";
                if (send) {
                    each.sender.setStreams(this.local);
                    await each.sender.replaceTrack(this.#track(kind)); // it may have come before there was who sends it
                }
            }
            await this.peer.setLocalDescription();
        } catch (error) {
            await this.peer.setRemoteDescription({ type: "rollback" });
            throw error;
        }
        this.#plan.changed();
        return gathered(this.peer);
    }

    /** @param {string} sdp the answer to our first offer @returns {Promise<void>} */
    apply(sdp) {
        return this.#inTurn(async () => {
            await this.peer.setRemoteDescription({ type: "answer", sdp });
            this.#plan.changed();
        });
    }

    /**
     * Offer a change. When it is refused all is as it was.
     * @param {(sdp: string) => Promise<string>} send gives the answer @param {() => void} [prepare] what changes
     * @returns {Promise<void>}
     */
    update(send, prepare) {
        return this.#inTurn(async () => {
            prepare?.();
            await this.peer.setLocalDescription(await this.peer.createOffer());
            try {
                const sdp = await send(await gathered(this.peer));
                await this.peer.setRemoteDescription({ type: "answer", sdp });
            } catch (error) {
                if (this.peer.signalingState === "have-local-offer") {
                    await this.peer.setLocalDescription({ type: "rollback" });
                }
                throw error;
            } finally {
                this.#plan.changed();
            }
        });
    }

    /** Send this sound. @param {MediaStreamTrack | null} track taken over */
    async speak(track) {
        await this.#send("audio", track);
    }

    /**
     * Send this picture; says whether an offer is needed for that.
     * @param {MediaStreamTrack | null} track taken over @returns {Promise<boolean>}
     */
    async show(track) {
        if (this.#closed) {
            track?.stop(); // cameras take their time, and calls may be shorter
            return false;
        }
        if (!this.#transceiver("video") && track) {
            this.peer.addTransceiver("video", { streams: [this.local] });
        }
        await this.#send("video", track);
        const video = this.#transceiver("video");
        if (!video) {
            return false;
        }
        const before = video.direction;
        video.direction = track ? "sendrecv" : this.sees ? "recvonly" : "inactive";
        return video.direction !== before || video.currentDirection === null;
    }

    /** The other side sends a picture. */
    get sees() {
        const video = this.#transceiver("video");
        return Boolean(video?.currentDirection?.includes("recv") && !video.receiver.track.muted);
    }

    /** What we send. @param {string} kind @returns {MediaStreamTrack | null} */
    #track(kind) {
        return this.local.getTracks().find((each) => each.kind === kind) ?? null;
    }

    /** Who sends our digits. @returns {RTCDTMFSender | null} */
    get digits() {
        return this.#transceiver("audio")?.sender.dtmf ?? null;
    }

    close() {
        this.#closed = true;
        clearTimeout(this.#timer);
        this.peer.close();
        this.local.getTracks().forEach((track) => track.stop());
    }

    /** @param {"audio" | "video"} kind */
    #transceiver(kind) {
        return this.#transceivers.find((each) => each.receiver.track.kind === kind) ?? null;
    }

    get #transceivers() {
        return this.peer.getTransceivers().filter((each) => each.currentDirection !== "stopped");
    }

    /** @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track */
    async #send(kind, track) {
        const sender = this.#transceiver(kind)?.sender;
        for (const old of this.local.getTracks().filter((each) => each.kind === kind && each !== track)) {
            this.local.removeTrack(old);
            old.stop();
        }
        if (track && this.#closed) {
            track.stop();
            return;
        }
        if (track) {
            this.local.addTrack(track);
        }
        await sender?.replaceTrack(track);
    }

    /** @param {MediaStreamTrack} track */
    #heard(track) {
        const before = this.remote.getTracks().filter((each) => each.kind === track.kind);
        before.forEach((each) => this.remote.removeTrack(each));
        this.remote.addTrack(track);
        track.onmute = track.onunmute = () => this.#plan.changed();
        this.#plan.changed();
    }

    #connected() {
        clearTimeout(this.#timer);
        const state = this.peer.connectionState;
        if (state === "connected") {
            this.wasUp = true;
        } else if (state === "failed") {
            this.#plan.shaky();
        } else if (state === "disconnected") {
            this.#timer = setTimeout(() => this.#plan.shaky(), SHAKY_MS);
        }
        this.#plan.changed();
    }

    /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
    #inTurn(work) {
        const done = this.#queue.then(work);
        this.#queue = done.then(() => {}, () => {});
        return done;
    }
}

/**
 * Our SDP with its candidates: all, or those that came until none came any more.
 * @param {RTCPeerConnection} peer @returns {Promise<string>}
 */
function gathered(peer) {
    return new Promise((resolve) => {
        /** @type {any} */
        let quiet = 0;
        const sdp = () => peer.localDescription?.sdp ?? "";
        const done = () => {
            clearTimeout(quiet);
            clearTimeout(late);
            events.forEach((name) => peer.removeEventListener(name, look));
            resolve(sdp());
        };
        const look = () => {
            clearTimeout(quiet);
            if (/^a=candidate/m.test(sdp())) { // "complete" alone may still speak of the time before a restart
                quiet = setTimeout(done, peer.iceGatheringState === "complete" ? 0 : QUIET_MS);
            }
        };
        const events = ["icecandidate", "icegatheringstatechange"];
        const late = setTimeout(done, GATHER_MS);
        events.forEach((name) => peer.addEventListener(name, look));
        look();
    });
}
