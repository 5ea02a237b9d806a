/** Plays a recording: both sides with their waveforms, a place to go to, the speed, a link for others. */

import { h } from "../../base/dom.js";
import { icon } from "./icons.js";
import { copyText } from "./message.js";
import { bytes, clock, number } from "./tell.js";
import { peaks, readWav, wavePath } from "./wav.js";

/**
 * @typedef {{id: string, call: string, started: string, ended: string | null, seconds: number, size: number, why:
 * string}} Recording
 */

const DRAWN_BYTES = 40_000_000; // about ten minutes: more is played, but not drawn
const BARS = 400;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** One recording. */
export class Player {
    /** @param {import("./site.js").Site} site @param {Recording} recording */
    constructor(site, recording) {
        this.site = site;
        this.recording = recording;
        this.path = `/recordings/${encodeURIComponent(recording.id)}`;
        this.speed = 1;
        this.failed = false;
        this.closed = false;
        /** Who spoke when: two SVG paths. @type {string[]} */
        this.waves = [];
        this.audio = new Audio();
        this.audio.preload = "metadata";
        this.audio.addEventListener("error", () => this._broken());
        for (const kind of ["play", "pause", "timeupdate", "durationchange", "ended", "seeked", "waiting", "playing"]) {
            this.audio.addEventListener(kind, () => site.redraw());
        }
        if (recording.size < DRAWN_BYTES) {
            this._look();
        }
    }

    /** The session may hear it: no link is needed here. */
    get url() {
        return `${this.site.api.base}${this.path}/content`;
    }

    get length() {
        return Number.isFinite(this.audio.duration) ? this.audio.duration : this.recording.seconds;
    }

    close() {
        this.closed = true;
        this.audio.pause();
        this.audio.removeAttribute("src");
    }

    view() {
        const { say } = this.site;
        return h(
            "div",
            { class: "player", role: "group", "aria-label": say("player.title"), key: this.recording.id },
            this._track(),
            h("div", { class: "player-row" }, this._play(), this._time(), this._speed(), this._links()),
            this.failed ? h("p", { class: "bad", role: "alert" }, say("player.failed")) : null,
        );
    }

    _play() {
        const { say } = this.site;
        const paused = this.audio.paused;
        return h(
            "button",
            { type: "button", class: "primary", onclick: () => this._toggle() },
            paused ? icon("play") : pauseSign(),
            say(paused ? "player.play" : "player.pause"),
        );
    }

    _time() {
        return h("span", { class: "player-time" }, `${clock(this.audio.currentTime)} / ${clock(this.length)}`);
    }

    _speed() {
        const { say, language } = this.site;
        const shown = (/** @type {number} */ speed) => `${number(language, speed)}×`;
        return h(
            "label",
            { class: "player-speed" },
            h("span", {}, say("player.speed")),
            h(
                "select",
                { value: String(this.speed), onchange: (/** @type {Event} */ event) => this._hurry(event) },
                SPEEDS.map((speed) => h("option", { value: String(speed) }, shown(speed))),
            ),
        );
    }

    _links() {
        const { say, language } = this.site;
        const file = h(
            "a",
            { class: "button", href: this.url, download: `${this.recording.id}.wav` },
            icon("download"),
            say("player.download", { size: bytes(language, this.recording.size) }),
        );
        return [file, h("button", { type: "button", onclick: () => this._share() }, icon("copy"), say("player.link"))];
    }

    /** The waveforms, and above them the slider that hand and keyboard move. */
    _track() {
        const { say } = this.site;
        const share = this.length ? this.audio.currentTime / this.length : 0;
        return h(
            "div",
            { class: `player-track ${this.waves.length ? "" : "bare"}` },
            this.waves.length
                ? h(
                      "svg",
                      { viewBox: `0 0 ${BARS} 100`, preserveAspectRatio: "none", "aria-hidden": "true" },
                      this.waves.map((wave, side) => h("path", { class: `wave side-${side}`, d: wave })),
                      h("path", { class: "player-mark", d: `M${share * BARS} 0V100` }),
                  )
                : null,
            this.waves.length === 2
                ? h(
                      "div",
                      { class: "player-sides", "aria-hidden": "true" },
                      h("span", {}, say("player.left")),
                      h("span", {}, say("player.right")),
                  )
                : null,
            h("input", {
                type: "range",
                min: 0,
                max: Math.max(0.1, this.length),
                step: 0.1,
                value: String(this.audio.currentTime),
                "aria-label": say("player.seek"),
                "aria-valuetext": `${clock(this.audio.currentTime)} / ${clock(this.length)}`,
                oninput: (/** @type {Event} */ event) => this._seek(event),
            }),
        );
    }

    _ready() {
        if (!this.audio.src) {
            this.audio.src = this.url;
            this.audio.playbackRate = this.speed;
        }
    }

    /** Let it be heard. */
    start() {
        this.failed = false;
        this._ready();
        this.audio.play().catch((error) => error.name === "AbortError" || this._broken());
        this.site.redraw();
    }

    _toggle() {
        this.audio.paused ? this.start() : this.audio.pause();
    }

    /** @param {Event} event */
    _seek(event) {
        const field = /** @type {HTMLInputElement} */ (event.target);
        this._ready();
        this.audio.currentTime = Number(field.value);
    }

    /** @param {Event} event */
    _hurry(event) {
        this.speed = Number(/** @type {HTMLSelectElement} */ (event.target).value);
        this.audio.playbackRate = this.speed;
        this.site.redraw();
    }

    async _share() {
        try {
            const { data } = await this.site.api.send("POST", `${this.path}/link`);
            await copyText(this.site, new URL(data.url, location.href).href);
        } catch (error) {
            this.site.fail(error);
        }
    }

    /** Fetch it to see who spoke when; without that it can still be played. */
    async _look() {
        try {
            const answer = await fetch(this.url, { signal: AbortSignal.timeout(60_000) });
            const sound = answer.ok ? readWav(await answer.arrayBuffer()) : null;
            if (!sound || this.closed) {
                return;
            }
            const half = 50 / sound.channels;
            for (let side = 0; side < sound.channels; side++) {
                await new Promise((resolve) => setTimeout(resolve)); // one side at a time: the page stays awake
                this.waves.push(wavePath(peaks(sound, side, BARS), half * (2 * side + 1), half * 0.9));
            }
            this.site.redraw();
        } catch {
            // the buttons are enough
        }
    }

    _broken() {
        if (!this.closed && this.audio.hasAttribute("src")) {
            this.failed = true;
            this.audio.removeAttribute("src");
            this.site.redraw();
        }
    }
}

function pauseSign() {
    return h(
        "svg",
        { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", fill: "currentColor" },
        h("path", { d: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z" }),
    );
}
