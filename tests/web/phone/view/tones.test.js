/** The tones are those of the telephone: frequencies and cadences are measured in the waves. */

import assert from "node:assert/strict";
import test from "node:test";

import { RINGBACK, WAITING, digitTones, ringing, wave } from "../../../../web/phone/view/tones.js";

const RATE = 8000;

/** How much of one frequency there is (Goertzel). @param {Float32Array} samples @param {number} hz */
function power(samples, hz) {
    let [re, im] = [0, 0];
    samples.forEach((sample, n) => {
        re += sample * Math.cos((2 * Math.PI * hz * n) / RATE);
        im += sample * Math.sin((2 * Math.PI * hz * n) / RATE);
    });
    return (2 * Math.hypot(re, im)) / samples.length;
}

/** @param {Float32Array} samples @param {number} from seconds @param {number} to */
function part(samples, from, to) {
    return samples.subarray(from * RATE, to * RATE);
}

test("the Chinese ringback is 450 Hz for one second, then four of silence", () => {
    const samples = wave(RINGBACK.zh, RATE);
    assert.equal(samples.length, 5 * RATE);
    assert.ok(power(part(samples, 0.1, 0.9), 450) > 0.1);
    assert.ok(power(part(samples, 0.1, 0.9), 480) < 0.01);
    assert.ok(part(samples, 1, 5).every((sample) => sample === 0));
});

test("the other ringback is 440 and 480 Hz for two seconds, then four of silence", () => {
    const samples = wave(RINGBACK.en, RATE);
    assert.equal(samples.length, 6 * RATE);
    assert.ok(power(part(samples, 0, 2), 440) > 0.05 && power(part(samples, 0, 2), 480) > 0.05);
    assert.ok(part(samples, 2, 6).every((sample) => sample === 0));
});

test("nothing clicks: each sound begins and ends at nothing, and none is too loud", () => {
    for (const samples of [wave(RINGBACK.zh, RATE), wave(WAITING.en, RATE), ringing(RATE)]) {
        assert.equal(samples[0], 0);
        assert.ok(Math.abs(samples[samples.length - 1]) < 0.01);
        assert.ok(samples.every((sample) => Math.abs(sample) < 0.8));
    }
});

test("digits have the two frequencies of the standard", () => {
    assert.deepEqual(digitTones("1"), [697, 1209]);
    assert.deepEqual(digitTones("0"), [941, 1336]);
    assert.deepEqual(digitTones("#"), [941, 1477]);
    assert.deepEqual(digitTones("D"), [941, 1633]);
    assert.deepEqual([digitTones("+"), digitTones(""), digitTones("12")], [[], [], []]);
});
