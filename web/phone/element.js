/** `<xswitch-phone>`: a telephone on any page. The panel behind the button comes when it is first wanted. */

import { draw, h } from "../base/dom.js";
import { chooseLanguage, locale } from "../base/words.js";
import { Phone } from "./core/phone.js";
import { ACTIONS } from "./view/actions.js";
import { keeping } from "./view/keeping.js";
import { arriving, kindOf, sinceOf } from "./view/kind.js";
import { launcher } from "./view/launcher.js";
import { dialed } from "./view/links.js";
import { Memory } from "./view/memory.js";
import { Words } from "./view/say.js";
import { States, detail } from "./view/states.js";
import { style } from "./view/style.js";

/** @typedef {import("./core/call.js").Call} Call */
/** @typedef {import("./core/trouble.js").Trouble} Trouble */
/** @typedef {import("./view/panel.js").Panel} Panel */
/** @typedef {import("./core/session.js").Credentials} Credentials the password: a phone secret or a token */

export class XSwitchPhone extends HTMLElement {
    static observedAttributes = ["server", "token", "user", "lang", "theme", "mode", "corner"];

    /** @type {(() => Promise<Credentials>) | null} */ #credentials = null;
    /** @type {Credentials | null} what was typed, until the page goes */ #typed = null;
    /** @type {Phone | null} */ #phone = null;
    /** @type {Panel | null} */ #panel = null;
    /** @type {Promise<Panel | null> | null} */ #loading = null;
    #words = new Words();
    #language = "";
    #begun = false; // it is on a page, and was told so
    #open = false;
    #failed = false;
    #shown = false; // something is known about the connection, so there is something to show
    #due = false;
    #spoken = "";
    #last = "";
    #states = new States((facts) => this.#tell("xs-call-state", facts));
    /** @type {ReturnType<typeof setInterval> | undefined} */ #clock = undefined;
    /** @type {AbortController | null} of what the present core says */ #heard = null;
    #root = this.attachShadow({ mode: "open" });
    #memory = new Memory(this.id);

    constructor() {
        super();
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(style);
        this.#root.adoptedStyleSheets = [sheet];
    }

    // --- what a page uses

    /** The headless telephone, null before somebody logs in. */
    get phone() {
        return this.#phone;
    }

    /** A page that has one already shows it here. */
    set phone(core) {
        this.#adopt(core);
    }

    get state() {
        return this.#phone?.state ?? "off";
    }

    get credentials() {
        return this.#credentials;
    }

    /** Asked at each login; wins over the attributes `user` and `token`. */
    set credentials(give) {
        this.#credentials = give;
        this.#restart();
    }

    /**
     * Call a number, and show it.
     * @param {string} number @param {{video?: boolean}} [options] @returns {Call | null}
     */
    call(number, options = {}) {
        const call = this.#phone?.call(number, options) ?? null;
        void this.open().then((panel) => call || panel?.dialLater(number));
        return call;
    }

    /** Answer what rings. @param {{video?: boolean}} [options] */
    answer(options = {}) {
        const call = arriving(this.#phone?.calls ?? [])[0];
        void call?.answer(options);
        return call ?? null;
    }

    /** End the call: the one that rings here first, then the one that talks, then the latest. */
    hangup() {
        const calls = this.#phone?.calls ?? [];
        const call = arriving(calls)[0] ?? this.#phone?.active ?? calls.at(-1);
        void call?.hangup();
        return call ?? null;
    }

    /** Show the panel. @returns {Promise<Panel | null>} */
    async open() {
        this.#open = true;
        const panel = await this.#load();
        panel?.opened();
        return panel;
    }

    /** Hide the panel; calls go on. */
    close() {
        this.#open = false;
        this.#panel?.closed();
        this.#redraw();
        queueMicrotask(() => /** @type {HTMLElement | null} */ (this.#root.querySelector(".launcher"))?.focus());
    }

    // --- what the browser calls

    /** @param {MouseEvent} event */
    #dialLinks = (event) => {
        const number = this.hasAttribute("dial-links") ? dialed(event) : "";
        if (number) {
            event.preventDefault();
            this.call(number);
        }
    };

    connectedCallback() {
        document.addEventListener("click", this.#dialLinks);
        if (this.#begun) {
            return; // it was only moved, and its calls go on
        }
        this.#begun = true;
        this.#memory = new Memory(this.id);
        void this.#word();
        this.#phone || this.#restart();
        if (this.#mode === "inline") {
            void this.open();
        }
    }

    disconnectedCallback() {
        document.removeEventListener("click", this.#dialLinks);
        queueMicrotask(() => (this.#begun = this.isConnected) || this.#leave()); // it may only be moved
    }

    /** @param {string} name @param {string | null} before @param {string | null} now */
    attributeChangedCallback(name, before, now) {
        if (!this.#begun || before === now) { // attributes of a page come before the element is told that it is there
            return;
        }
        if (name === "lang") {
            void this.#word();
        } else if (name === "server" || name === "user" || (name === "token" && !this.#phone)) {
            this.#restart(); // a new token alone is for the next login
        }
        this.#redraw();
    }

    // --- logging in and out

    get #server() {
        const own = new URL(import.meta.url);
        const usual = `${own.protocol === "https:" ? "wss" : "ws"}://${own.host}/ws`;
        return this.getAttribute("server") || this.#memory.get("server") || usual;
    }

    get #standalone() {
        return !this.#credentials && !(this.hasAttribute("token") && this.hasAttribute("user"));
    }

    #restart() {
        if (!this.isConnected) {
            this.#begun = false; // when it is back it begins anew
            this.#leave();
        } else if (this.#standalone && !this.#typed) {
            this.#adopt(null);
        } else {
            const give = () => this.#login();
            const phone = new Phone({ server: this.#server, credentials: give, language: this.#language });
            this.#adopt(phone);
            phone.start();
        }
    }

    /** @returns {Promise<Credentials>} */
    async #login() {
        if (this.#credentials) {
            return this.#credentials();
        }
        return this.#typed ?? { login: this.getAttribute("user") ?? "", password: this.getAttribute("token") ?? "" };
    }

    /** @param {Phone | null} phone */
    #adopt(phone) {
        if (this.#phone === phone) {
            return;
        }
        this.#leave();
        this.#phone = phone;
        if (phone) {
            this.#heard = new AbortController();
            const { signal } = this.#heard;
            phone.addEventListener("change", () => this.#changed(), { signal });
            phone.addEventListener("incoming", (event) => this.#incoming(detail(event)), { signal });
            phone.addEventListener("ended", this.#ended, { signal });
            phone.addEventListener("trouble", (event) => this.#trouble(detail(event)), { signal });
            this.#changed();
        }
        this.#panel?.adopt(phone);
        this.#redraw();
    }

    #leave() {
        this.#heard?.abort();
        this.#phone?.stop();
        this.#phone = null;
        this.#panel?.adopt(null);
        this.#clock = void clearInterval(this.#clock);
    }

    // --- what the core says

    #changed() {
        const phone = /** @type {Phone} */ (this.#phone);
        this.#shown ||= phone.state !== "off" && phone.state !== "connecting";
        if (phone.state === "ready" && this.#last !== "ready") {
            this.#tell("xs-ready", { login: phone.login });
        }
        this.#last = phone.state;
        for (const call of phone.calls) {
            this.#states.follow(call);
        }
        if (phone.calls.length) {
            void this.#load();
            this.#clock ??= setInterval(() => this.#redraw(), 1000);
        } else {
            this.#clock = void clearInterval(this.#clock);
        }
        this.#redraw();
    }

    /** @param {Call} call */
    #incoming(call) {
        this.#tell("xs-incoming", { id: call.id, number: call.number, name: call.name, call });
        void this.#load();
    }

    /** The panel may still be on its way. @param {Event} event */
    #ended = (event) => this.#panel || this.#load().then((panel) => panel?.ended(detail(event)));

    /** @param {Trouble} trouble */
    #trouble({ code, fatal }) {
        this.#shown = true;
        this.#tell("xs-error", { code, fatal, action: ACTIONS[code] ?? "try-again" });
        this.#redraw();
    }

    /** @param {string} name @param {object} facts */
    #tell(name, facts) {
        this.dispatchEvent(new CustomEvent(name, { detail: facts, bubbles: true, composed: true }));
    }

    // --- showing

    get #mode() {
        return this.getAttribute("mode") ?? "dock";
    }

    /** The words of the language that is wanted now: a few, or all of them when there is a panel. */
    async #word(all = this.#loading !== null) {
        const page = document.documentElement.lang;
        const wanted = [this.getAttribute("lang"), this.#memory.get("language"), page, ...navigator.languages];
        this.#language = chooseLanguage(wanted);
        this.#failed = false;
        const came = await this.#words.fetch(this.#language, all);
        this.#failed ||= !came; // the launcher says so, and a press tries again
        this.#redraw();
        return came;
    }

    /** The panel and all that belongs to it. @returns {Promise<Panel | null>} */
    #load() {
        this.#loading ??= this.#fetch();
        return this.#loading;
    }

    /** @returns {Promise<Panel | null>} */
    async #fetch() {
        try {
            const words = this.#word(true).then((came) => came || Promise.reject("words"));
            const [{ Panel }] = await Promise.all([import("./view/panel.js"), words]);
            this.#panel = new Panel(this.#face());
            this.#panel.adopt(this.#phone);
        } catch (error) {
            console.warn("xswitch-phone: a part could not be loaded", error);
            this.#failed = true;
            this.#loading = null;
        }
        this.#redraw();
        return this.#panel;
    }

    /** What the panel may know and do. @returns {import("./view/panel.js").Face} */
    #face() {
        const element = this;
        return {
            host: element,
            root: element.#root,
            memory: element.#memory,
            get say() {
                return element.#words.say;
            },
            get language() {
                return element.#language;
            },
            get open() {
                return element.#open;
            },
            get mode() {
                return element.#mode;
            },
            get server() {
                return element.#server;
            },
            get standalone() {
                return element.#standalone;
            },
            redraw: () => element.#redraw(),
            announce: (text) => {
                element.#spoken = text;
                element.#redraw();
            },
            close: () => element.close(),
            show: () => void element.open(),
            choose: (choice) => element.#choose(choice),
            enter: (typed) => element.#enter(typed),
        };
    }

    /** By the form of the panel; null logs out. @param {Credentials | null} typed */
    #enter(typed) {
        this.#typed = typed;
        this.#restart();
    }

    /** @param {import("./view/memory.js").Kept} choice */
    #choose(choice) {
        this.#memory.set(choice);
        void ("language" in choice && this.#word());
        this.#redraw();
    }

    #redraw() {
        if (!this.#due) {
            this.#due = true;
            queueMicrotask(() => {
                this.#due = false;
                if (this.isConnected && this.#words.turn) {
                    keeping(this.#root, () => draw(this.#root, this.#view()));
                }
            });
        }
    }

    #view() {
        const corner = this.#memory.get("corner") ?? this.getAttribute("corner") ?? "right";
        const theme = this.getAttribute("theme") ?? this.#memory.get("theme");
        const panel = this.#panel;
        return h(
            "div",
            { class: `root ${corner} ${this.#mode}`, "data-theme": theme, lang: locale(this.#language), part: "root" },
            this.#mode !== "inline" && (this.#shown || this.#standalone) && this.#launcher(),
            this.#failed && h("p", { class: "failed", role: "alert" }, this.#words.say("launcher.failed")),
            panel && panel.view(),
            h("div", { key: "spoken", class: "unseen", role: "status", "aria-live": "polite" }, this.#spoken),
        );
    }

    #launcher() {
        const phone = this.#phone;
        return launcher({
            kind: kindOf(phone),
            open: this.#open,
            since: sinceOf(phone),
            missed: this.#panel?.missed ?? 0,
            say: this.#words.say,
            press: () => void (this.#open && this.#panel ? this.close() : this.open()),
            move: (corner) => this.#choose({ corner }),
        });
    }
}

if (!customElements.get("xswitch-phone")) {
    customElements.define("xswitch-phone", XSwitchPhone);
}
