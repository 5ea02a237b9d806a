/** What the others say: one `<audio>` a call, on the chosen loudspeaker. */

/** @typedef {import("../core/call.js").Call} Call */

export class Voices {
    /** @param {() => void} changed */
    constructor(changed) {
        this.changed = changed;
        /** @type {Element | null} where the elements are */
        this.holder = null;
        /** @type {Map<string, HTMLAudioElement>} */
        this.elements = new Map();
        this.volume = 1;
        this.speaker = "";
        /** The browser plays nothing before somebody clicks. */
        this.blocked = false;
    }

    /** Here the elements live. @param {Element} holder */
    hold(holder) {
        this.holder = holder;
        holder.append(...this.elements.values());
    }

    /** Play these calls and no others. @param {readonly Call[]} calls */
    follow(calls) {
        for (const [id, element] of this.elements) {
            if (!calls.some((call) => call.id === id)) {
                element.srcObject = null;
                element.remove();
                this.elements.delete(id);
            }
        }
        for (const call of calls) {
            this.hear(call);
        }
        if (!calls.length && this.blocked) {
            this.blocked = false;
        }
    }

    /** @param {Call} call */
    hear(call) {
        let element = this.elements.get(call.id);
        if (!element) {
            element = document.createElement("audio");
            element.autoplay = true;
            element.volume = this.volume;
            this.elements.set(call.id, element);
            this.aim(element);
        }
        if (element.parentNode !== this.holder) {
            this.holder?.append(element);
        }
        if (element.srcObject !== call.remote) {
            element.srcObject = call.remote;
            if (call.remote) {
                void this.start(element);
            }
        }
    }

    /** @param {HTMLAudioElement} element */
    async start(element) {
        try {
            await element.play();
            this.blocked = false;
        } catch (error) {
            if (/** @type {Error} */ (error).name !== "NotAllowedError") {
                return; // another sound came in its place, or the call is over
            }
            this.blocked = true;
        }
        this.changed();
    }

    /** By a click of a person: play what was held back. */
    async unblock() {
        await Promise.all([...this.elements.values()].map((element) => this.start(element)));
    }

    /** @param {number} volume 0..1 */
    setVolume(volume) {
        this.volume = volume;
        for (const element of this.elements.values()) {
            element.volume = volume;
        }
    }

    /** @param {string} id of a device, "" for the usual one */
    setSpeaker(id) {
        this.speaker = id;
        for (const element of this.elements.values()) {
            this.aim(element);
        }
    }

    /** @param {HTMLAudioElement} element */
    aim(element) {
        const able = /** @type {HTMLAudioElement & {setSinkId?: (id: string) => Promise<void>, sinkId?: string}} */ (
            element
        );
        if (able.setSinkId && able.sinkId !== this.speaker) {
            void able.setSinkId(this.speaker).catch(() => {}); // a device that went away: the usual one
        }
    }
}
