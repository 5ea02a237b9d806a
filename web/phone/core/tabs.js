/** Tabs of one user on one origin: one owns the phone, the others mirror what it says and can take over. */

import { kept } from "./memory.js";

/** @typedef {{login: string, state: string, calls: Record<string, any>[]}} Seen what the owner says */
/**
 * @typedef {object} Plan
 * @property {() => void} free the owner is gone: the phone can be had
 * @property {() => void} yielded another tab took over
 * @property {(seen: Seen) => void} seen
 * @property {() => Seen} shown what we say as owner
 */

const GAP_MS = 1500; // for the owner's page to come back from a reload
const BACK_MS = 30_000; // after which coming back is no reload
const POLL_MS = 5000; // owners may crash, too
const YIELD_MS = 2000;

export class Tabs {
    #name;
    #plan;
    #channel;
    #left = false;
    /** @type {(() => void) | null} lets go of the lock */
    #release = null;
    /** @type {any} */
    #timer = 0;
    #mark; // when we left as owner

    /** @param {string} name of the phone, the same in all tabs @param {Plan} plan */
    constructor(name, plan) {
        this.#name = `xs-phone:${name}`;
        this.#mark = `xs-left:${name}`;
        this.#plan = plan;
        this.#channel = new BroadcastChannel(this.#name);
        this.#channel.onmessage = (event) => this.#hear(event.data);
        addEventListener("pagehide", this.#leaving);
    }

    get isOwner() {
        return this.#release !== null;
    }

    /** Try to become the owner. Who was it before a reload is it again, whoever was quicker. */
    async claim() {
        const isBack = Date.now() - Number(kept("sessionStorage", this.#mark)) < BACK_MS;
        kept("sessionStorage", this.#mark, "");
        const got = this.isOwner || (await this.#lock({ ifAvailable: true })) || (isBack && (await this.takeOver()));
        if (!got) {
            this.#channel.postMessage({ type: "hello" });
            this.#look(POLL_MS);
        }
        return got;
    }

    /** Become the owner though another tab is. */
    async takeOver() {
        clearTimeout(this.#timer);
        this.#channel.postMessage({ type: "yield" });
        const signal = AbortSignal.timeout(YIELD_MS); // then its page does not listen any more
        return (await this.#lock({ signal })) || this.#lock({ steal: true });
    }

    /** Say how things are. */
    tell() {
        if (this.isOwner) {
            this.#channel.postMessage({ type: "seen", seen: this.#plan.shown() });
        }
    }

    /** Leave it to others. */
    leave() {
        this.#left = true;
        this.#leaving();
        kept("sessionStorage", this.#mark, "");
        clearTimeout(this.#timer);
        this.#release?.();
        this.#release = null;
        this.#channel.close();
        removeEventListener("pagehide", this.#leaving);
    }

    #leaving = () => {
        if (this.isOwner) {
            kept("sessionStorage", this.#mark, String(Date.now()));
            this.#channel.postMessage({ type: "leaving" });
        }
    };

    /** @param {LockOptions} options @returns {Promise<boolean>} */
    #lock(options) {
        if (!navigator.locks) {
            this.#release = () => {}; // an old browser: each tab is for itself
            return Promise.resolve(true);
        }
        return new Promise((resolve) => {
            /** @type {(() => void) | null} */
            let release = null;
            navigator.locks.request(this.#name, options, (lock) => {
                if (this.#left) {
                    resolve(false);
                    return undefined; // it came too late, and is for others
                }
                resolve(lock !== null);
                return lock && new Promise((done) => {
                    this.#release = release = () => done(undefined);
                });
            }).catch((why) => {
                if (release && release === this.#release) { // it was ours, and was taken
                    this.#yield();
                } else if (why.name === "SecurityError") { // not in such a frame
                    this.#release = () => {};
                }
                resolve(this.isOwner);
            });
        });
    }

    /** @param {any} message */
    #hear(message) {
        if (message?.type === "hello") {
            this.tell();
        } else if (message?.type === "yield" && this.isOwner) {
            this.#yield();
        } else if (message?.type === "leaving" && !this.isOwner) {
            this.#look(GAP_MS);
        } else if (message?.type === "seen" && !this.isOwner) {
            this.#plan.seen(message.seen);
        }
    }

    #yield() {
        const release = this.#release;
        this.#release = null;
        this.#plan.yielded(); // first: the socket is to be closed when the other one opens its own
        release?.();
        this.#look(POLL_MS);
    }

    /** See now and then whether the owner is gone. @param {number} ms until then */
    #look(ms) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(async () => {
            if (!this.isOwner && (await this.#lock({ ifAvailable: true }))) {
                this.#plan.free();
            } else if (!this.isOwner) {
                this.#look(POLL_MS);
            }
        }, ms);
    }
}
