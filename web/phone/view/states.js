/** What the core says, for those who listen: each state of each call once. */

/** @typedef {import("../core/call.js").Call} Call */

export class States {
    /** @param {(facts: object) => void} tell */
    constructor(tell) {
        this.tell = tell;
        /** @type {Map<string, string>} by the id of the call */
        this.known = new Map();
    }

    /** @param {Call} call */
    follow(call) {
        if (this.known.has(call.id)) {
            return;
        }
        const look = () => {
            const { id, state, way, number, name, cause } = call;
            if (this.known.get(id) !== state) {
                this.known.set(id, state);
                this.tell({ id, state, way, number, name, cause, call });
            }
            if (state === "ended") {
                this.known.delete(id);
                call.removeEventListener("change", look);
            }
        };
        call.addEventListener("change", look);
        look();
    }
}

/** What an event of the core is about. @param {Event} event */
export function detail(event) {
    return /** @type {CustomEvent} */ (event).detail;
}
