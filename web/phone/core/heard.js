/** What of a call is heard and seen, whether its sound is at hand yet or not. */

export class Heard extends EventTarget {
    /** @type {import("./talk.js").Talk | null} the sound, once there is some */
    talk = null;
    /** Nobody hears us. */
    muted = false;

    /** Its sound goes through. */
    get isHeard() {
        return this.talk?.isHeard ?? false;
    }

    /** We speak while nobody hears it. */
    get talking() {
        return this.talk?.talking ?? false;
    }

    get digitsSent() {
        return this.talk?.digitsSent ?? "";
    }

    get video() {
        return this.talk?.video ?? { mine: false, theirs: false, screen: false };
    }

    /** What is heard and seen of the other side. */
    get remote() {
        return this.talk?.remote ?? null;
    }

    /** What the other side hears and sees. */
    get local() {
        return this.talk?.local ?? null;
    }

    /** For statistics. */
    get peer() {
        return this.talk?.peer ?? null;
    }

    /** How loud each side is, 0 to 1, when that was last asked. */
    levels() {
        return this.talk?.levels() ?? { mine: 0, theirs: 0 };
    }

    /** Let nobody hear us. @param {boolean} on */
    mute(on) {
        this.muted = on;
        this.talk?.mute(on);
        this.dispatchEvent(new Event("change"));
    }

    /** Press digits. @param {string} digits */
    dtmf(digits) {
        this.talk?.dtmf(digits);
    }

    /** Be seen, or not. @param {boolean} on */
    async setVideo(on) {
        await this.talk?.setVideo(on);
    }

    /** Show a screen; who thinks better of it has nothing changed. @param {boolean} on */
    async shareScreen(on) {
        await this.talk?.shareScreen(on);
    }

    /** Find another way through the network. */
    async restartIce() {
        await this.talk?.restartIce();
    }

    /** See that the sound comes back. `anyway`: the network is another one. */
    mend(anyway = false) {
        this.talk?.mend(anyway);
    }
}
