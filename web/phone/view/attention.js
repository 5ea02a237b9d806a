/** Calling for attention: the title, a system notification, keys that work anywhere; and a screen that stays on. */

/**
 * @typedef {object} Wanted
 * @property {string} title what the tab shall say meanwhile
 * @property {string} text of the notification
 * @property {boolean} notify
 * @property {() => void} show @property {() => void} answer @property {() => void} decline
 */

const FLASH = 1000; // ms

export class Attention {
    constructor() {
        /** @type {AbortController | null} */ this.ringing = null;
        /** @type {WakeLockSentinel | null} */ this.lock = null;
        this.awake = false;
        this.seen = () => void this.hold();
    }

    /** Somebody calls. @param {Wanted} wanted */
    start(wanted) {
        if (this.ringing) {
            return;
        }
        this.ringing = new AbortController();
        const { signal } = this.ringing;
        flash(wanted.title, signal);
        listen(wanted, signal);
        if (document.hidden && wanted.notify) {
            notify(wanted, signal);
        }
    }

    stop() {
        this.ringing?.abort();
        this.ringing = null;
    }

    /** Whether the screen stays on. @param {boolean} on */
    keepAwake(on) {
        if (on === this.awake) {
            return;
        }
        this.awake = on;
        if (on) {
            document.addEventListener("visibilitychange", this.seen);
            void this.hold();
        } else {
            document.removeEventListener("visibilitychange", this.seen);
            void this.lock?.release().catch(() => {});
            this.lock = null;
        }
    }

    /** A lock is lost whenever the tab is hidden. */
    async hold() {
        if (!this.awake || document.hidden || !("wakeLock" in navigator)) {
            return;
        }
        try {
            const lock = await navigator.wakeLock.request("screen");
            void (this.awake ? this.lock : lock)?.release().catch(() => {}); // one is enough, and none after the call
            this.lock = this.awake ? lock : null;
        } catch {
            // low battery: the call goes on without
        }
    }

    close() {
        this.stop();
        this.keepAwake(false);
    }
}

/** @param {string} title @param {AbortSignal} signal */
function flash(title, signal) {
    const before = document.title;
    document.title = title;
    const timer = setInterval(() => {
        document.title = document.title === title ? before : title;
    }, FLASH);
    signal.addEventListener("abort", () => {
        clearInterval(timer);
        document.title = before;
    });
}

/** Ctrl+Alt+A and Ctrl+Alt+D, by where the key is. @param {Wanted} wanted @param {AbortSignal} signal */
function listen(wanted, signal) {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
        if (!event.ctrlKey || !event.altKey || event.repeat || (event.code !== "KeyA" && event.code !== "KeyD")) {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        (event.code === "KeyA" ? wanted.answer : wanted.decline)();
    };
    addEventListener("keydown", pressed, { capture: true, signal });
}

/** @param {Wanted} wanted @param {AbortSignal} signal */
function notify(wanted, signal) {
    if (!("Notification" in window) || Notification.permission !== "granted") {
        return;
    }
    try {
        const note = new Notification(wanted.title, {
            body: wanted.text,
            tag: "xswitch-phone",
            requireInteraction: true,
        });
        note.onclick = () => {
            window.focus();
            wanted.show();
        };
        signal.addEventListener("abort", () => note.close());
    } catch {
        // mobile browsers have the word but not the thing
    }
}
