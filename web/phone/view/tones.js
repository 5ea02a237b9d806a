/** What a telephone sounds like: frequencies and cadences, and the waves made of them. Pure. */

/**
 * @typedef {object} Tone
 * @property {number[]} hz what sounds at once
 * @property {number[]} beats seconds: on, off, on, off...
 * @property {number} level 0..1
 */

/** What the caller hears while it rings there: China 450 Hz 1 s / 4 s, North America 440 + 480 Hz 2 s / 4 s. */
export const RINGBACK = Object.freeze({
    zh: { hz: [450], beats: [1, 4], level: 0.12 },
    en: { hz: [440, 480], beats: [2, 4], level: 0.12 },
});

/** Somebody else is calling while you talk. */
export const WAITING = Object.freeze({
    zh: { hz: [450], beats: [0.4, 4], level: 0.1 },
    en: { hz: [440], beats: [0.3, 9.7], level: 0.1 },
});

/** Nobody can be reached there: busy. */
export const BUSY = Object.freeze({
    zh: { hz: [450], beats: [0.35, 0.35], level: 0.1 },
    en: { hz: [480, 620], beats: [0.5, 0.5], level: 0.1 },
});

/** For trying a loudspeaker. */
export const TEST = Object.freeze({ hz: [440, 554], beats: [0.9, 0.1], level: 0.15 });

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];
const KEYS = ["123A", "456B", "789C", "*0#D"];

/** The two frequencies of a digit (ITU-T Q.23); none for what is no digit. @param {string} digit @returns {number[]} */
export function digitTones(digit) {
    const row = digit.length === 1 ? KEYS.findIndex((keys) => keys.includes(digit)) : -1;
    return row < 0 ? [] : [ROWS[row], COLUMNS[KEYS[row].indexOf(digit)]];
}

const EDGE = 0.008; // seconds to come and go, so that nothing clicks

/**
 * One round of a tone, to be played again and again.
 * @param {Tone} tone @param {number} rate Hz @returns {Float32Array}
 */
export function wave(tone, rate) {
    const length = Math.round(tone.beats.reduce((sum, each) => sum + each, 0) * rate);
    const samples = new Float32Array(length);
    let from = 0;
    tone.beats.forEach((seconds, turn) => {
        const to = from + Math.round(seconds * rate);
        if (turn % 2 === 0) {
            sound(samples.subarray(from, to), tone, rate);
        }
        from = to;
    });
    return samples;
}

/** @param {Float32Array} samples @param {Tone} tone @param {number} rate */
function sound(samples, tone, rate) {
    const edge = Math.round(EDGE * rate);
    for (let n = 0; n < samples.length; n++) {
        const gain = Math.min(1, n / edge, (samples.length - 1 - n) / edge);
        const sum = tone.hz.reduce((all, hz) => all + Math.sin((2 * Math.PI * hz * n) / rate), 0);
        samples[n] = (tone.level * gain * sum) / Math.sqrt(tone.hz.length);
    }
}

// A short rising figure, twice, then a rest: (seconds from the start, Hz).
const NOTES = [
    [0, 659.3],
    [0.16, 784],
    [0.32, 987.8],
    [0.48, 784],
    [1.0, 659.3],
    [1.16, 784],
    [1.32, 987.8],
    [1.48, 1174.7],
];
const ROUND = 3.6;

/** One round of our ringing: soft bells. @param {number} rate Hz @returns {Float32Array} */
export function ringing(rate) {
    const samples = new Float32Array(Math.round(ROUND * rate));
    for (const [at, hz] of NOTES) {
        bell(samples.subarray(Math.round(at * rate), Math.round((at + 1.4) * rate)), hz, rate);
    }
    return samples;
}

/** @param {Float32Array} samples @param {number} hz @param {number} rate */
function bell(samples, hz, rate) {
    for (let n = 0; n < samples.length; n++) {
        const t = n / rate;
        const fade = Math.min(1, t / 0.006) * Math.exp(-4.2 * t) * Math.min(1, (samples.length - n) / (0.05 * rate));
        samples[n] +=
            0.16 * fade * (Math.sin(2 * Math.PI * hz * t) + 0.35 * Math.sin(4 * Math.PI * hz * t) * Math.exp(-5 * t));
    }
}
