/** What works and what does not, step by step; and why a server cannot be reached. */

import { deadline } from "./session.js";
import { Failure, ofDevice, trouble } from "./trouble.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {"secure" | "socket" | "login" | "microphone" | "media"} Name */
/** @typedef {{step: Name, state: "ok" | "wait" | "fail", trouble?: Trouble}} Step */

const REACH_MS = 5000;
const READY_MS = 15_000;
const SOCKET = new Set(["unreachable", "certificate", "origin", "lna-denied", "no-reply"]);

/**
 * Each step twice: that it waits, and what became of it. After a failure nothing more can be tried.
 * @param {import("./phone.js").Phone} phone @param {{microphone?: boolean}} wish @returns {AsyncGenerator<Step>}
 */
export async function* check(phone, { microphone = false }) {
    if (!globalThis.isSecureContext) {
        yield { step: "secure", state: "fail", trouble: trouble("insecure") };
        return;
    }
    yield { step: "secure", state: "ok" };
    yield { step: "socket", state: "wait" };
    const found = await settled(phone);
    if (found && SOCKET.has(found.code)) {
        yield { step: "socket", state: "fail", trouble: found };
        return;
    }
    yield { step: "socket", state: "ok" };
    yield found ? { step: "login", state: "fail", trouble: found } : { step: "login", state: "ok" };
    if (!found) {
        yield* devices(phone, microphone);
    }
}

/** @param {import("./phone.js").Phone} phone @param {boolean} microphone @returns {AsyncGenerator<Step>} */
async function* devices(phone, microphone) {
    yield { step: "microphone", state: "wait" };
    const state = microphone ? "prompt" : await permission();
    if (!microphone && state !== "granted") {
        if (state === "denied") {
            yield { step: "microphone", state: "fail", trouble: trouble("mic-blocked") };
        }
        return; // asking is for a press of a button
    }
    const failed = await opened(phone);
    yield failed ? { step: "microphone", state: "fail", trouble: failed } : { step: "microphone", state: "ok" };
    if (!failed) {
        yield { step: "media", state: "wait" };
        const blocked = phone.trouble?.code === "udp-blocked";
        const goes = phone.calls.some((call) => call.isHeard) || (!blocked && (await hasUdp()));
        yield goes ? { step: "media", state: "ok" } : { step: "media", state: "fail", trouble: trouble("udp-blocked") };
    }
}

/** Whether the browser finds any way for media to leave. What lies beyond, only a call can tell. */
async function hasUdp() {
    const peer = new RTCPeerConnection();
    try {
        const found = new Promise((resolve) => {
            peer.onicecandidate = ({ candidate: one }) => (!one || one.protocol === "udp") && resolve(one !== null);
        });
        peer.createDataChannel("way");
        await peer.setLocalDescription();
        return await deadline(found, REACH_MS, "udp-blocked").catch(() => false);
    } finally {
        peer.close();
    }
}

/**
 * Wait until the phone is ready, or says why not.
 * @param {import("./phone.js").Phone} phone @returns {Promise<Trouble | null>}
 */
async function settled(phone) {
    if (phone.state === "off" || phone.state === "refused") {
        phone.start();
    }
    const isSettled = () => phone.state !== "connecting" && phone.state !== "off";
    const settling = new Promise((resolve) => {
        const look = () => isSettled() && (phone.removeEventListener("change", look), resolve(null));
        phone.addEventListener("change", look);
        look();
    });
    await deadline(settling, READY_MS, "no-reply").catch(() => {});
    if (phone.state === "ready") {
        return null;
    }
    if (phone.state === "elsewhere") {
        return trouble("elsewhere");
    }
    const known = phone.trouble ?? trouble("no-reply");
    return known.code === "unreachable" ? ((await reach(phone.server)) ?? known) : known;
}

/** @returns {Promise<string>} */
async function permission() {
    try {
        return (await navigator.permissions.query({ name: /** @type {any} */ ("microphone") })).state;
    } catch {
        return "prompt";
    }
}

/** @param {import("./phone.js").Phone} phone @returns {Promise<Trouble | null>} */
async function opened(phone) {
    const user = {};
    const { microphone } = await phone.sound();
    try {
        (await microphone.open(user)).stop();
        return null;
    } catch (error) {
        return error instanceof Failure ? error.trouble : ofDevice(error, "mic");
    } finally {
        microphone.close(user);
    }
}

/**
 * Why a socket does not open: what a plain request says of it; null if that finds nothing wrong.
 * @param {string} server @returns {Promise<Trouble | null>}
 */
export async function reach(server) {
    const url = new URL(server, location.href);
    url.protocol = url.protocol.replace("ws", "http");
    const began = performance.now();
    try {
        const signal = AbortSignal.timeout(REACH_MS);
        const answer = await fetch(`${url.origin}/phone/reach`, { signal, credentials: "omit", cache: "no-store" });
        const said = answer.ok ? await answer.json() : {};
        return said.origin_allowed === false ? trouble("origin", { origin: location.origin }) : null;
    } catch {
        return unanswered(url, performance.now() - began);
    }
}

/** @param {URL} url @param {number} took ms until the request failed @returns {Promise<Trouble>} */
async function unanswered(url, took) {
    const facts = { server: url.host };
    const trusted = [location.host, new URL(import.meta.url).host]; // as the page and this script have come from there
    if (trusted.includes(url.host) || !navigator.onLine) {
        return trouble("unreachable", facts);
    }
    if ((await localNetwork()) === "denied") {
        return trouble("lna-denied", facts);
    }
    // A browser does not say that it does not trust a certificate; but it says no soon.
    return trouble(url.protocol === "https:" && took < REACH_MS / 2 ? "certificate" : "unreachable", facts);
}

/** Whether pages may speak to the local network. @returns {Promise<string>} */
async function localNetwork() {
    for (const name of ["local-network-access", "local-network", "loopback-network"]) {
        try {
            const { state } = await navigator.permissions.query({ name: /** @type {any} */ (name) });
            if (state === "denied") {
                return state;
            }
        } catch { // this browser knows no such permission
        }
    }
    return "";
}
