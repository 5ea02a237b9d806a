/** Recordings as samples: what a WAV file of ours holds, and how loud it is along the way. */

/**
 * @typedef {{rate: number, channels: number, samples: Int16Array, seconds: number}} Sound samples of all channels in
 * turn
 */

const TAKEN = 0x57415645; // "WAVE"

/** @param {ArrayBuffer} data @returns {Sound | null} null if it is no WAV of 16 bit */
export function readWav(data) {
    const view = new DataView(data);
    if (data.byteLength < 44 || view.getUint32(8) !== TAKEN) {
        return null;
    }
    /** @type {{rate: number, channels: number} | null} */
    let form = null;
    for (let at = 12; at + 8 <= data.byteLength;) {
        const [kind, size] = [view.getUint32(at), view.getUint32(at + 4, true)];
        if (kind === 0x666d7420 && at + 24 <= data.byteLength) {
            const plain = view.getUint16(at + 8, true) === 1 && view.getUint16(at + 22, true) === 16;
            form = plain ? { channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true) } : null;
        } else if (kind === 0x64617461) {
            return form && sound(data, at + 8, size, form);
        }
        at += 8 + size + (size % 2);
    }
    return null;
}

/** @param {ArrayBuffer} data @param {number} at @param {number} size @param {{rate: number, channels: number}} form */
function sound(data, at, size, form) {
    const room = Math.min(size, data.byteLength - at); // one that is still written says what it does not have yet
    const count = Math.floor(room / 2 / form.channels) * form.channels;
    const samples = at % 2 ? new Int16Array(data.slice(at, at + count * 2)) : new Int16Array(data, at, count);
    return { ...form, samples, seconds: count / form.channels / form.rate };
}

/**
 * The loudest sample of each of `count` equal parts of a channel, 0 to 1.
 * @param {Sound} sound @param {number} channel @param {number} count @returns {number[]}
 */
export function peaks(sound, channel, count) {
    const frames = sound.samples.length / sound.channels;
    return Array.from({ length: count }, (_, part) => {
        const [from, to] = [Math.floor((part * frames) / count), Math.floor(((part + 1) * frames) / count)];
        const step = Math.max(1, Math.floor((to - from) / 400)); // enough to see where somebody speaks
        let top = 0;
        for (let frame = from; frame < to; frame += step) {
            top = Math.max(top, Math.abs(sound.samples[frame * sound.channels + channel] ?? 0));
        }
        return top / 32768;
    });
}

/**
 * An SVG path of peaks around the middle of a band. @param {number[]} tops @param {number} middle @param {number} half
 */
export function wavePath(tops, middle, half) {
    const bars = tops.map((top, at) => {
        const reach = Math.max(0.5, top * half);
        return `M${at + 0.5} ${round(middle - reach)}V${round(middle + reach)}`;
    });
    return bars.join("");
}

/** @param {number} value */
function round(value) {
    return Math.round(value * 10) / 10;
}
