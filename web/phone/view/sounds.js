/** The sounds that a telephone makes itself, each on the device it belongs to. */

import { BUSY, RINGBACK, TEST, WAITING, digitTones, ringing, wave } from "./tones.js";

/** @typedef {"ring" | "ringback" | "waiting" | ""} Playing */

const PRESS = 0.14; // seconds that a key sounds at least
const BUSY_FOR = 2100; // ms

export class Sounds {
    /** @param {string} language "zh" or another */
    constructor(language) {
        this.language = /** @type {"en" | "zh"} */ (language === "zh" ? "zh" : "en");
        /** @type {Playing} */
        this.playing = "";
        /** Device ids; "" is what the system uses. */
        this.speaker = "";
        this.ringer = "";
        /** @type {Map<"speaker" | "ringer", AudioContext>} */
        this.contexts = new Map();
        /** @type {() => void} */
        this.end = () => {};
    }

    /** Let exactly this be heard, over and over. @param {Playing} what */
    play(what) {
        if (what !== this.playing) {
            this.end();
            this.end = () => {};
            this.playing = what;
            if (what === "ring") {
                this.end = this.loop("ringer", (rate) => ringing(rate));
            } else if (what) {
                const tone = (what === "ringback" ? RINGBACK : WAITING)[this.language];
                this.end = this.loop("speaker", (rate) => wave(tone, rate));
            }
        }
    }

    /** Nobody is reached: a short while of the busy tone. */
    busy() {
        setTimeout(
            this.loop("speaker", (rate) => wave(BUSY[this.language], rate)),
            BUSY_FOR,
        );
    }

    /** A tone to try a device with. @param {"speaker" | "ringer"} device @returns {() => void} that ends it */
    test(device) {
        return this.loop(device, (rate) => (device === "ringer" ? ringing(rate) : wave(TEST, rate)));
    }

    /** What a pressed key sounds like to who presses it. @param {string} digit */
    digit(digit) {
        const hz = digitTones(digit);
        const context = hz.length ? this.context("speaker") : null;
        if (context) {
            const now = context.currentTime;
            const gain = new GainNode(context, { gain: 0 });
            gain.gain.setTargetAtTime(0.07, now, 0.004);
            gain.gain.setTargetAtTime(0, now + PRESS, 0.012);
            gain.connect(context.destination);
            for (const frequency of hz) {
                const tone = new OscillatorNode(context, { frequency });
                tone.connect(gain);
                tone.start(now);
                tone.stop(now + PRESS + 0.1);
            }
        }
    }

    close() {
        this.play("");
        for (const context of this.contexts.values()) {
            void context.close();
        }
        this.contexts.clear();
    }

    /** @param {"speaker" | "ringer"} device @param {(rate: number) => Float32Array} make @returns {() => void} */
    loop(device, make) {
        const context = this.context(device);
        if (!context) {
            return () => {};
        }
        const samples = make(context.sampleRate);
        const buffer = context.createBuffer(1, samples.length, context.sampleRate);
        buffer.getChannelData(0).set(samples);
        const source = new AudioBufferSourceNode(context, { buffer, loop: true });
        source.connect(context.destination);
        source.start();
        return () => {
            source.stop();
            source.disconnect();
        };
    }

    /** One way to each device; none if the browser gives none. @param {"speaker" | "ringer"} device */
    context(device) {
        try {
            const context = this.contexts.get(device) ?? new AudioContext();
            this.contexts.set(device, context);
            void context.resume().catch(() => {}); // before the first click on the page it stays silent
            this.aim(context, this[device]);
            return context;
        } catch {
            return null;
        }
    }

    /** @param {AudioContext} context @param {string} id */
    aim(context, id) {
        const able = /** @type {AudioContext & {setSinkId?: (id: string) => Promise<void>, sinkId?: string}} */ (
            context
        );
        if (able.setSinkId && able.sinkId !== id) {
            void able.setSinkId(id).catch(() => {}); // a device that went away: the usual one rings
        }
    }
}
