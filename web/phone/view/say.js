/** Gets the words of a language: the few of the launcher, or all. */

import { speaker } from "../../base/words.js";

/** What is said, in the words that were wanted last, in whatever order they come. */
export class Words {
    /** @type {import("../../base/words.js").Say} */
    say = (key) => key;
    /** Which of the wishes that is; 0: no words have come yet. */
    turn = 0;
    #asked = 0;

    /** @param {string} language @param {boolean} all @returns {Promise<boolean>} whether they came, or later ones */
    async fetch(language, all) {
        const turn = ++this.#asked;
        const names = [`first.${language}`, ...(all ? [language] : [])];
        const files = await Promise.all(names.map((name) => import(`../words/${name}.js`))).catch(() => null);
        if (files && turn > this.turn) {
            this.say = speaker(Object.assign({}, ...files.map((file) => file.default)), language);
            this.turn = turn;
        }
        return this.turn >= turn;
    }
}
