/** The demo page: two phones side by side, or the one that the address names (`?user=1000`). */

import { PhoneView } from "./phone.js";
import { chooseLanguage, say } from "./words.js";

const PAIR = ["1000", "1001"];

// `?user=1000&password=...`; after a `#` it does not even travel to the server.
const asked = new URLSearchParams(`${location.search.slice(1)}&${location.hash.slice(1)}`);
const users = asked.get("user") ? [asked.get("user") ?? ""] : PAIR;
const socket = new URL("/ws", location.href);
socket.protocol = location.protocol === "https:" ? "wss:" : "ws:";
socket.hash = socket.search = "";

const template = /** @type {HTMLTemplateElement} */ (document.getElementById("phone"));
const phones = users.map((user) => new PhoneView(template, {
    user,
    password: asked.get("password") ?? "",
    other: PAIR.find((each) => each !== user) ?? "",
    url: socket.href,
    ownTab: users.length > 1 ? ownTab(user) : "",
}));
element("phones").append(...phones.map((phone) => phone.element));

let language = asked.get("lang") ?? localStorage.getItem("language") ?? "";
speak(chooseLanguage([language, ...navigator.languages]));

for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
        const chosen = /** @type {HTMLElement} */ (button).dataset.language ?? "en";
        localStorage.setItem("language", chosen);
        speak(chosen);
    });
}
for (const phone of phones) {
    new MutationObserver(title).observe(phone.element, { attributeFilter: ["data-state"] });
}
addEventListener("pagehide", () => phones.forEach((phone) => phone.leave()));

/** @param {string} chosen */
function speak(chosen) {
    language = chosen;
    document.documentElement.lang = chosen === "zh" ? "zh-CN" : chosen;
    for (const each of document.querySelectorAll("header [data-say]")) {
        each.textContent = say(chosen, /** @type {HTMLElement} */ (each).dataset.say ?? "");
    }
    for (const button of document.querySelectorAll("[data-language]")) {
        button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.language === chosen));
    }
    element("intro").textContent = say(chosen, users.length > 1 ? "intro" : "introOne");
    element("trouble").textContent = window.isSecureContext ? "" : say(chosen, "insecure");
    element("trouble").hidden = window.isSecureContext;
    phones.forEach((phone) => phone.speak(chosen));
    title();
}

/** An incoming call shows in the tab, too. */
function title() {
    document.title = phones.map((phone) => phone.notice).find(Boolean) || say(language, "title");
}

/** @param {string} user */
function ownTab(user) {
    const link = new URLSearchParams(asked);
    link.set("user", user);
    return `./#${link}`;
}

/** @param {string} id */
function element(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
}
