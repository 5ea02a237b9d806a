/** Settings: devices and whether they work, how calls arrive, language and look. */

import { h } from "../../base/dom.js";
import { LANGUAGES } from "../../base/words.js";
import { icon } from "./icons.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("../core/devices.js").Devices} Devices */
/** @typedef {import("../core/devices.js").Use} Use */
/** @typedef {import("../core/devices.js").Treatment} Treatment */

/** @type {Use[]} */
const USES = ["microphone", "speaker", "ringer", "camera"];
/** @type {Treatment[]} */
const TREATMENTS = ["echo", "noise", "gain"];
const TRY_MS = 3000;

export class Settings {
    /** @param {Panel} panel */
    constructor(panel) {
        this.panel = panel;
        /** @type {Devices | null} */
        this.devices = null;
        this.trying = ""; // what is played now
        this.loop = /** @type {"" | "speak" | "listen"} */ ("");
        this.end = () => {};
        /** @type {HTMLAudioElement | null} */
        this.played = null;
    }

    /** The devices of the phone that is there; their sounds go where they shall. */
    async load() {
        const { phone } = this.panel;
        if (!phone || !navigator.mediaDevices) {
            return;
        }
        const devices = await phone.devices().catch(() => null);
        if (devices && this.devices !== devices) {
            this.devices = devices;
            devices.addEventListener("change", () => this.aim());
        }
        await devices?.refresh();
        this.aim();
    }

    /** Sounds follow the choice. */
    aim() {
        if (this.devices) {
            this.panel.sounds.speaker = this.devices.current("speaker");
            this.panel.sounds.ringer = this.devices.current("ringer");
            this.panel.audio.setSpeaker(this.devices.current("speaker"));
        }
        this.panel.redraw();
    }

    stopTests() {
        this.end();
        this.end = () => {};
        this.trying = "";
        this.played?.pause();
        this.panel.redraw();
    }

    /** @param {"speaker" | "ringer"} device */
    tryOut(device) {
        const again = this.trying === device;
        this.stopTests();
        if (!again) {
            const end = this.panel.sounds.test(device);
            const timer = setTimeout(() => this.stopTests(), TRY_MS);
            this.trying = device;
            this.end = () => {
                clearTimeout(timer);
                end();
            };
        }
    }

    async tryMicrophone() {
        const { panel } = this;
        this.stopTests();
        this.loop = "speak";
        await panel.attempt(async () => {
            const blob = await this.devices?.loopBack();
            if (blob) {
                this.loop = "listen";
                panel.redraw();
                await this.play(blob);
            }
        });
        this.loop = "";
        panel.redraw();
    }

    /** @param {Blob} blob */
    async play(blob) {
        const address = URL.createObjectURL(blob);
        const audio = new Audio(address);
        this.played = audio;
        const speaker = this.devices?.current("speaker");
        if (speaker && audio.setSinkId) {
            await audio.setSinkId(speaker).catch(() => {}); // it went away: the usual one
        }
        const over = new Promise((resolve) =>
            ["ended", "pause", "error"].forEach((name) => audio.addEventListener(name, resolve)),
        );
        await audio.play();
        await over;
        URL.revokeObjectURL(address);
    }

    async askToNotify() {
        const answer = await Notification.requestPermission();
        this.panel.memory.set({ notify: answer === "granted" });
        this.panel.redraw();
    }

    view() {
        const { panel } = this;
        const { say } = panel.face;
        const group = (/** @type {string} */ key, /** @type {import("../../base/dom.js").Nested[]} */ ...content) =>
            h("fieldset", { class: "group" }, h("legend", {}, say(key)), content);
        return h(
            "div",
            { key: "settings", class: "choosing" },
            this.devices &&
                group(
                    "settings.devices",
                    USES.map((use) => this.choice(use)),
                    this.unnamed() && h("p", { class: "soft" }, say("settings.names")),
                ),
            this.devices && group("settings.try", this.tests()),
            this.devices &&
                group(
                    "settings.sound",
                    TREATMENTS.map((what) => this.treatment(what)),
                ),
            group(
                "settings.calls",
                this.check("settings.quiet", Boolean(panel.memory.get("quiet")), (on) => {
                    panel.memory.set({ quiet: on });
                    panel.follow();
                }),
                this.notifications(),
                h("p", { class: "soft" }, say("settings.open")),
            ),
            group("settings.look", this.language(), this.theme()),
        );
    }

    unnamed() {
        return USES.some((use) => this.devices?.list(use).some((each) => !each.isDefault && !each.name));
    }

    /** @param {Use} use */
    choice(use) {
        const devices = /** @type {Devices} */ (this.devices);
        if ((use === "speaker" || use === "ringer") && !devices.canChooseSpeaker) {
            return null;
        }
        const { panel } = this;
        const name = (/** @type {import("../core/devices.js").Device} */ each, /** @type {number} */ n) =>
            each.isDefault ? panel.say("settings.default") : each.name || panel.say("settings.unnamed", { count: n });
        return this.select(
            `settings.${use}`,
            devices.current(use),
            devices.list(use).map((each, n) => [each.id, name(each, n)]),
            (id) => void panel.attempt(() => devices.choose(use, id)),
        );
    }

    /**
     * @param {string} key @param {string} value @param {[string, string][]} options
     * @param {(value: string) => void} choose
     */
    select(key, value, options, choose) {
        return h(
            "label",
            { key, class: "field" },
            this.panel.say(key),
            h(
                "select",
                {
                    value,
                    onchange: (/** @type {Event} */ event) =>
                        choose(/** @type {HTMLSelectElement} */ (event.target).value),
                },
                options.map(([id, name]) => h("option", { value: id, key: id }, name)),
            ),
        );
    }

    /** @param {string} key @param {boolean} on @param {(on: boolean) => void} change */
    check(key, on, change) {
        return h(
            "label",
            { key, class: "switch" },
            h("input", {
                type: "checkbox",
                role: "switch",
                checked: on,
                onchange: (/** @type {Event} */ event) =>
                    change(/** @type {HTMLInputElement} */ (event.target).checked),
            }),
            h("span", {}, this.panel.say(key)),
        );
    }

    /** @param {Treatment} what */
    treatment(what) {
        const devices = /** @type {Devices} */ (this.devices);
        return this.check(
            `settings.${what}`,
            devices.treatment(what),
            (on) => void this.panel.attempt(() => devices.treat(what, on)),
        );
    }

    tests() {
        const { panel } = this;
        const { say } = panel.face;
        const button = (
            /** @type {"speaker" | "ringer"} */ device,
            /** @type {string} */ key,
            /** @type {string} */ drawing,
        ) =>
            h(
                "button",
                { class: "small wide", type: "button", onclick: () => this.tryOut(device) },
                icon(drawing),
                say(this.trying === device ? "settings.stop" : key),
            );
        return [
            button("speaker", "settings.tone", "volume"),
            button("ringer", "settings.ring", "bell"),
            h(
                "button",
                {
                    class: "small wide",
                    type: "button",
                    disabled: this.loop !== "",
                    onclick: () => void this.tryMicrophone(),
                },
                icon("mic"),
                h("span", { role: "status" }, say(this.loop ? `settings.${this.loop}` : "settings.loop")),
            ),
        ];
    }

    notifications() {
        const { panel } = this;
        const { say } = panel.face;
        if (!("Notification" in window)) {
            return h("p", { class: "soft" }, say("settings.notify.none"));
        }
        if (Notification.permission === "denied") {
            return h("p", { class: "soft" }, say("settings.notify.blocked"));
        }
        const on = Notification.permission === "granted" && Boolean(panel.memory.get("notify"));
        return [
            this.check("settings.notify", on, (wanted) => {
                if (wanted) {
                    void this.askToNotify();
                } else {
                    panel.memory.set({ notify: false });
                    panel.redraw();
                }
            }),
            h("p", { class: "soft" }, say("settings.notify.why")),
        ];
    }

    /** Where the page has decided, there is no choice. */
    language() {
        const { panel } = this;
        if (panel.face.host.hasAttribute("lang")) {
            return null;
        }
        /** @type {[string, string][]} */
        const options = [
            ["", panel.say("settings.language.auto")],
            .../** @type {[string, string][]} */ (Object.entries(LANGUAGES)),
        ];
        return this.select("settings.language", panel.memory.get("language") ?? "", options, (language) =>
            panel.face.choose({ language: language || undefined }),
        );
    }

    theme() {
        const { panel } = this;
        if (panel.face.host.hasAttribute("theme")) {
            return null;
        }
        const options = ["auto", "light", "dark"].map(
            (each) => /** @type {[string, string]} */ ([each, panel.say(`settings.theme.${each}`)]),
        );
        return this.select("settings.theme", panel.memory.get("theme") ?? "auto", options, (theme) =>
            panel.face.choose({ theme }),
        );
    }
}
