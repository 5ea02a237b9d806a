/** The microphone, shared by all calls: opened once, and every call has a copy of its own that it can mute. */

import { kept } from "./memory.js";
import { deadline } from "./session.js";
import { Failure, ofDevice } from "./trouble.js";

/**
 * @typedef {object} Chosen devices by their ids; how the microphone is treated
 * @property {string} [microphone] @property {string} [camera] @property {string} [speaker] @property {string} [ringer]
 * @property {boolean} [echo] @property {boolean} [noise] @property {boolean} [gain]
 */

const KEY = "xs-devices";
const PROMPT_MS = 60_000; // for somebody to find the browser's question
const WARM_MS = 10_000;

/** What was chosen here before. @returns {Chosen} */
export function chosen() {
    try {
        return JSON.parse(kept("localStorage", KEY) || "{}") ?? {};
    } catch {
        return {};
    }
}

/** Remember a choice. @param {Chosen} change */
export function choose(change) {
    kept("localStorage", KEY, JSON.stringify({ ...chosen(), ...change }));
}

/** What to ask of the browser. @param {Chosen} wish @returns {MediaTrackConstraints} */
export function wanted({ microphone, echo = true, noise = true, gain = true }) {
    const device = microphone ? { deviceId: { ideal: microphone } } : {};
    return { ...device, echoCancellation: echo, noiseSuppression: noise, autoGainControl: gain };
}

/** A picture to send. @param {Chosen} [wish] @returns {Promise<MediaStreamTrack>} */
export async function camera({ camera: device } = chosen()) {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, ...(device && { deviceId: { ideal: device } }) };
    const stream = await capture({ video: size }, "camera");
    return /** @type {MediaStreamTrack} */ (stream.getVideoTracks()[0]);
}

/** @param {MediaStreamConstraints} constraints @param {"mic" | "camera"} device @returns {Promise<MediaStream>} */
async function capture(constraints, device) {
    /** @type {Promise<MediaStream> | null} */
    let asked = null;
    try {
        asked = navigator.mediaDevices.getUserMedia(constraints);
        return await deadline(asked, PROMPT_MS, `${device}-blocked`);
    } catch (error) {
        asked?.then(stop, () => {}); // should it come after all
        throw new Failure(ofDevice(error, device));
    }
}

/** @param {MediaStream} stream */
function stop(stream) {
    stream.getTracks().forEach((track) => track.stop());
}

/**
 * Events: `swap` (copies are to be taken anew), `lost` (it was unplugged; the default takes its place), `gone` (there
 * is no other; detail: the Failure).
 */
export class Microphone extends EventTarget {
    /** @type {Promise<MediaStream> | null} */
    #source = null;
    /** @type {Promise<MediaStream> | null} what takes its place once it is open */
    #next = null;
    /** @type {Set<unknown>} */
    #users = new Set();

    /** Somebody wants it, and it is not there. */
    get isGone() {
        return this.#users.size > 0 && !this.#source;
    }

    /** A copy for one user; `close` gives it back. @param {unknown} user @returns {Promise<MediaStreamTrack>} */
    async open(user) {
        this.#users.add(user);
        const source = (this.#source ??= this.#capture(chosen()));
        try {
            const track = /** @type {MediaStreamTrack} */ ((await source).getAudioTracks()[0]);
            return track.clone();
        } catch (error) {
            this.close(user);
            throw error;
        }
    }

    /** @param {unknown} user */
    close(user) {
        this.#users.delete(user);
        if (!this.#users.size) {
            const source = this.#source;
            this.#source = this.#next = null;
            source?.then(stop, () => {});
        }
    }

    /** Open it for a call that is about to come back. */
    warm() {
        const user = {};
        this.open(user).then((track) => track.stop(), () => {});
        setTimeout(() => this.close(user), WARM_MS);
    }

    /** What was chosen has changed; the latest choice counts, however long each takes. */
    async change() {
        if (!this.#users.size) {
            return;
        }
        const source = (this.#next = this.#capture(chosen()));
        const stream = await source;
        if (this.#next !== source) {
            stop(stream); // something else was chosen meanwhile, or nobody wants it any more
            return;
        }
        this.#source?.then(stop, () => {});
        this.#source = source;
        this.#next = null;
        this.dispatchEvent(new Event("swap"));
    }

    /** @param {Chosen} wish */
    #capture(wish) {
        const source = capture({ audio: wanted(wish) }, "mic");
        source.then((stream) => {
            stream.getAudioTracks()[0]?.addEventListener("ended", () => this.#source === source && this.#fallBack());
        }, () => {
            if (this.#source === source) {
                this.#source = null;
            }
        });
        return source;
    }

    #fallBack() {
        this.dispatchEvent(new Event("lost"));
        const source = this.#capture({ ...chosen(), microphone: "" });
        this.#source = source;
        source.then(() => this.dispatchEvent(new Event("swap")), (why) => {
            this.dispatchEvent(new CustomEvent("gone", { detail: why }));
        });
    }
}
