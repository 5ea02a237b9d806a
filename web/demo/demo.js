/** The demo: the page of an invented shop with our phone in it, and beside that how it was done. */

import { h, mount } from "../base/dom.js";
import { LANGUAGES, chooseLanguage, locale, speaker } from "../base/words.js";
import { asked } from "./address.js";
import { guide } from "./guide.js";
import { dock } from "./phones.js";
import { desk, hero, services } from "./shop.js";

/** @typedef {import("../base/words.js").Say} Say */
/** @typedef {import("../base/dom.js").Nested} Nested */
/**
 * What all views get.
 * @typedef {{say: Say, language: string, asked: import("./address.js").Asked, copied: string,
 *            copy: (text: string) => void}} Page
 */

const KEPT = "xs-demo-language";

const wish = asked(location.search, location.hash);
/** @type {Page} */
const page = { say: (key) => key, language: "en", asked: wish, copied: "", copy };
let redraw = () => {};

await speak(chooseLanguage([wish.language, localStorage.getItem(KEPT), ...navigator.languages]));
redraw = mount(document.body, view);

/** @returns {Nested} */
function view() {
    const { say } = page;
    return [
        h("a", { class: "skip", href: "#main" }, say("skip")),
        header(),
        h("main", { id: "main" },
            window.isSecureContext ? null : h("p", { class: "trouble", role: "alert" }, say("insecure", {
                here: `http://localhost:${location.port || "8081"}/demo/`,
            })),
            hero(page), desk(page), services(page), guide(page)),
        h("footer", {}, h("p", {}, say("invented")), h("p", {}, h("a", { href: "/docs/" }, say("docs")), " · ",
            h("a", { href: "/" }, say("site")))),
        dock(page),
    ];
}

function header() {
    const { say, language } = page;
    const button = (/** @type {[string, string]} */ [code, name]) => h("button", {
        type: "button", lang: locale(code), "aria-pressed": String(code === language), onclick: () => choose(code),
    }, name);
    return h("header", {},
        h("a", { class: "brand", href: "#main" },
            h("img", { src: "/static/demo/wheel.svg", alt: "", width: 32, height: 32 }),
            h("span", {}, say("shop"))),
        h("nav", { "aria-label": say("nav") },
            h("a", { href: "#desk" }, say("desk")),
            h("a", { href: "#services" }, say("services")),
            h("a", { href: "#guide" }, say("guide"))),
        h("div", { class: "languages", role: "group", "aria-label": say("language") },
            Object.entries(LANGUAGES).map(button)));
}

/** @param {string} language */
async function choose(language) {
    localStorage.setItem(KEPT, language);
    await speak(language);
    redraw();
}

/** @param {string} language */
async function speak(language) {
    const words = (await import(`./words/${language}.js`)).default;
    page.say = speaker(words, language);
    page.language = language;
    document.documentElement.lang = locale(language);
    document.title = page.say("shop");
}

/** @param {string} text */
async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        page.copied = "copied";
    } catch { // no permission, or no secure page
        page.copied = "notCopied";
    }
    redraw();
}
