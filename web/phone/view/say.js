/** Gets the words of a language: the few of the launcher, or all. */

import { speaker } from "../../base/words.js";

/** @param {string} language @param {boolean} all @returns {Promise<import("../../base/words.js").Say>} */
export async function words(language, all) {
    const files = [import(`../words/first.${language}.js`), ...(all ? [import(`../words/${language}.js`)] : [])];
    const parts = await Promise.all(files);
    return speaker(Object.assign({}, ...parts.map((part) => part.default)), language);
}
