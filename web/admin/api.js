/** What the admin site asks of the switch: requests with a deadline, problems as they are, and what happens. */

import { MessageReader } from "./parts/messages.js";

/** @typedef {{pointer: string, detail: string}} Fault */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Query what is empty is left out */
/**
 * @typedef {object} Options
 * @property {string} [etag] of what was seen, so that nothing newer is overwritten
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {boolean} [raw] `data` is the text of the answer
 * @property {number} [wait] seconds until it is given up
 */
/** @typedef {{data: any, etag: string, headers: Headers}} Answer */
/** @typedef {{id: string, type: string, time: string, data: any, call_id?: string}} Happening */
/** @typedef {{types: string[], heard: (event: Happening) => void}} Listener */

const WAIT_S = 15;
const BACK_S = [1, 2, 4, 8, 15];
const GAP = { id: "", data: '{"type": "events.gap", "data": {}}' };

/** Why something was not done. Without an answer `status` is 0 and `code` "unreachable" or "timeout". */
export class Problem extends Error {
    /** @param {Record<string, any>} facts members of a problem document @param {number} [retryAfter] */
    constructor(facts, retryAfter = 0) {
        super(facts.detail || facts.title || facts.code);
        this.status = Number(facts.status ?? 0);
        this.code = String(facts.code ?? "unknown");
        this.title = String(facts.title ?? "");
        this.detail = String(facts.detail ?? "");
        this.errors = /** @type {Fault[]} */ (facts.errors ?? []);
        this.requestId = String(facts.request_id ?? "");
        /** What there is now, of a lost update or a conflict. @type {any} */
        this.state = facts.state ?? null;
        /** Seconds until it may be tried again; 0: nobody said so. */
        this.retryAfter = retryAfter || Number(facts.retry_after ?? 0);
        /** All that was said. @type {Record<string, any>} */
        this.facts = facts;
    }
}

/** Any error as a problem. @param {unknown} error @returns {Problem} */
export function problemOf(error) {
    return error instanceof Problem ? error : new Problem({ code: "unknown", detail: String(error) });
}

/**
 * The REST API for the page. Events: "loggedout" when the session is gone; "away" when the switch does not answer,
 * and "back" when it does again.
 */
export class Api extends EventTarget {
    /** @param {string} [base] */
    constructor(base = "/api/v1") {
        super();
        this.base = base;
        /** What a session's changes are to bring; set by who logs in. */
        this.csrf = "";
        /** Whose session it is. */
        this.who = "";
        this.away = false;
        this._over = new AbortController();
        this._stream = new Stream(this);
    }

    /**
     * @param {string} path such as "/users" @param {Query} [query] @param {Options} [options] @returns {Promise<any>}
     */
    async get(path, query, options) {
        return (await this.send("GET", path + queried(query), undefined, options)).data;
    }

    /** Something and its entity tag. @param {string} path @returns {Promise<{data: any, etag: string}>} */
    async etagged(path) {
        return this.send("GET", path);
    }

    /**
     * @param {string} method @param {string} path @param {any} [body] JSON, or a FormData @param {Options} [options]
     * @returns {Promise<Answer>}
     */
    async send(method, path, body, options = {}) {
        try {
            return await this._send(method, path, body, options);
        } catch (error) {
            if (!(error instanceof Problem && error.code === "csrf" && (await this._renewed()))) {
                throw error;
            }
            return this._send(method, path, body, options);
        }
    }

    /** Another page of this browser logged in anew: whether it is the same person. @returns {Promise<boolean>} */
    async _renewed() {
        const me = await this.get("/auth/me");
        const same = me.name === this.who && me.csrf !== this.csrf;
        this.csrf = same ? me.csrf : this.csrf;
        return same;
    }

    /**
     * @param {string} method @param {string} path @param {any} body @param {Options} options @returns {Promise<Answer>}
     */
    async _send(method, path, body, options) {
        const deadline = AbortSignal.timeout((options.wait ?? WAIT_S) * 1000);
        const over = this._over.signal;
        const signal = AbortSignal.any([deadline, over, ...(options.signal ? [options.signal] : [])]);
        const json = body !== undefined && !(body instanceof FormData);
        try {
            const answer = await fetch(this.base + path, {
                method,
                headers: this._headers(method, json, options),
                body: json ? JSON.stringify(body) : body,
                signal,
                cache: "no-store",
            });
            return await this._read(answer, path, options.raw ?? false);
        } catch (error) {
            if (over.aborted) {
                throw new Problem({ status: 401, code: "not_authenticated" });
            }
            throw options.signal?.aborted || error instanceof Problem ? error : this.lost(deadline.aborted);
        }
    }

    /** What lies beside the API. @param {string} url @returns {Promise<any>} */
    async document(url) {
        try {
            return (await this._read(await fetch(url), url, false)).data;
        } catch (error) {
            throw error instanceof Problem ? error : this.lost();
        }
    }

    /**
     * Bring a file. @param {string} path @param {FormData} form @param {(part: number) => void} onProgress 0 to 1
     * @param {AbortSignal} [signal] @returns {Promise<any>}
     */
    upload(path, form, onProgress, signal) {
        const request = new XMLHttpRequest();
        request.open("POST", this.base + path);
        request.setRequestHeader("X-CSRF-Token", this.csrf);
        request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
        signal?.addEventListener("abort", () => request.abort());
        return new Promise((resolve, reject) => {
            request.onload = () => {
                const data = parsed(request.responseText);
                const wait = Number(request.getResponseHeader("Retry-After")) || 0;
                request.status < 400 ? resolve(data) : reject(this._problem(request.status, data, wait, path));
            };
            request.onerror = () => reject(this.lost(false));
            request.onabort = () => reject(new DOMException("given up", "AbortError"));
            request.send(form);
        });
    }

    /** All items of a list, page by page. @param {string} path @param {Query} [query] @returns {AsyncGenerator<any>} */
    async *all(path, query = {}) {
        let cursor = null;
        do {
            const page = await this.get(path, { limit: 500, ...query, cursor });
            yield* page.items;
            cursor = page.next_cursor;
        } while (cursor);
    }

    /**
     * Hear what happens, until the returned function is called. All listeners share one connection, which comes back
     * by itself; what was missed comes then, and "events.gap" says that not all of it is known.
     * @param {string[]} types such as "call.*" @param {(event: Happening) => void} heard @returns {() => void}
     */
    listen(types, heard) {
        return this._stream.add({ types, heard });
    }

    /** The session ends: what is under way for it is given up, before the switch refuses it. */
    rest() {
        this._over.abort();
        this._over = new AbortController();
    }

    /** Somebody else is here now, or nobody. @param {string | null | undefined} csrf @param {string} [who] */
    session(csrf, who = "") {
        this.csrf = csrf ?? "";
        this.who = who;
        this._stream.again();
    }

    /** @param {string} method @param {boolean} json @param {Options} options @returns {Record<string, string>} */
    _headers(method, json, options) {
        return {
            Accept: "application/json",
            ...(json && { "Content-Type": "application/json" }),
            ...(method !== "GET" && { "X-CSRF-Token": this.csrf }),
            ...(options.etag && { "If-Match": options.etag }),
            ...options.headers,
        };
    }

    /** @param {Response} answer @param {string} path @param {boolean} raw @returns {Promise<Answer>} */
    async _read(answer, path, raw) {
        const text = await answer.text();
        const data = raw && answer.ok ? text : parsed(text);
        if (!answer.ok) {
            throw this._problem(answer.status, data, Number(answer.headers.get("Retry-After")) || 0, path);
        }
        this._there();
        return { data, etag: answer.headers.get("ETag") ?? "", headers: answer.headers };
    }

    /** @param {number} status @param {any} data @param {number} wait @param {string} path @returns {Problem} */
    _problem(status, data, wait, path) {
        if (status === 502 || status === 504 || (status === 503 && !data)) {
            return data?.code ? new Problem(data, wait) : this.lost(false); // of a proxy that does not find the switch
        }
        this._there();
        if (status === 401 && path !== "/auth/login") {
            this.csrf = "";
            this.dispatchEvent(new Event("loggedout"));
        }
        return new Problem({ status, code: `http_${status}`, ...data }, wait);
    }

    /** Nothing comes from the switch. @param {boolean} [late] it may only have been too slow @returns {Problem} */
    lost(late = false) {
        if (!this.away) {
            this.away = true;
            this.dispatchEvent(new Event("away"));
        }
        return new Problem({ status: 0, code: late ? "timeout" : "unreachable" });
    }

    _there() {
        if (this.away) {
            this.away = false;
            this.dispatchEvent(new Event("back"));
        }
    }
}

/** The one connection that events come on, for as long as somebody listens. */
class Stream {
    /** @param {Api} api */
    constructor(api) {
        this.api = api;
        /** @type {Set<Listener>} */
        this.listeners = new Set();
        this.last = "";
        this.tries = 0;
        /** The connection was lost: something may have been missed. */
        this.broken = false;
        /** What is asked for now. */
        this.types = "";
        this.due = false;
        /** @type {AbortController | null} */
        this.open = null;
        api.addEventListener("back", () => this.open || this.again());
    }

    /** @param {Listener} listener @returns {() => void} */
    add(listener) {
        this.listeners.add(listener);
        this._soon();
        return () => {
            this.listeners.delete(listener);
            this._soon();
        };
    }

    /** Begin anew: somebody else asks. */
    again() {
        this.types = "";
        this.last = "";
        this._soon();
    }

    /** Once for all changes of one turn of the page. */
    _soon() {
        if (!this.due) {
            this.due = true;
            setTimeout(() => this._fit());
        }
    }

    /** Ask for what is wanted now, unless it is what is asked for already. */
    _fit() {
        this.due = false;
        const types = [...new Set([...this.listeners].flatMap((each) => each.types))].sort().join(",");
        const wanted = this.api.csrf ? types : "";
        if (wanted === this.types) {
            return;
        }
        this.types = wanted;
        this.open?.abort();
        this.open = wanted ? new AbortController() : null;
        if (this.open) {
            this._run(this.open.signal);
        } else {
            this.last = "";
        }
    }

    /** @param {AbortSignal} signal */
    async _run(signal) {
        while (!signal.aborted) {
            try {
                await this._read(signal);
            } catch {
                // whoever asks next says that it is away
            }
            this.broken = true;
            const pause = /** @type {number} */ (BACK_S[Math.min(this.tries++, BACK_S.length - 1)]);
            await slept(pause * (0.75 + Math.random() / 2), signal);
            if (!signal.aborted && !this.api.csrf) {
                return this._soon();
            }
        }
    }

    /** @param {AbortSignal} signal */
    async _read(signal) {
        const query = queried({ types: this.types, after: this.last });
        const headers = { Accept: "text/event-stream" };
        const answer = await fetch(`${this.api.base}/events${query}`, { signal, headers, cache: "no-store" });
        if (!answer.ok || !answer.body) {
            this.api._problem(answer.status, parsed(await answer.text()), 0, "/events");
            return;
        }
        this.tries = 0;
        this.api._there();
        if (this.broken && !this.last) {
            this._tell(GAP); // without an id to go on from, the switch does not say so
        }
        this.broken = false;
        const reader = new MessageReader();
        const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
            for (const message of reader.read(piece.value)) {
                this._tell(message);
            }
        }
    }

    /** @param {{id: string, data: string}} message */
    _tell(message) {
        this.last = message.id || this.last;
        const event = parsed(message.data);
        for (const each of event ? [...this.listeners] : []) {
            if (event.type === "events.gap" || each.types.some((type) => fits(type, event.type))) {
                each.heard(event);
            }
        }
    }
}

/** @param {string} pattern @param {string} type */
function fits(pattern, type) {
    return pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1)));
}

/** @param {Query} [query] */
function queried(query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text && `?${text}`;
}

/** @param {string} text @returns {any} null if it is no JSON */
function parsed(text) {
    try {
        return text ? JSON.parse(text) : null;
    } catch {
        return null;
    }
}

/** @param {number} seconds @param {AbortSignal} signal @returns {Promise<void>} */
function slept(seconds, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000);
        signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve();
        });
    });
}
