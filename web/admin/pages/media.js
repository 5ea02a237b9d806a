/** Sounds: brought, heard, removed. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { MEDIA } from "../hints.js";
import { buttons } from "../parts/dialogs.js";
import { filePick } from "../parts/filepick.js";
import { icon } from "../parts/icons.js";
import { sentence } from "../parts/trouble.js";
import { resource } from "./resource.js";

/** @typedef {import("../parts/site.js").Site} Site */

const KINDS = ".wav,.mp3,.ogg,.oga,.opus,.flac,audio/*";
const LARGEST = 50 * 1024 ** 2;

/** @type {import("../parts/site.js").MakePage} */
export default function media(site, rest, query) {
    const { say } = site;
    return resource(site, rest, query, MEDIA, {
        actions: (list) =>
            site.mayAll("media:write") &&
            h(
                "button",
                { type: "button", class: "primary", onclick: () => bring(site, () => list.load()) },
                icon("upload"),
                say("media.new"),
            ),
        shows: {
            name: (item) => h("strong", {}, item.name),
            source: (item) => h("code", {}, item.source),
        },
        menu: (item) => [{ text: say("media.hear"), icon: "play", act: () => hear(site, item) }],
    });
}

/** @param {Site} site @param {any} item */
function hear(site, item) {
    const src = `/api/v1/media/${encodeURIComponent(item.name)}/content`;
    let fault = "";
    const failed = () => {
        fault = site.say("media.silent");
        dialog.redraw();
    };
    const dialog = site.dialog(() => [
        h("h2", { id: "dialog-title" }, item.name),
        h("audio", { src, controls: true, autoplay: true, "aria-label": item.name, onerror: failed }),
        h("p", { class: "fault", role: "alert" }, fault),
        buttons(
            h(
                "a",
                { class: "button", href: src, download: `${item.name}.wav` },
                icon("download"),
                site.say("download"),
            ),
            h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, site.say("close")),
        ),
    ]);
}

/** @param {Site} site @param {() => void} done */
function bring(site, done) {
    const { say } = site;
    const end = new AbortController();
    /** @type {File | null} */
    let file = null;
    let [name, replace, fault, part] = ["", false, "", -1];

    const pick = (/** @type {File | null} */ chosen) => {
        file = chosen;
        name = file?.name.replace(/\.[^.]*$/, "") ?? "";
        fault = file && file.size > LARGEST ? say("media.large") : "";
        dialog.redraw();
    };

    /** @param {Event} event */
    const send = async (event) => {
        event.preventDefault();
        if (!file || part >= 0 || file.size > LARGEST) {
            fault ||= say("media.missing");
            return dialog.redraw();
        }
        const form = new FormData();
        form.append("name", name);
        form.append("replace", String(replace));
        form.append("file", file);
        [part, fault] = [0, ""];
        dialog.redraw();
        try {
            await site.api.upload("/media", form, progress, end.signal);
            dialog.close();
            site.toast(say("made", { name }));
            done();
        } catch (error) {
            part = -1;
            fault =
                problemOf(error).code === "taken"
                    ? say("media.taken")
                    : `${sentence(say, error)} ${problemOf(error).errors[0]?.detail ?? ""}`;
            dialog.redraw();
        }
    };
    const progress = (/** @type {number} */ now) => {
        part = now;
        dialog.redraw();
    };
    const dialog = site.dialog(() => [
        h("h2", { id: "dialog-title" }, say("media.new")),
        h("p", { class: "soft" }, say("media.kinds")),
        h(
            "form",
            { onsubmit: send, novalidate: true },
            filePick(say, { id: "media-file", label: say("media.file"), accept: KINDS, name: file?.name ?? "", pick }),
            h(
                "div",
                { class: "field" },
                h("label", { for: "media-name" }, say("media.name")),
                h("input", {
                    id: "media-name",
                    value: name,
                    oninput: (/** @type {any} */ event) => (name = event.target.value),
                }),
            ),
            h(
                "label",
                { class: "check" },
                h("input", {
                    type: "checkbox",
                    checked: replace,
                    onchange: (/** @type {any} */ event) => (replace = event.target.checked),
                }),
                h("span", {}, say("media.replace")),
            ),
            part >= 0 &&
                h(
                    "p",
                    { role: "status" },
                    h("progress", { max: 1, value: part }),
                    " ",
                    say(part < 1 ? "media.sending" : "media.reading"),
                ),
            h("p", { class: "fault", role: "alert" }, fault),
            buttons(
                h("button", { type: "button", onclick: () => dialog.close() }, say("cancel")),
                h("button", { type: "submit", class: "primary", disabled: part >= 0 }, say("media.send")),
            ),
        ),
    ]);
    dialog.done.then(() => end.abort());
}
