/** One phone on the page: what the user sees and does with one `Line`. */

import { Line, Refusal } from "./verto.js";
import { say, sayCause } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const SHORTCUTS = [["9196", "echo"], ["9197", "tone"], ["9198", "music"]];
const TICK_MS = 100;
const MICROPHONE = {
    NotAllowedError: "micRefused",
    SecurityError: "micRefused",
    NotFoundError: "micMissing",
    OverconstrainedError: "micMissing",
};

export class PhoneView {
    /** @type {import("./verto.js").Call | null} */
    #call = null;
    #trouble = { key: "", facts: {} };
    #startedAt = 0;
    /** @type {AnalyserNode | null} */
    #meter = null;
    #language = "en";

    /**
     * @param {HTMLTemplateElement} template
     * @param {{user: string, password: string, other: string, url: string, ownTab: string}} options
     */
    constructor(template, options) {
        this.options = options;
        const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
        this.element = /** @type {HTMLElement} */ (copy.firstElementChild);
        this.part = parts(this.element);
        this.line = new Line(options.url);
        this.#fill();
        this.#listen();
        setInterval(() => this.#tick(), TICK_MS);
    }

    /** Say everything in another language. @param {string} language */
    speak(language) {
        this.#language = language;
        for (const element of this.element.querySelectorAll("[data-say]")) {
            element.textContent = say(language, /** @type {HTMLElement} */ (element).dataset.say ?? "");
        }
        for (const button of this.part.shortcuts.children) {
            const { number, word } = /** @type {HTMLElement} */ (button).dataset;
            button.textContent = `${number} ${word ? say(language, word) : ""}`.trim();
        }
        this.part.keypad.setAttribute("aria-label", say(language, "keypad"));
        this.part.own.textContent = `${say(language, "ownTab")} ↗`;
        this.#draw();
    }

    /** What deserves the title of the tab: an incoming call, or nothing. */
    get notice() {
        return this.#call?.state === "ringing" ? this.#sentence() : "";
    }

    /** The page goes away. */
    leave() {
        this.#call?.hangup();
    }

    #fill() {
        this.part.user.value = this.options.user;
        this.part.password.value = this.options.password;
        this.part.number.value = this.options.other;
        this.part.own.href = this.options.ownTab;
        this.part.own.hidden = !this.options.ownTab;
        for (const key of KEYS) {
            this.part.keypad.append(button(key, () => this.#press(key)));
        }
        const others = this.options.other ? [[this.options.other, ""]] : [];
        for (const [number, word] of [...others, ...SHORTCUTS]) {
            const shortcut = button(number, () => this.#dial(number));
            Object.assign(shortcut.dataset, { number, word });
            this.part.shortcuts.append(shortcut);
        }
    }

    #listen() {
        const { part } = this;
        part.login.addEventListener("submit", (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#login();
        });
        part.dial.addEventListener("submit", (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#dial(part.number.value.trim());
        });
        part.answer.addEventListener("click", () => this.#answer());
        part.hangup.addEventListener("click", () => this.#call?.hangup());
        part.mute.addEventListener("click", () => this.#call?.mute(!this.#call.isMuted));
        part.hold.addEventListener("click", () => this.#hold());
        part.logout.addEventListener("click", () => this.line.logout());
        this.element.addEventListener("keydown", (event) => this.#type(event));
        this.line.addEventListener("state", () => this.#draw());
        this.line.addEventListener("incoming", (event) => this.#ring(/** @type {CustomEvent} */ (event).detail));
    }

    async #login() {
        this.#complain("");
        try {
            await this.line.login(this.part.user.value.trim(), this.part.password.value);
            this.part.number.focus();
        } catch (error) {
            const refusal = /** @type {Refusal} */ (error);
            if (refusal.isWrongPassword) {
                this.#complain("wrongPassword");
            } else if (refusal.code === 0) {
                this.#complain("noServer", { url: this.options.url });
            } else {
                this.#complain("refused", { text: refusal.message });
            }
        }
    }

    /** @param {string} number */
    async #dial(number) {
        if (!number || this.#isBusy || this.line.state !== "ready") {
            return;
        }
        this.part.number.value = number;
        const stream = await this.#microphone();
        if (stream) {
            this.#follow(this.line.call(number, stream));
            this.part.hangup.focus(); // what was pressed is disabled now, and digits are to go on working
        }
    }

    /** @param {import("./verto.js").Call} call */
    #ring(call) {
        if (this.#isBusy) {
            call.hangup("USER_BUSY");
            return;
        }
        this.#follow(call);
        if (!(document.activeElement instanceof HTMLInputElement)) {
            this.part.answer.focus(); // but do not take the cursor from somebody who is typing
        }
    }

    async #answer() {
        const call = this.#call;
        const stream = await this.#microphone();
        if (!stream) {
            return;
        }
        if (call?.state === "ringing") {
            call.answer(stream);
            this.part.hangup.focus();
        } else {
            stream.getTracks().forEach((track) => track.stop()); // the caller gave up meanwhile
        }
    }

    async #hold() {
        try {
            await this.#call?.hold(this.#call.state !== "held");
        } catch (error) {
            this.#complain("refused", { text: /** @type {Error} */ (error).message });
        }
    }

    /** @param {string} key */
    #press(key) {
        if (this.#call?.isUp || this.#call?.state === "early") {
            this.#call.digits(key).catch(() => undefined);
        } else if (!this.#isBusy) {
            this.part.number.value += key;
        }
    }

    /** Keys of the keyboard are digits in a call, wherever in the phone they are pressed. @param {KeyboardEvent} event */
    #type(event) {
        const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
        if (plain && this.#call?.isUp && KEYS.includes(event.key)) {
            event.preventDefault();
            this.#press(event.key);
        }
    }

    /** @param {import("./verto.js").Call} call */
    #follow(call) {
        this.#complain("");
        this.#call = call;
        this.#startedAt = 0;
        call.addEventListener("state", () => this.#draw());
        call.addEventListener("state", () => this.#refocus(call));
        call.addEventListener("sound", () => this.#hear(call));
        this.#draw();
    }

    /** The button that had the focus is gone with the call. @param {import("./verto.js").Call} call */
    #refocus(call) {
        if (call.state === "ended" && document.activeElement === document.body) {
            this.part.number.focus();
        }
    }

    /** @param {import("./verto.js").Call} call */
    #hear(call) {
        this.part.speaker.srcObject = call.remote;
        this.part.speaker.play().catch(() => this.#complain("silent"));
        this.#deafen();
        if (call.remote) {
            const context = new AudioContext();
            this.#meter = new AnalyserNode(context, { fftSize: 2048 });
            context.createMediaStreamSource(call.remote).connect(this.#meter);
        }
    }

    /** The microphone, or a complaint and nothing. */
    async #microphone() {
        if (!navigator.mediaDevices) {
            this.#complain("insecure");
            return null;
        }
        try {
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
            this.#complain("");
            return stream;
        } catch (error) {
            const name = /** @type {keyof typeof MICROPHONE} */ (/** @type {Error} */ (error).name);
            this.#complain(MICROPHONE[name] ?? "micBusy");
            return null;
        }
    }

    get #isBusy() {
        return this.#call !== null && this.#call.state !== "ended";
    }

    /** @param {string} key "" takes the complaint away @param {Record<string, string>} facts */
    #complain(key, facts = {}) {
        this.#trouble = { key, facts };
        this.#draw();
    }

    #tick() {
        const up = this.#call?.isUp ?? false;
        this.#startedAt ||= up ? Date.now() : 0;
        if (up) {
            this.part.timer.textContent = duration(Date.now() - this.#startedAt);
        }
        this.part.level.value = this.#isBusy ? loudness(this.#meter) : 0;
    }

    #sentence() {
        const call = this.#call;
        if (!call || (call.state === "ended" && this.line.state !== "ready")) {
            return say(this.#language, this.line.state);
        }
        const { name, number } = call.party;
        const party = name && name !== number ? `${name} (${number})` : number;
        return say(this.#language, call.state, { party, cause: sayCause(this.#language, call.cause) });
    }

    #draw() {
        const { part } = this;
        const state = this.#isBusy ? (this.#call?.state ?? "") : "";
        const online = this.line.state === "ready" || this.line.state === "lost";
        this.element.dataset.state = state || this.line.state;
        part.title.textContent = say(this.#language, "phone", { user: this.line.user || this.options.user });
        write(part.state, this.#sentence());
        write(part.trouble, this.#trouble.key && say(this.#language, this.#trouble.key, this.#trouble.facts));
        part.trouble.hidden = !this.#trouble.key;
        part.login.hidden = online;
        part.dial.hidden = part.shortcuts.hidden = part.keypad.hidden = !online;
        part.call.disabled = this.#isBusy || this.line.state !== "ready";
        part.number.readOnly = this.#isBusy;
        for (const shortcut of part.shortcuts.children) {
            shortcut.disabled = part.call.disabled;
        }
        part.answer.hidden = state !== "ringing";
        part.hangup.hidden = !this.#isBusy;
        part.hangup.textContent = say(this.#language, state === "ringing" ? "decline" : "hangup");
        part.mute.hidden = part.hold.hidden = !this.#call?.isUp;
        part.mute.setAttribute("aria-pressed", String(this.#call?.isMuted ?? false));
        part.hold.setAttribute("aria-pressed", String(state === "held"));
        part.logout.hidden = !online || this.#isBusy;
        part.timer.hidden = !this.#startedAt || !this.#call;
        if (!this.#isBusy) {
            this.#deafen();
        }
    }

    #deafen() {
        this.#meter?.context instanceof AudioContext && this.#meter.context.close();
        this.#meter = null;
    }
}

/** The marked elements of a phone, by name. @param {HTMLElement} root @returns {Record<string, any>} */
function parts(root) {
    const found = [...root.querySelectorAll("[data-part]")];
    return Object.fromEntries(found.map((each) => [/** @type {HTMLElement} */ (each).dataset.part, each]));
}

/** @param {string} text @param {() => void} press */
function button(text, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", press);
    return made;
}

/** Write only what changed: a screen reader says it again otherwise. @param {HTMLElement} element @param {string} text */
function write(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/** @param {number} ms */
function duration(ms) {
    const seconds = Math.floor(ms / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** 0 for silence to 1 for full scale, over 60 dB. @param {AnalyserNode | null} meter */
function loudness(meter) {
    if (!meter) {
        return 0;
    }
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
    return Math.max(0, Math.min(1, 1 + (10 * Math.log10(power + 1e-12)) / 60));
}
