/** The panel of the phone: what all its views share, and how they stand together. */

import { h } from "../../base/dom.js";
import { Attention } from "./attention.js";
import { Voices } from "./audio.js";
import { Cards } from "./cards.js";
import { Chats } from "./chat.js";
import { Settings } from "./devices.js";
import { hold } from "./focus.js";
import { DRAWINGS } from "./drawings.js";
import { frame } from "./frame.js";
import { History } from "./history.js";
import { learn } from "./icons.js";
import { Incoming } from "./incoming.js";
import { arriving } from "./kind.js";
import { Login } from "./login.js";
import { Meters } from "./meters.js";
import { Notices } from "./notices.js";
import { Pad } from "./pad.js";
import { panelStyle } from "./panelstyle.js";
import { Ready } from "./ready.js";
import { callStyle } from "./callstyle.js";
import { Sounds } from "./sounds.js";
import { detail } from "./states.js";
import { party, within } from "./text.js";

/** @typedef {import("../core/phone.js").Phone} Phone */
/** @typedef {import("../core/call.js").Call} Call */
/** @typedef {"phone" | "history" | "chat" | "settings"} Tab */
/** @typedef {{title: string, view: () => import("../../base/dom.js").Nested, close?: () => void}} Layer */

/**
 * What the element lends its panel.
 * @typedef {object} Face
 * @property {HTMLElement} host @property {ShadowRoot} root
 * @property {import("./memory.js").Memory} memory
 * @property {import("../../base/words.js").Say} say
 * @property {string} language @property {boolean} open @property {string} mode
 * @property {string} server @property {boolean} standalone
 * @property {() => void} redraw
 * @property {(text: string) => void} announce
 * @property {() => void} close @property {() => void} show
 * @property {(choice: import("./memory.js").Kept) => void} choose
 * @property {(typed: {login: string, password: string} | null) => void} enter logs in, or out
 */

export class Panel {
    /** @param {Face} face */
    constructor(face) {
        this.face = face;
        /** @type {Phone | null} */ this.phone = null;
        /** @type {Tab} */ this.tab = "phone";
        /** @type {Layer | null} */ this.layer = null;
        /** @type {Element | null} where the focus was before the layer */ this.before = null;
        /** @type {AbortController | null} */ this.heard = null;
        /** Calls that ended by our own hand: nobody needs to be told. @type {Set<string>} */ this.ours = new Set();
        /** Calls that go on without us. @type {Set<string>} */ this.passed = new Set();
        /** What was begun and is not done, by its name. @type {Set<string>} */ this.pending = new Set();
        /** @type {{first: Call, second: Call} | null} a call that waits, and the one that is asked meanwhile */
        this.consult = null;
        /** @type {Phone | null} whose devices are known */ this.equipped = null;
        this.reached = false; // the server, when that was last looked at
        this.menu = false;
        this.sounds = new Sounds(face.language);
        this.audio = new Voices(() => this.redraw());
        this.attention = new Attention();
        this.meters = new Meters();
        this.notices = new Notices(this);
        this.pad = new Pad(this);
        this.cards = new Cards(this);
        this.incoming = new Incoming(this);
        this.history = new History(this);
        this.chats = new Chats(this);
        this.settings = new Settings(this);
        this.login = new Login(this);
        this.ready = new Ready(this);
        learn(DRAWINGS);
        dress(face.root);
    }

    // --- what the views use

    /** @param {string} key @param {Record<string, string | number>} [facts] */
    say(key, facts) {
        return this.face.say(key, facts);
    }

    get calls() {
        return this.phone?.calls ?? [];
    }

    get memory() {
        return this.face.memory;
    }

    get missed() {
        return this.history.missed;
    }

    get inline() {
        return this.face.mode === "inline";
    }

    redraw() {
        this.face.redraw();
    }

    /** For ears, not for eyes. @param {string} text */
    announce(text) {
        this.face.announce(text);
    }

    /** @param {Tab} tab */
    show(tab) {
        this.tab = tab;
        this.menu = false;
        if (tab === "history") {
            void this.history.load();
        } else if (tab === "settings") {
            void this.settings.load();
        }
        this.redraw();
    }

    /**
     * Call, and say so if that cannot be.
     * @param {string} number @param {{video?: boolean}} [options] @returns {Call | null}
     */
    call(number, options = {}) {
        if (!this.phone || !number) {
            return null;
        }
        try {
            this.memory.set({ last: number });
            this.notices.again(number);
            const call = this.phone.call(number, options);
            this.show("phone");
            return call;
        } catch (error) {
            this.notices.trouble(error);
            return null;
        }
    }

    /** End a call by our own will. @param {Call} call @param {string} [cause] */
    end(call, cause) {
        this.ours.add(call.id);
        void call.hangup(cause);
        this.redraw();
    }

    /**
     * Do what may be refused; say so if it is.
     * @param {() => unknown} work @param {string} [name] of it, to show that it goes on @returns {Promise<boolean>}
     */
    async attempt(work, name = "") {
        if (name && this.pending.has(name)) {
            return false;
        }
        try {
            this.pending.add(name);
            const going = work();
            this.redraw();
            await going;
            return true;
        } catch (error) {
            this.notices.trouble(error);
            return false;
        } finally {
            this.pending.delete(name);
            this.redraw();
        }
    }

    /** Show something above the rest until it is closed. @param {Layer} layer */
    lay(layer) {
        this.before = this.layer ? this.before : this.face.root.activeElement;
        this.layer = layer;
        this.menu = false;
        this.redraw();
        hold(this.face.root, ".layer");
    }

    unlay() {
        const before = /** @type {HTMLElement | null} */ (this.before);
        this.layer?.close?.();
        this.layer = this.before = null;
        this.redraw();
        queueMicrotask(() => (before?.isConnected ? before : this.element())?.focus());
    }

    /** A number to begin with, when somebody has logged in. @param {string} number */
    dialLater(number) {
        this.pad.number = number;
        this.show("phone");
    }

    // --- what the element says

    opened() {
        this.redraw();
        if (!this.inline) {
            const coarse = matchMedia("(pointer: coarse)").matches; // there a field in focus brings up the keyboard
            hold(this.face.root, coarse ? ".panel" : ".first, .panel");
        }
    }

    closed() {
        this.layer?.close?.();
        this.layer = null;
        this.menu = false;
        this.settings.stopTests();
    }

    /** @param {Phone | null} phone */
    adopt(phone) {
        this.heard?.abort();
        this.phone = phone;
        this.reached = false;
        this.consult = null;
        if (phone) {
            this.heard = new AbortController();
            const { signal } = this.heard;
            phone.addEventListener("change", () => this.follow(), { signal });
            phone.addEventListener("incoming", () => this.incoming.begin(), { signal });
            phone.addEventListener("ended", (event) => this.ended(detail(event)), { signal });
            phone.addEventListener("trouble", (event) => this.notices.passing(detail(event)), { signal });
            phone.addEventListener("message", (event) => this.chats.came(detail(event)), { signal });
        } else {
            this.layer = null;
        }
        this.history.reset();
        this.ready.reset();
        this.follow();
    }

    /** What sounds and what is asked for follows from the calls. */
    follow() {
        const calls = this.calls;
        const ringing = arriving(calls);
        const talking = calls.some((call) => call.state === "active" || call.state === "held");
        const waits = calls.some((call) => call.way === "out" && call.state === "ringing");
        const quiet = this.memory.get("quiet");
        this.sounds.language = this.face.language === "zh" ? "zh" : "en";
        this.sounds.play(ringing.length ? (talking ? "waiting" : quiet ? "" : "ring") : waits ? "ringback" : "");
        this.audio.follow(calls);
        this.attention.keepAwake(calls.length > 0);
        this.incoming.follow(ringing);
        this.cards.follow(calls);
        this.meters.follow(calls);
        const ready = this.phone?.state === "ready";
        if (ready && !this.reached) {
            this.history.first();
            this.notices.reached();
        }
        this.reached = ready;
        void this.useDevices();
        this.redraw();
    }

    /** @param {Call} call */
    ended(call) {
        if (this.consult && (call === this.consult.first || call === this.consult.second)) {
            this.consult = null;
        }
        this.notices.ended(call);
        this.ours.delete(call.id);
        this.passed.delete(call.id);
        this.history.stale();
        this.follow();
    }

    /** Once for each phone: what is chosen, and what is plugged in and out. */
    async useDevices() {
        const { phone } = this;
        if (phone && phone !== this.equipped && (phone.state === "ready" || this.calls.length)) {
            this.equipped = phone;
            await this.settings.load();
        }
    }

    // --- showing

    /** @returns {HTMLElement | null} */
    element() {
        return this.face.root.querySelector(".panel");
    }

    view() {
        const shown = this.face.open || this.inline;
        return [
            h("div", { key: "sounds", hidden: true, own: true, ref: (/** @type {Element} */ e) => this.audio.hold(e) }),
            shown && frame(this),
            !shown && arriving(this.calls).length > 0 && this.toast(),
        ];
    }

    toast() {
        return h("div", { key: "toast", class: "toast", part: "toast" }, this.incoming.view());
    }

    /**
     * A sentence about the other end.
     * @param {string} key @param {Call} call @param {Record<string, string | number>} [facts]
     */
    about(key, call, facts = {}) {
        return this.say(key, { party: within(party(call)), ...facts });
    }
}

/** @param {ShadowRoot} root */
function dress(root) {
    const sheets = [panelStyle, callStyle].map((text) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(text);
        return sheet;
    });
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
}
