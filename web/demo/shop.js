/** The shop that does not exist: what it offers, and the desk that is called. */

import { h } from "../base/dom.js";
import { CUSTOMER, DESK, other } from "./address.js";
import { bicycle } from "./bicycle.js";
import { call, inline } from "./phones.js";

/** @typedef {import("./demo.js").Page} Page */

const SERVICES = ["check", "service", "wheel"];
const HOURS = [["weekdays", "9:00–18:30"], ["saturday", "10:00–15:00"], ["sunday", ""]];
const TESTS = [["9196", "echo"], ["9197", "tone"], ["9664", "music"]];

/** What one sees first. @param {Page} page */
export function hero(page) {
    const { say } = page;
    const number = other(page.asked.customer.user);
    return h("section", { class: "hero" },
        h("div", {},
            h("p", { class: "kicker" }, say("kicker")),
            h("h1", {}, say("headline")),
            h("p", {}, say("lead")),
            h("p", { class: "row" },
                h("button", { type: "button", class: "call", onclick: () => call(number) },
                    say("callDesk", { number })),
                h("span", { class: "soft" }, say("free")))),
        bicycle(say("drawing")));
}

/** @param {Page} page */
export function services(page) {
    const { say } = page;
    return h("section", { id: "services", "aria-labelledby": "services-title" },
        h("h2", { id: "services-title" }, say("services")),
        h("ul", { class: "cards" }, SERVICES.map((name) => h("li", {},
            h("h3", {}, say(`${name}.title`)),
            h("p", {}, say(`${name}.text`)),
            h("p", { class: "price" }, price(page, name))))),
        h("dl", { class: "hours" }, HOURS.map(([day, hours]) => h("div", {},
            h("dt", {}, say(day)), h("dd", {}, hours || say("closed"))))));
}

/** @param {Page} page @param {string} name */
function price(page, name) {
    const [currency, amount] = page.say(`${name}.price`).split(" ");
    const shown = new Intl.NumberFormat(page.language, { style: "currency", currency, maximumFractionDigits: 0 });
    return shown.format(Number(amount));
}

/** The other end. @param {Page} page */
export function desk(page) {
    const { say } = page;
    const { user } = page.asked.customer;
    const far = other(user);
    const phone = inline(page);
    return h("section", { id: "desk", class: "desk", "aria-labelledby": "desk-title" },
        phone && h("div", { class: "counter" }, phone),
        h("div", {},
            h("h2", { id: "desk-title" }, say("desk")),
            h("p", {}, phone ? say("deskText", { customer: CUSTOMER, desk: DESK }) : say("oneText", { user })),
            h("p", {}, phone ? say("headphones")
                : h("a", { href: `/demo/#user=${far}`, target: "_blank" }, say("openOther", { user: far }))),
            h("h3", {}, say("tests")),
            h("p", {}, say("testsText")),
            h("p", { class: "row" }, TESTS.map(([number, name]) => h("button", {
                type: "button", onclick: () => call(number),
            }, say(`test.${name}`, { number })))),
            h("p", { class: "soft" }, say("passwords"))));
}
