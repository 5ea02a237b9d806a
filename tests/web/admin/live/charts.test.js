/** Charts, figures in words, sounds and what lists are sifted by. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import en from "../../../../web/base/causes/en.js";
import zh from "../../../../web/base/causes/zh.js";
import { areaPath, bars, ceiling, extent, linePath } from "../../../../web/admin/parts/scale.js";
import { CDR_FILTERS, fromAddress, localTime, toAddress, utcTime } from "../../../../web/admin/parts/sift.js";
import {
    bytes,
    causeWords,
    clock,
    partyName,
    percent,
    quality,
    span,
    worst,
} from "../../../../web/admin/parts/tell.js";
import { peaks, readWav, wavePath } from "../../../../web/admin/parts/wav.js";

/** @type {(values: (number | null)[]) => import("../../../../web/admin/parts/scale.js").Point[]} */
const points = (values) => values.map((value, at) => ({ at, value }));

test("a scale ends at a round figure that nothing is above", () => {
    assert.equal(ceiling([1, 7, null], 5), 10);
    assert.equal(ceiling([], 5), 5);
    assert.equal(ceiling([2100], 1), 2500);
    assert.equal(ceiling([0.3], 0.1), 0.5);
});

test("a line goes from the first to the last point, the highest at the top", () => {
    assert.equal(linePath(points([0, 10]), 0, 10), "M0 1000L1000 0");
});

test("a line is broken where nothing was measured, and a point alone can be seen", () => {
    assert.equal(linePath(points([0, null, 10]), 0, 10), "M0 1000h6M1000 0h6");
    assert.equal(areaPath(points([10, 10, null]), 0, 10), "M0 1000L0 0L500 0L500 1000Z");
});

test("what is beyond the scale stays in the picture", () => {
    assert.equal(linePath(points([-5, 20]), 0, 10), "M0 1000L1000 0");
});

test("bars stand on the floor and do not touch", () => {
    const [first, second] = bars(points([5, 10]), 10);
    assert.deepEqual(first, { x: 50, y: 500, width: 400, height: 500 });
    assert.equal(second?.x, 550);
});

test("the extent of nothing is nothing", () => {
    assert.deepEqual(extent(points([null])), { low: null, high: null, last: null });
    assert.deepEqual(extent(points([3, 1, null])), { low: 1, high: 3, last: 1 });
});

test("filters come back from the address as they went in", () => {
    const sieve = { from: "2026-05-01T08:00Z", party: "+49 1&2", cause: "USER_BUSY", min_billsec: "5" };
    assert.deepEqual(fromAddress(toAddress(sieve, CDR_FILTERS), CDR_FILTERS), sieve);
});

test("an address gives nothing that is no filter, and no time that is none", () => {
    assert.deepEqual(fromAddress("evil=1&party=&to=tomorrow&cause=X", CDR_FILTERS), { cause: "X" });
});

test("a time of a field and of the address are the same moment", () => {
    assert.equal(utcTime(localTime("2026-05-01T08:30Z")), "2026-05-01T08:30Z");
    assert.equal(utcTime(""), "");
    assert.equal(localTime("nonsense"), "");
});

test("lengths of time are a clock's or words", () => {
    assert.deepEqual([clock(7), clock(725.9), clock(3723), clock(null)], ["0:07", "12:05", "1:02:03", "0:00"]);
    assert.equal(span("en", 90061), "1 day 1 hr");
    assert.equal(span("en", 3600), "1 hr");
    assert.equal(span("en", 0), "0 sec");
});

test("bytes and shares have the unit that fits", () => {
    assert.equal(bytes("en", 580448), "567 kB");
    assert.equal(bytes("en", 1536 * 1024), "1.5 MB");
    assert.equal(bytes("en", 0), "0 byte");
    assert.equal(percent("en", 0.875), "88%");
    assert.equal(percent("en", 0.004), "0.4%");
});

test("a party is its number with its name, where there is one", () => {
    assert.equal(partyName({ name: "Ada", number: "1001" }), "1001 · Ada");
    assert.equal(partyName({ name: "1001", number: "1001" }), "1001");
    assert.equal(partyName({ name: "", number: "" }), "–");
});

test("quality has four steps, and the lower of both ways counts", () => {
    assert.deepEqual([4.4, 3.7, 3.2, 1.2, null].map(quality), ["good", "fair", "poor", "bad", ""]);
    assert.equal(worst([null, 4.2, 3.9, undefined]), 3.9);
    assert.equal(worst([null]), null);
});

test("both languages have words for the same causes, and the switch knows each of them", () => {
    assert.deepEqual(Object.keys(en), Object.keys(zh));
    const table = readFileSync(new URL("../../../../xswitch_py/base/cause.py", import.meta.url), "utf8");
    const known = new Set([...table.matchAll(/^ {4}(\w+) = "\1"$/gm)].map((each) => each[1]));
    assert.deepEqual(
        Object.keys(en).filter((each) => !known.has(each)),
        [],
    );
    assert.equal(causeWords("zh", "USER_BUSY"), "对方忙");
    assert.equal(causeWords("en", "SOMETHING_NEW"), "SOMETHING_NEW");
    assert.equal(causeWords("en", null), "");
});

/** @param {number[]} samples left and right in turn @param {number} [said] bytes that the file says it has */
function wav(samples, said) {
    const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
    const write = (/** @type {number} */ at, /** @type {string} */ text) =>
        [...text].forEach((sign, place) => view.setUint8(at + place, sign.charCodeAt(0)));
    write(0, "RIFF");
    write(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true);
    view.setUint16(22, 2, true);
    view.setUint32(24, 8000, true);
    view.setUint16(34, 16, true);
    write(36, "data");
    view.setUint32(40, said ?? samples.length * 2, true);
    samples.forEach((sample, at) => view.setInt16(44 + at * 2, sample, true));
    return view.buffer;
}

test("a recording is read, and each side has its own peaks", () => {
    const sound = /** @type {import("../../../../web/admin/parts/wav.js").Sound} */ (
        readWav(wav([16384, 0, 0, -32768, 0, 0, 0, 0]))
    );
    assert.deepEqual([sound.rate, sound.channels, sound.seconds], [8000, 2, 4 / 8000]);
    assert.deepEqual(peaks(sound, 0, 2), [0.5, 0]);
    assert.deepEqual(peaks(sound, 1, 2), [1, 0]);
});

test("a recording that goes on says more than it has yet, and is read all the same", () => {
    assert.equal(readWav(wav([1, 2, 3, 4], 4_000_000))?.samples.length, 4);
});

test("what is no WAV of 16 bit is none", () => {
    assert.equal(readWav(new ArrayBuffer(10)), null);
    assert.equal(readWav(new ArrayBuffer(100)), null);
});

test("silence is drawn as a thin line", () => {
    assert.equal(wavePath([0, 1], 20, 18), "M0.5 19.5V20.5M1.5 2V38");
});
