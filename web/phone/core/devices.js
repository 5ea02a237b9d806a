/** Microphones, speakers and cameras: which there are, which are used, and whether they work. */

import { camera, choose, chosen } from "./microphone.js";
import { trouble } from "./trouble.js";

/** @typedef {"microphone" | "speaker" | "ringer" | "camera"} Use */
/** @typedef {{id: string, name: string, isDefault: boolean}} Device `id` "": whatever the system has set */
/** @typedef {"echo" | "noise" | "gain"} Treatment */

/** @type {Record<Use, MediaDeviceKind>} */
const KINDS = { microphone: "audioinput", speaker: "audiooutput", ringer: "audiooutput", camera: "videoinput" };
const LOOP_MS = 3000;

/** Events: `change`; `lost` (detail: the Use whose device was unplugged; the default takes its place). */
export class Devices extends EventTarget {
    /** @type {MediaDeviceInfo[]} */
    #known = [];
    #phone;

    #microphone;

    /** @param {import("./phone.js").Phone} phone @param {import("./microphone.js").Microphone} microphone */
    constructor(phone, microphone) {
        super();
        this.#phone = phone;
        this.#microphone = microphone;
        navigator.mediaDevices.addEventListener("devicechange", () => this.refresh());
        microphone.addEventListener("lost", () => this.#lost("microphone"));
        this.refresh();
    }

    /** Look again, such as after the microphone was allowed: names come only then. */
    async refresh() {
        const before = this.#known;
        this.#known = await navigator.mediaDevices.enumerateDevices().catch(() => []);
        for (const use of /** @type {Use[]} */ (["speaker", "ringer", "camera"])) {
            const id = chosen()[use];
            if (id && has(before, use, id) && !has(this.#known, use, id)) {
                this.#lost(use);
            }
        }
        const was = systemDefault(before); // not known before the microphone is allowed
        const isOther = !chosen().microphone && was && systemDefault(this.#known) !== was;
        if (isOther || this.#microphone.isGone) {
            await this.#microphone.change().catch(() => {}); // the system has another one now, and we follow
        }
        this.#tell();
    }

    /** @param {Use} use @returns {Device[]} the system's choice first */
    list(use) {
        const own = this.#known.filter((each) => each.kind === KINDS[use] && each.deviceId
            && each.deviceId !== "default" && each.deviceId !== "communications");
        const named = own.map((each) => ({ id: each.deviceId, name: each.label, isDefault: false }));
        return [{ id: "", name: "", isDefault: true }, ...named];
    }

    /** Which is used; "" while it is not there. @param {Use} use */
    current(use) {
        const id = chosen()[use] ?? "";
        return has(this.#known, use, id) ? id : "";
    }

    /** Whether sound can be sent to a speaker of one's choice. */
    get canChooseSpeaker() {
        return "setSinkId" in HTMLMediaElement.prototype;
    }

    /** Use a device from now on, also in calls that go on. @param {Use} use @param {string} id */
    async choose(use, id) {
        choose({ [use]: id });
        if (use === "microphone") {
            await this.#microphone.change();
        } else if (use === "camera") {
            await Promise.all(this.#phone.calls.filter((call) => call.video.mine).map((call) => call.setVideo(true)));
        }
        this.#tell();
    }

    /** @param {Treatment} what */
    treatment(what) {
        return chosen()[what] ?? true;
    }

    /** @param {Treatment} what @param {boolean} on */
    async treat(what, on) {
        choose({ [what]: on });
        await this.#microphone.change();
        this.#tell();
    }

    /** A picture of ourselves; who asks for it stops its track. */
    async preview() {
        return new MediaStream([await camera()]);
    }

    /** Three seconds of what the microphone hears, to be played back. @returns {Promise<Blob>} */
    async loopBack(ms = LOOP_MS) {
        const user = {};
        try {
            const track = await this.#microphone.open(user);
            const recorder = new MediaRecorder(new MediaStream([track]));
            /** @type {Blob[]} */
            const parts = [];
            recorder.ondataavailable = ({ data }) => parts.push(data);
            const ended = new Promise((resolve) => (recorder.onstop = resolve));
            recorder.start();
            setTimeout(() => recorder.state === "recording" && recorder.stop(), ms);
            await ended;
            track.stop();
            return new Blob(parts, { type: recorder.mimeType });
        } finally {
            this.#microphone.close(user);
            this.refresh();
        }
    }

    /** @param {Use} use */
    #lost(use) {
        this.dispatchEvent(new CustomEvent("lost", { detail: use }));
        if (use === "microphone" && !this.#known.some((each) => each.kind === "audioinput")) {
            this.#phone.complain(trouble("mic-missing"));
        }
        this.#tell();
    }

    #tell() {
        this.dispatchEvent(new Event("change"));
        this.#phone.tell();
    }
}

/** @param {MediaDeviceInfo[]} known @param {Use} use @param {string} id */
function has(known, use, id) {
    return known.some((each) => each.kind === KINDS[use] && each.deviceId === id);
}

/** Which microphone the system has set. @param {MediaDeviceInfo[]} known */
function systemDefault(known) {
    return known.find((each) => each.kind === "audioinput" && each.deviceId === "default")?.groupId ?? "";
}
