/** What every page is given: who is there, words, requests, dialogs, toasts, and the way to other pages. */

import { mount } from "../../base/dom.js";
import { chooseLanguage, locale, speaker } from "../../base/words.js";
import { Api, problemOf } from "../api.js";
import { Dialogs } from "./dialogs.js";
import { recall, remember } from "./keep.js";
import { may, mayAll } from "./rights.js";
import { interpreter } from "./said.js";
import { Toasts } from "./toasts.js";
import { detailOf, sentence } from "./trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../../base/words.js").Say} Say */
/** @typedef {{name: string, user: string | null, display_name: string, role: string, scopes: string[],
 *   number: string | null, domain: string, csrf?: string | null}} Me */
/** @typedef {HTMLElement & {call?: (number: string) => void}} PhoneElement */
/**
 * A page. The site writes `title` (a key of words, or a text that is none) as its heading, and focuses that.
 * @typedef {object} Page
 * @property {string} title
 * @property {() => Nested} view below the heading; a pure function of the page's state
 * @property {() => Nested} [actions] buttons beside the heading
 * @property {string} [back] the place that "back" beside the heading leads to, such as "#/users"
 * @property {() => boolean} [unsaved] whether something would be lost on the way to another page
 * @property {() => void} [close] it is left
 */
/** @typedef {(site: Site, rest: string[], query: URLSearchParams) => Page} MakePage */

const AREAS = ["shell", "resources", "live"];
const THEMES = ["system", "light", "dark"];

/** One there is, made at the start. Its event "language" comes when there are other words. */
export class Site extends EventTarget {
    constructor() {
        super();
        this.api = new Api();
        /** Who is logged in. @type {Me} */
        this.me = /** @type {any} */ (null);
        this.language = chooseLanguage([recall("language"), ...navigator.languages]);
        this.theme = THEMES.find((each) => each === recall("theme")) ?? "system";
        /** The phone in the corner, of who has a number. @type {PhoneElement | null} */
        this.phone = null;
        this.toasts = new Toasts(this);
        this.dialogs = new Dialogs(this);
        /** @type {Say} */
        this._speak = (key) => key;
        /** The same function in all languages. @type {Say} */
        this.say = (key, facts) => this._speak(key, facts);
        /** Changes with each choice of a language. */
        this._turn = 0;
        /** What the switch says of itself, for the reader. @type {import("./said.js").Interpreter} */
        this.said = (text) => ({ text, lang: "en" });
        /** @type {() => void} */
        this._redraw = () => {};
        /** @type {Promise<any> | null} */
        this._openapi = null;
    }

    /** What `Intl` wants. */
    get locale() {
        return locale(this.language);
    }

    /** The document that says what there is to ask for; fetched once. @returns {Promise<any>} */
    get openapi() {
        this._openapi ??= this.api.document("/openapi.json");
        this._openapi.catch(() => (this._openapi = null));
        return this._openapi;
    }

    /** Whether something may be done, if only to one's own. @param {string} scope such as "calls:write" */
    may(scope) {
        return may(this.me?.scopes ?? [], scope);
    }

    /** Whether something may be done to everybody's. @param {string} scope */
    mayAll(scope) {
        return mayAll(this.me?.scopes ?? [], scope);
    }

    /** Draw all anew, once for all calls of one turn of the page. */
    redraw() {
        this._redraw();
        this.dialogs.redraw();
    }

    /** Go to a place. @param {string} path such as "#/users/1001" or "/users/1001" */
    go(path) {
        location.hash = path.startsWith("#") ? path : `#${path}`;
    }

    /** Say something in passing. @param {string} text @param {"good" | "bad" | "info"} [kind] */
    toast(text, kind = "good") {
        this.toasts.add(text, kind);
    }

    /** Say in passing why something was not done. @param {unknown} error */
    fail(error) {
        if (problemOf(error).status !== 401) {
            this.toasts.add(sentence(this.say, error), "bad", detailOf(this.say, error));
        }
    }

    /**
     * A question with yes and no. @param {{title: string, text?: string, yes: string, danger?: boolean}} question
     * @returns {Promise<boolean>}
     */
    ask(question) {
        return this.dialogs.ask(question);
    }

    /**
     * Something before all else, until it is closed. The view is drawn into a <dialog>.
     * @param {(dialog: import("./dialogs.js").Shown) => Nested} view
     * @param {{label?: string, wide?: boolean}} [options]
     * @returns {import("./dialogs.js").Shown}
     */
    dialog(view, options) {
        return this.dialogs.open(view, options);
    }

    /** Call somebody by the phone in the corner. @param {string} number */
    call(number) {
        if (this.phone?.call) {
            this.phone.call(number);
        } else {
            this.toast(this.say("phone.none"), "bad");
        }
    }

    /** @param {string} language one of LANGUAGES */
    async speak(language) {
        const turn = ++this._turn;
        const areas = AREAS.map((area) => import(`../words/${language}/${area}.js`));
        const [said, ...found] = await Promise.all([interpreter(language), ...areas]);
        if (turn !== this._turn) {
            return; // another one was chosen meanwhile
        }
        this.language = language;
        this.said = said;
        const words = Object.assign(Object.create(null), ...found.map((each) => each.default));
        this._speak = speaker(words, language); // what people call things may be "constructor", too
        document.documentElement.lang = this.locale;
        this.phone?.setAttribute("lang", this.locale);
        this.redraw();
    }

    /** @param {string} language */
    async choose(language) {
        remember("language", language);
        try {
            await this.speak(language);
            this.dispatchEvent(new Event("language"));
        } catch {
            this.fail(this.api.lost());
        }
    }

    /** @param {string} theme "system", "light" or "dark" */
    paint(theme) {
        this.theme = theme;
        remember("theme", theme);
        this.dress();
        this.redraw();
    }

    /** Let the document look like the theme. */
    dress() {
        const root = document.documentElement;
        this.theme === "system" ? delete root.dataset["theme"] : (root.dataset["theme"] = this.theme);
        this.phone?.setAttribute("theme", this.theme === "system" ? "auto" : this.theme);
    }

    /** @param {Element} root @param {() => Nested} view */
    show(root, view) {
        this._redraw = mount(root, view);
    }
}
