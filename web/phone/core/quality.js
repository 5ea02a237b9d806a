/** How well a call is heard: measured once a second, told to the server now and then. */

import { grade, mos } from "./emodel.js";

/**
 * @typedef {object} Figures rtt and jitter in milliseconds, shares in percent
 * @property {number} at Date.now()
 * @property {number} mos
 * @property {1 | 2 | 3 | 4} grade
 * @property {number | null} rtt
 * @property {number} jitter
 * @property {number} loss of what we should have heard
 * @property {number} concealed of what we heard, made up
 * @property {number | null} sentLoss of what we sent
 * @property {number} level how loud we hear, 0 to 1
 * @property {number} sentLevel
 * @property {number} bitrate kilobits a second, of what we hear
 * @property {string} codec
 * @property {"you" | "them" | "server" | ""} worse who is to blame
 */
/**
 * @typedef {object} Counts what a browser counted so far
 * @property {number} at ms
 * @property {number} packets @property {number} lost @property {number} bytes
 * @property {number} samples @property {number} concealed @property {number} silent
 * @property {number} jitter s
 * @property {number} delay s @property {number} emitted of the jitter buffer
 * @property {number | null} rtt s
 * @property {number | null} sentLoss share
 * @property {number} level @property {number} sentLevel
 * @property {string} codec
 */
/** @typedef {{heardLoss: number | null, toldLoss: number | null}} Link what the server saw of one leg, in percent */

const EVERY_MS = 1000;
const REPORT_MS = 10_000;
const ENOUGH = 2; // seconds that say something
const WINDOW = 5; // seconds that are judged: one bad moment is no bad call
const LOSSY = 2; // percent
const SLOW = 300; // ms

/** Pick out of the browser's report what counts. @param {Iterable<[string, any]>} report @returns {Counts | null} */
export function counts(report) {
    const rows = [...report].map(([, row]) => row);
    const audio = rows.filter((row) => row.kind === "audio");
    const find = (/** @type {string} */ type) => audio.find((row) => row.type === type) ?? {};
    const [heard, told, mine] = [find("inbound-rtp"), find("remote-inbound-rtp"), find("media-source")];
    const pair = rows.find((row) => row.type === "candidate-pair" && row.nominated && row.state === "succeeded");
    if (heard.packetsReceived === undefined) {
        return null;
    }
    const codec = rows.find((row) => row.id === heard.codecId)?.mimeType ?? "";
    return {
        at: heard.timestamp, packets: heard.packetsReceived, lost: heard.packetsLost ?? 0,
        bytes: heard.bytesReceived ?? 0,
        samples: heard.totalSamplesReceived ?? 0, concealed: heard.concealedSamples ?? 0,
        silent: heard.silentConcealedSamples ?? 0, jitter: heard.jitter ?? 0, delay: heard.jitterBufferDelay ?? 0,
        emitted: heard.jitterBufferEmittedCount ?? 0, rtt: told.roundTripTime ?? pair?.currentRoundTripTime ?? null,
        sentLoss: told.fractionLost ?? null, level: heard.audioLevel ?? 0, sentLevel: mine.audioLevel ?? 0,
        codec: codec.split("/")[1] ?? "",
    };
}

/** What happened between two looks. @param {Counts} before @param {Counts} now @returns {Figures} */
export function figures(before, now) {
    const got = Math.max(0, now.packets - before.packets);
    const lost = Math.max(0, now.lost - before.lost);
    const loss = percent(lost, got + lost);
    const jitter = now.jitter * 1000;
    const rtt = now.rtt === null ? null : now.rtt * 1000;
    const sentLoss = now.sentLoss === null ? null : percent(now.sentLoss, 1);
    const silent = got ? Math.max(0, now.silent - before.silent) : 0; // pauses; but not when nothing comes at all
    const audible = Math.max(0, now.concealed - before.concealed - silent);
    const concealed = percent(audible, now.samples - before.samples);
    const emitted = now.emitted - before.emitted;
    const buffer = emitted > 0 ? ((now.delay - before.delay) / emitted) * 1000 : 2 * jitter;
    const path = { rtt: rtt ?? 0, jitter, buffer, codec: now.codec };
    const score = Math.min(
        mos({ ...path, loss: Math.max(loss, concealed) }),
        mos({ ...path, loss: sentLoss ?? 0 }),
    );
    return {
        at: Date.now(), mos: score, grade: grade(score), rtt, jitter, loss, concealed, sentLoss,
        level: now.level, sentLevel: now.sentLevel, codec: now.codec,
        bitrate: now.at > before.at ? ((now.bytes - before.bytes) * 8) / (now.at - before.at) : 0,
        worse: "",
    };
}

/**
 * Whose fault it is: our own way to the server, theirs, or the server, which everybody hears badly.
 * @param {Figures} mine @param {Link | null} other what the server says of their leg @returns {Figures["worse"]}
 */
export function blame(mine, other) {
    if (mine.grade >= 3) {
        return "";
    }
    const theirs = Math.max(other?.heardLoss ?? 0, other?.toldLoss ?? 0) > LOSSY;
    const ours = (mine.sentLoss ?? 0) > LOSSY || (mine.rtt ?? 0) > SLOW;
    if (ours && theirs) {
        return "server";
    }
    if (ours) {
        return "you";
    }
    return theirs ? "them" : mine.loss > LOSSY || mine.concealed > LOSSY ? "you" : "";
}

/** What the server takes. @param {Figures} now @param {string} leg */
export function reported(now, leg) {
    const { rtt, jitter, loss, concealed, mos: score, level, sentLoss, sentLevel, bitrate, codec } = now;
    return {
        leg, loss, concealed, mos: score, jitter: most(jitter, 60_000), bitrate: most(bitrate, 1e6),
        level: most(level, 1), sent_level: most(sentLevel, 1), ...(rtt !== null && { rtt: most(rtt, 60_000) }),
        ...(sentLoss !== null && { sent_loss: sentLoss }), ...(codec && { codec: codec.slice(0, 40) }),
    };
}

/**
 * Measure a call until it is stopped.
 * @param {import("./call.js").Call} call @param {import("./house.js").House} house @param {(now: Figures) => void} tell
 */
export function watch(call, house, tell) {
    /** @type {Counts[]} of this connection, while nobody holds */
    let seen = [];
    /** @type {Figures | null} */
    let last = null;
    /** @type {RTCPeerConnection | null} */
    let peer = null;
    const told = teller(call, house);
    const look = async () => {
        const report = await (call.isHeard ? call.peer?.getStats().catch(() => null) : null);
        const now = report ? counts(entries(report)) : null;
        told.learn();
        if (!now || peer !== call.peer || call.state === "held" || call.heldThere) {
            [seen, peer] = [[], call.peer]; // so the first second counts for nothing: much is made up in it
        } else if (now.at > (seen.at(-1)?.at ?? 0)) {
            seen = [...seen.slice(-WINDOW), now];
        }
        const before = seen[0];
        if (now && before && seen.length > ENOUGH && now === seen.at(-1)) {
            last = figures(before, now);
            last.worse = blame(last, told.other);
            tell(last);
        }
    };
    const looking = setInterval(look, EVERY_MS);
    const telling = setInterval(() => last && told.send(last), REPORT_MS);
    return {
        stop() {
            clearInterval(looking);
            clearInterval(telling);
            if (last) {
                told.send(last);
            }
        },
    };
}

/** @param {import("./call.js").Call} call @param {import("./house.js").House} house */
function teller(call, house) {
    let name = "";
    let isLearning = false;
    let isUseless = false; // the user may not, and is not asked again and again
    const teller = {
        /** @type {Link | null} */
        other: null,
        /** What programs call it has to be known before it is over. */
        learn() {
            if (!isLearning) {
                isLearning = true;
                house.nameOf(call).then((found) => (name = found), () => {});
            }
        },
        /** @param {Figures} now */
        async send(now) {
            if (isUseless) {
                return;
            }
            try {
                name = call.state === "ended" ? name : await house.nameOf(call);
                if (name) {
                    await house.request("calls.report_quality", { call: name, ...reported(now, call.id) });
                    const seen = now.grade < 3 ? await house.request("calls.quality", { call: name }) : null;
                    teller.other = seen && link(seen, call.id);
                }
            } catch (why) {
                isUseless = /** @type {any} */ (why)?.code === -32601;
            }
        },
    };
    return teller;
}

/** What the server measured on the other leg. @param {any} quality @param {string} mine @returns {Link | null} */
function link(quality, mine) {
    const last = quality.legs?.find((/** @type {any} */ each) => each.leg !== mine)?.last;
    return last ? { heardLoss: last.heard?.loss ?? null, toldLoss: last.told?.loss ?? null } : null;
}

/** @param {RTCStatsReport} report @returns {Iterable<[string, any]>} */
function entries(report) {
    return /** @type {any} */ (report);
}

/** @param {number} part @param {number} whole */
function percent(part, whole) {
    return whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)) : 0;
}

/** @param {number} value @param {number} top */
function most(value, top) {
    return Math.min(top, Math.max(0, value));
}
