/** The two phones of the page, and how its buttons call with them. */

import { h } from "../base/dom.js";
import { locale } from "../base/words.js";
import { socketOf } from "./address.js";

/** @typedef {import("./demo.js").Page} Page */
/** @typedef {import("./address.js").Account} Account */
/** @typedef {import("../phone/element.js").XSwitchPhone} PhoneElement */

/** The phone in the corner: the customer's. @param {Page} page */
export function dock(page) {
    return phone(page, page.asked.customer, "dock");
}

/** The phone of the shop's desk, or nothing if the address names one user only. @param {Page} page */
export function inline(page) {
    return page.asked.desk && phone(page, page.asked.desk, "inline");
}

/** Call with the phone in the corner. @param {string} number */
export function call(number) {
    /** @type {PhoneElement | null} */ (document.querySelector("xswitch-phone[mode=dock]"))?.call(number);
}

/** @param {Page} page @param {Account} account @param {string} mode */
function phone(page, account, mode) {
    return h("xswitch-phone", {
        key: `${mode} phone`,
        id: mode, // what a phone remembers is kept under its id
        own: true,
        server: socketOf(location.origin),
        user: account.user,
        lang: locale(page.language),
        mode,
        ref: (/** @type {PhoneElement} */ element) => account.password && customElements.whenDefined("xswitch-phone")
            .then(() => element.credentials = async () => ({ login: account.user, password: account.password })),
    });
}
