/** Numbers on the page that call when they are pressed: links of telephones, and `data-xs-dial`. */

import { linked } from "../core/numbers.js";

/**
 * What to call for a click; "" if it is not for us. Who asks takes the click away from the browser.
 * @param {MouseEvent} event @returns {string}
 */
export function dialed(event) {
    if (event.defaultPrevented || event.button !== 0) {
        return "";
    }
    const path = /** @type {Element[]} */ (event.composedPath().filter((each) => each instanceof Element));
    const link = path.find((each) => each.matches("a[href^='tel:' i], [data-xs-dial]"));
    return link ? link.getAttribute("data-xs-dial") || linked(link.getAttribute("href")) : "";
}
