/** What frames a page: the header, the sidebar, the heading. */

import { h } from "../../base/dom.js";
import { LANGUAGES, locale } from "../../base/words.js";
import { icon } from "./icons.js";
import { menu } from "./menu.js";
import { changePassword } from "./password.js";
import { visible } from "./rights.js";
import { trouble } from "./trouble.js";

/** @typedef {import("./site.js").Site} Site */

const THEMES = { system: "screen", light: "sun", dark: "moon" };

/** The frame. */
export class Frame {
    /** @param {Site} site @param {import("./pages.js").Pages} pages @param {() => void} leave logs out */
    constructor(site, pages, leave) {
        this.site = site;
        this.pages = pages;
        this.leave = leave;
        /** Whether the sidebar is open where it is a menu. */
        this.open = false;
        addEventListener("hashchange", () => this._show(false));
        addEventListener("keydown", (event) => event.key === "Escape" && this.open && this._show(false));
    }

    view() {
        const { say } = this.site;
        const skip = () => document.getElementById("main")?.focus();
        return h(
            "div",
            { class: "frame", key: "frame" },
            h("button", { class: "skip", type: "button", onclick: skip }, say("skip")),
            this._header(),
            h("div", { class: this.open ? "veil shown" : "veil", onclick: () => this._show(false) }),
            this._sidebar(),
            h("main", { id: "main", tabindex: -1 }, this._page()),
        );
    }

    /** @param {boolean} open */
    _show(open) {
        this.open = open;
        this.site.redraw();
        if (open) {
            setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector(".side a"))?.focus());
        }
    }

    _header() {
        const { say } = this.site;
        return h(
            "header",
            { class: "top" },
            h(
                "button",
                {
                    class: "plain burger",
                    type: "button",
                    "aria-label": say("menu"),
                    "aria-expanded": String(this.open),
                    "aria-controls": "side",
                    onclick: () => this._show(!this.open),
                },
                icon(this.open ? "close" : "menu"),
            ),
            h(
                "a",
                { class: "brand", href: "#/" },
                h("img", { src: "/static/admin/icon.svg", alt: "", width: 28, height: 28 }),
                "XSwitch",
            ),
            h("div", { class: "space" }),
            this._languages(),
            this._themes(),
            this._person(),
        );
    }

    _languages() {
        const entries = Object.entries(LANGUAGES).map(([language, name]) => ({
            text: name,
            lang: locale(language),
            chosen: language === this.site.language,
            act: () => this.site.choose(language),
        }));
        return menu({ id: "language", label: this.site.say("language"), face: icon("globe"), entries });
    }

    _themes() {
        const { site } = this;
        const entries = Object.entries(THEMES).map(([theme, picture]) => ({
            text: site.say(`theme.${theme}`),
            icon: picture,
            chosen: theme === site.theme,
            act: () => site.paint(theme),
        }));
        const face = icon(THEMES[/** @type {keyof typeof THEMES} */ (site.theme)]);
        return menu({ id: "theme", label: site.say("theme"), face, entries });
    }

    _person() {
        const { site } = this;
        const { me, say } = site;
        const name = me.display_name || me.name;
        const entries = [
            site.may("me:write") && { text: say("password.change"), icon: "key", act: () => changePassword(site) },
            { text: say("logout"), icon: "back", act: this.leave },
        ].filter((each) => each !== false);
        const about = h(
            "div",
            { class: "about" },
            h("strong", {}, name),
            h("span", { class: "soft" }, `${me.name} · ${me.role}`),
        );
        const face = [icon("person"), h("span", { class: "who" }, name)];
        return menu({ id: "me", label: say("me", { name }), face, entries, about });
    }

    _sidebar() {
        const { say, me } = this.site;
        return h(
            "nav",
            { id: "side", class: this.open ? "side shown" : "side", "aria-label": say("pages") },
            visible(me.scopes).map((group) =>
                h(
                    "section",
                    { key: group.name },
                    h("h2", {}, say(`group.${group.name}`)),
                    h(
                        "ul",
                        {},
                        group.entries.map((entry) => h("li", { key: entry.name }, this._link(entry))),
                    ),
                ),
            ),
        );
    }

    /** @param {import("./rights.js").Entry} entry */
    _link(entry) {
        const here = entry.name === this.pages.name;
        const props = {
            href: `#/${entry.name}`,
            "aria-current": here ? "page" : null,
            onclick: () => this._again(entry.name),
        };
        return h("a", props, icon(entry.icon), this.site.say(`page.${entry.name}`));
    }

    /** Who presses the link to the place where they are wants to see it anew. @param {string} name */
    _again(name) {
        if (location.hash === `#/${name}` && !this.pages.unsaved()) {
            this.pages.again();
        }
        this._show(false);
    }

    _page() {
        const { page, fault, turn, name } = this.pages;
        if (page) {
            return h("article", { key: turn, class: "page" }, this._heading(page), page.view());
        }
        return h("article", { key: `none${turn}`, class: "page" }, fault ? this._fault(fault) : this._coming(name));
    }

    /** @param {string} title */
    _titled(title) {
        return h("div", { class: "heading" }, h("h1", { id: "title", tabindex: -1 }, title));
    }

    /** A page that is not here yet. @param {string} name */
    _coming(name) {
        const { say } = this.site;
        return [this._titled(say(`page.${name}`)), h("p", { class: "soft" }, say("loading"))];
    }

    /** @param {import("./site.js").Page} page */
    _heading(page) {
        const { say } = this.site;
        return h(
            "div",
            { class: "heading" },
            page.back && h("a", { class: "back", href: page.back, "aria-label": say("back") }, icon("back")),
            h("h1", { id: "title", tabindex: -1 }, say(page.title)),
            h("div", { class: "actions" }, page.actions?.()),
        );
    }

    /** @param {unknown} fault */
    _fault(fault) {
        const { site } = this;
        if (fault === "nowhere" || fault === "forbidden") {
            return [
                this._titled(site.say(`${fault}.title`)),
                h("p", {}, site.say(`${fault}.text`)),
                h("p", {}, h("a", { href: "#/" }, site.say("home"))),
            ];
        }
        return trouble(site, fault, () => this.pages.again());
    }
}
