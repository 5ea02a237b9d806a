/**
 * The sound and picture of a call over its whole life: devices, mute, digits, changes, and getting it back.
 *
 * It is fetched when there is a first call, or when one is likely.
 */

import { Media } from "./media.js";
import { camera } from "./microphone.js";
import { Refusal, ofDevice, trouble } from "./trouble.js";

export { Microphone } from "./microphone.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/**
 * @typedef {object} Plan
 * @property {import("./microphone.js").Microphone} microphone
 * @property {boolean} muted
 * @property {RTCIceServer[] | undefined} iceServers
 * @property {(method: string, params: object) => Promise<any>} ask the server, about this call
 * @property {() => boolean} canAsk
 * @property {() => boolean} isUp
 * @property {() => void} tell that something has changed
 * @property {(found: Trouble) => void} note
 * @property {(...codes: string[]) => void} relieve
 */

const BLOCKED_MS = 10_000; // for the first packet to get through
const MEND_MS = [1000, 2000, 4000, 8000];
const GLARE = "Update in progress";
const GLARES = 6;
const TONE_MS = [100, 70]; // a digit, and the gap behind it

/** What of a call is heard and seen. */
export class Talk {
    /** We speak while nobody hears it. */
    talking = false;
    digitsSent = "";

    /** @type {Media | null} */
    #media = null;
    #isScreen = false; // the picture that we send
    #plan;
    #closed = false;
    #mending = false;
    #wanted = false; // the network is another one since the mending began
    /** @type {any} */
    #timer = 0;
    #levels = { mine: 0, theirs: 0, asked: false };
    /** @type {(() => void) | null} */
    #deaf = null;

    /** @param {Plan} plan */
    constructor(plan) {
        this.#plan = plan;
        this.muted = plan.muted;
        plan.microphone.addEventListener("swap", this.#swap);
        plan.microphone.addEventListener("gone", this.#gone);
    }

    get video() {
        const mine = Boolean(this.#media?.local.getVideoTracks().length);
        return { mine: mine && !this.#isScreen, theirs: this.#media?.sees ?? false, screen: mine && this.#isScreen };
    }

    get remote() {
        return this.#media?.remote ?? null;
    }

    get local() {
        return this.#media?.local ?? null;
    }

    /** For statistics. */
    get peer() {
        return this.#media?.peer ?? null;
    }

    /** Its sound goes through. */
    get isHeard() {
        return this.#media?.isUp ?? false;
    }

    /** It did once, and does not. */
    get isBroken() {
        return this.#media?.wasUp === true && !this.#media.isUp;
    }

    // --- what its people do

    /** Let nobody hear us. @param {boolean} on */
    mute(on) {
        this.muted = on;
        this.local?.getAudioTracks().forEach((track) => (track.enabled = !on));
        this.#listen();
        this.#plan.tell();
    }

    /** Press digits. @param {string} digits */
    dtmf(digits) {
        const pressed = digits.toUpperCase().replace(/[^0-9A-D*#,]/g, "");
        const sender = this.#media?.digits;
        if (sender?.canInsertDTMF) {
            sender.ontonechange = ({ tone }) => this.#pressed(tone);
            sender.insertDTMF(sender.toneBuffer + pressed, ...TONE_MS);
        } else if (pressed) {
            this.#plan.ask("verto.info", { dtmf: pressed }).then(() => this.#pressed(pressed), () => {});
        }
    }

    /** Be seen, or not. @param {boolean} on */
    async setVideo(on) {
        await this.#picture(on ? this.#mind(await camera(), false) : null, false);
        this.#plan.relieve("camera-blocked", "camera-missing");
    }

    /** Show a screen; who thinks better of it has nothing changed. @param {boolean} on @returns {Promise<void>} */
    async shareScreen(on) {
        if (!on) {
            return this.#picture(null, false);
        }
        const stream = await navigator.mediaDevices.getDisplayMedia({ video: true }).catch(() => null);
        const track = stream?.getVideoTracks()[0];
        if (track) {
            await this.#picture(this.#mind(track, true), true);
        }
    }

    /** Find another way through the network. */
    async restartIce() {
        const media = this.#media;
        if (media) {
            await this.#update(media, () => media.peer.restartIce());
        }
    }

    /** How loud each side is, 0 to 1, when that was last asked. */
    levels() {
        const [peer, known] = [this.peer, this.#levels];
        if (peer && !known.asked) {
            known.asked = true;
            peer.getStats().then((report) => report.forEach((row) => {
                if (row.kind === "audio" && row.type === "inbound-rtp") {
                    known.theirs = row.audioLevel ?? 0;
                } else if (row.kind === "audio" && row.type === "media-source") {
                    known.mine = this.muted ? 0 : (row.audioLevel ?? 0);
                }
            }), () => {}).finally(() => (known.asked = false));
        }
        return { mine: known.mine, theirs: known.theirs };
    }

    // --- what the call does

    /** Our first offer; the microphone is opened meanwhile. @param {boolean} video @returns {Promise<string>} */
    async offer(video) {
        const media = this.#open();
        const [sdp] = await Promise.all([media.offer(video), this.#devices(media, video)]);
        return sdp;
    }

    /**
     * Our answer to a call; the microphone is opened meanwhile.
     * @param {string} offer @param {boolean} video @returns {Promise<string>}
     */
    async accept(offer, video) {
        const media = this.#open();
        const [sdp] = await Promise.all([media.accept(offer, video), this.#devices(media, video)]);
        this.#expectSound();
        return sdp;
    }

    /** Our answer after the server lost our old page or socket. @param {string} offer @returns {Promise<string>} */
    async attach(offer) {
        const old = this.#media?.local;
        const picture = old?.getVideoTracks()[0] ?? null;
        if (picture) {
            old?.removeTrack(picture);
        }
        const media = this.#open();
        const sound = this.#speak(media).catch((error) => this.#plan.note(ofDevice(error, "mic")));
        const [sdp] = await Promise.all([media.accept(offer, picture !== null), sound]);
        await (picture && media.show(picture));
        this.#expectSound();
        return sdp;
    }

    /** @param {string} sdp */
    async apply(sdp) {
        this.#expectSound();
        await this.#media?.apply(sdp);
    }

    /** The far end changes the media. @param {string} offer */
    async updated(offer) {
        const sdp = await this.#media?.accept(offer).catch(() => null);
        const said = sdp ? { sdp } : { error: "the offer cannot be taken" };
        await this.#plan.ask("verto.modify", { action: "updateMediaAnswer", ...said }).catch(() => {});
        this.#plan.tell();
    }

    /** See that the sound comes back. `anyway`: the network is another one, whatever the connection believes. */
    async mend(anyway = false) {
        const media = this.#media;
        this.#wanted ||= anyway;
        if (!media || this.#mending) {
            return;
        }
        if (!this.#wanted && !media.wasUp && media.peer.connectionState !== "failed") {
            return; // it is about to connect for the first time
        }
        this.#mending = true;
        for (let turn = 0; this.#media === media && this.#plan.isUp() && this.#plan.canAsk(); turn++) {
            if (media.isUp && !this.#wanted) {
                break;
            }
            this.#wanted = false;
            await this.restartIce().catch(() => {});
            await sleep(MEND_MS[Math.min(turn, MEND_MS.length - 1)] ?? 0);
        }
        this.#mending = false;
    }

    /** There is nothing to answer with: as if nothing had been tried. */
    undo() {
        this.#media?.close();
        this.#media = null;
        this.#plan.microphone.close(this);
    }

    close() {
        this.#closed = true;
        this.#plan.microphone.removeEventListener("swap", this.#swap);
        this.#plan.microphone.removeEventListener("gone", this.#gone);
        this.#plan.microphone.close(this);
        clearTimeout(this.#timer);
        this.#deaf?.();
        this.#media?.close();
        this.talking = false;
    }

    #open() {
        this.#media?.close();
        this.#media = new Media({
            iceServers: this.#plan.iceServers,
            changed: () => this.#changed(),
            shaky: () => this.mend(),
        });
        return this.#media;
    }

    #changed() {
        if (this.isHeard) {
            clearTimeout(this.#timer);
            this.#plan.relieve("udp-blocked");
        }
        this.#plan.tell();
    }

    /** @param {Media} media @param {boolean} video */
    async #devices(media, video) {
        const note = (/** @type {unknown} */ error) => this.#plan.note(ofDevice(error, "camera"));
        const picture = video && camera().then((track) => media.show(this.#mind(track, false))).catch(note);
        await this.#speak(media);
        await picture;
    }

    /** @param {Media} media */
    async #speak(media) {
        const track = await this.#plan.microphone.open(this);
        track.enabled = !this.muted;
        this.#plan.relieve("mic-blocked", "mic-missing", "mic-busy");
        await media.speak(track);
        if (this.#closed) {
            this.#plan.microphone.close(this);
        }
    }

    #swap = () => {
        if (this.#media) {
            this.#speak(this.#media).catch((error) => this.#plan.note(ofDevice(error, "mic")));
        }
    };

    #gone = (/** @type {Event} */ event) => {
        this.#plan.note(ofDevice(/** @type {CustomEvent} */ (event).detail, "mic"));
    };

    /** When its source ends by itself, there is no picture. @param {MediaStreamTrack} track @param {boolean} screen */
    #mind(track, screen) {
        track.onended = () => {
            if (this.local?.getTracks().includes(track)) {
                this.#picture(null, false).catch(() => {});
                screen || this.#plan.note(trouble("camera-missing"));
            }
        };
        return track;
    }

    /** @param {MediaStreamTrack | null} track @param {boolean} screen */
    async #picture(track, screen) {
        const media = this.#media;
        if (!media || !this.#plan.isUp()) {
            track?.stop();
            return;
        }
        this.#isScreen = screen;
        try {
            if (await media.show(track)) {
                await this.#update(media);
            }
        } catch (error) {
            await media.show(null);
            throw error;
        } finally {
            this.#plan.tell();
        }
    }

    /** @param {Media} media @param {() => void} [prepare] */
    async #update(media, prepare) {
        const send = async (/** @type {string} */ sdp) =>
            String((await this.#plan.ask("verto.modify", { action: "updateMedia", sdp })).sdp);
        for (let turn = 1; ; turn++) {
            try {
                return await media.update(send, prepare);
            } catch (error) {
                const isGlare = error instanceof Refusal && error.message === GLARE;
                if (!isGlare || turn === GLARES || this.#media !== media) {
                    throw error;
                }
            }
            await sleep(200 + 800 * Math.random()); // both sides had the same idea: theirs is answered first
        }
    }

    /** @param {string} digits */
    #pressed(digits) {
        this.digitsSent += digits;
        this.#plan.tell();
    }

    #expectSound() {
        const media = this.#media;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            if (media && media === this.#media && !media.wasUp) {
                this.#plan.note(trouble("udp-blocked"));
            }
        }, BLOCKED_MS);
    }

    /** While nobody hears us: do we speak? */
    async #listen() {
        this.#deaf?.();
        this.#deaf = null;
        this.talking = false;
        if (!this.muted || !this.#plan.isUp()) {
            return;
        }
        const found = await import("./levels.js").catch(() => null);
        if (found && this.muted && !this.#closed && !this.#deaf) {
            this.#deaf = found.listen(this.#plan.microphone, (talking) => {
                this.talking = talking;
                this.#plan.tell();
            });
        }
    }
}

/** @param {number} ms */
function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
