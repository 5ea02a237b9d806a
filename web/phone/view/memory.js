/** What a phone on a page remembers from visit to visit: choices and sizes, never a secret. */

/**
 * @typedef {object} Kept
 * @property {"left" | "right"} [corner]
 * @property {number} [width] @property {number} [height] pixels of the panel
 * @property {string} [user] @property {string} [server] of the login form
 * @property {string} [language] @property {string} [theme]
 * @property {boolean} [checked] the ready check was seen
 * @property {number} [seen] when the history was last looked at, ms
 * @property {boolean} [quiet] no ringing sound
 * @property {boolean} [notify] system notifications are wanted
 * @property {string} [last] the number called last
 */

export class Memory {
    /** @param {string} name of the element, if a page has several */
    constructor(name) {
        this.place = name ? `xswitch-phone:${name}` : "xswitch-phone";
        /** @type {Kept} */
        this.kept = {};
        try {
            const read = JSON.parse(localStorage.getItem(this.place) ?? "{}");
            this.kept = read && typeof read === "object" ? read : {};
        } catch {
            // a page without storage has a phone that forgets
        }
    }

    /** @template {keyof Kept} Name @param {Name} name @returns {Kept[Name]} */
    get(name) {
        return this.kept[name];
    }

    /** @param {Kept} more */
    set(more) {
        Object.assign(this.kept, more);
        try {
            localStorage.setItem(this.place, JSON.stringify(this.kept));
        } catch {
            // full, or not allowed: kept until the page goes
        }
    }
}
