/** The frame of the panel: head, tabs, what is wrong, what lies above; and where the focus may go. */

import { h } from "../../base/dom.js";
import { hold, keep, rove } from "./focus.js";
import { icon } from "./icons.js";
import { BADGES } from "./launcher.js";
import { kindOf } from "./kind.js";
import { round } from "./parts.js";
import { sizer } from "./size.js";
import { plain } from "./text.js";
import { advice } from "./trouble.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./panel.js").Tab} Tab */

/** @type {[Tab, string][]} */
const TABS = [
    ["phone", "keypad"],
    ["history", "history"],
    ["chat", "chat"],
    ["settings", "settings"],
];

const REASONS = new Set(["origin", "certificate", "lna-denied", "refused"]); // for a connection that is not there

/** @param {Panel} panel */
export function frame(panel) {
    const { memory } = panel;
    const sheet = !panel.inline && matchMedia("(max-width: 479px)").matches;
    const [width, height] = [memory.get("width"), memory.get("height")];
    return h(
        "section",
        {
            key: "panel",
            class: "panel",
            part: "panel",
            role: panel.inline ? "region" : "dialog",
            "aria-modal": sheet ? "true" : undefined,
            "aria-label": panel.say("panel.label"),
            tabindex: "-1",
            style: sheet || panel.inline ? {} : { width: width && `${width}px`, height: height && `${height}px` },
            onkeydown: (/** @type {KeyboardEvent} */ event) => pressed(panel, event, sheet),
            onclick: (/** @type {MouseEvent} */ event) => clicked(panel, event),
            onpaste: (/** @type {ClipboardEvent} */ event) => panel.pad.pasted(event),
        },
        head(panel),
        h(
            "div",
            { class: "body", part: "body", inert: panel.layer !== null || panel.menu },
            banner(panel),
            panel.notices.view(),
            body(panel),
        ),
        working(panel) && tabs(panel),
        panel.layer && layer(panel),
        !sheet && !panel.inline && sizer(panel),
    );
}

/** @param {Panel} panel */
function body(panel) {
    if (needsLogin(panel)) {
        return panel.login.view();
    }
    if (!panel.memory.get("checked") && !panel.calls.length) {
        return panel.ready.view();
    }
    const { tab: name } = panel;
    const label = panel.say(`tab.${name}`);
    return h("div", { key: name, id: "tab", class: `tab ${name}`, role: "tabpanel", "aria-label": label }, tab(panel));
}

/** Nobody is logged in, and it is for the person here to do so. @param {Panel} panel */
function needsLogin({ phone, face }) {
    const wrong = ["wrong-password", "locked"].includes(phone?.trouble?.code ?? "");
    return face.standalone && (!phone || (phone.state === "refused" && wrong));
}

/** There is a phone to work with. @param {Panel} panel */
function working(panel) {
    return !needsLogin(panel) && (panel.memory.get("checked") || panel.calls.length > 0);
}

/** Somebody could call now, or soon. @param {Panel} panel */
function usable({ phone }) {
    return phone?.state !== "refused" && phone?.state !== "elsewhere";
}

/** @param {Panel} panel */
function tab(panel) {
    const views = {
        phone: () => (panel.calls.length ? panel.cards.view() : usable(panel) && panel.pad.view()),
        history: () => panel.history.view(),
        chat: () => panel.chats.view(),
        settings: () => panel.settings.view(),
    };
    return views[panel.tab]();
}

/** @param {Panel} panel */
function head(panel) {
    const { say, phone } = { say: panel.face.say, phone: panel.phone };
    const state = phone?.state ?? "off";
    const number = plain(phone?.user?.number || phone?.login?.split("@")[0], 30);
    const name = plain(phone?.user?.name, 30);
    return h(
        "div", // no header: it would be taken for that of the page
        { class: "head", part: "head" },
        h("span", { class: `lamp is-${state}` }, icon(BADGES[state])),
        h(
            "div",
            { class: "who" },
            h("strong", {}, h("bdi", {}, name || number || say("panel.label"))),
            h(
                "span",
                { class: "soft" },
                name && number && [h("bdi", {}, number), " · "],
                say(`state.${kindOf(phone) === "refused" ? "refused" : state}`),
            ),
        ),
        round(say("menu.open"), "more", () => toggleMenu(panel), { part: "menu", "aria-expanded": String(panel.menu) }),
        !panel.inline && round(say("panel.close"), "down", () => panel.face.close(), { part: "close" }),
        panel.menu && menu(panel),
    );
}

/** @param {Panel} panel */
function toggleMenu(panel) {
    panel.menu = !panel.menu;
    panel.redraw();
    if (panel.menu) {
        hold(panel.face.root, ".menu");
    }
}

/** @param {Panel} panel */
function menu(panel) {
    const { face } = panel;
    const left = (face.memory.get("corner") ?? face.host.getAttribute("corner")) === "left";
    /** @type {[string, () => void][]} */
    const items = [["menu.check", () => panel.ready.again()]];
    if (!panel.inline) {
        items.push([left ? "menu.right" : "menu.left", () => face.choose({ corner: left ? "right" : "left" })]);
        items.push(["menu.size", () => face.choose({ width: undefined, height: undefined })]);
    }
    if (face.standalone && panel.phone) {
        items.push(["menu.logout", () => face.enter(null)]);
    }
    const choose = (/** @type {() => void} */ act) => {
        panel.menu = false;
        act();
        panel.redraw();
        hold(face.root, "[part=menu]");
    };
    const button = (/** @type {[string, () => void]} */ [key, act]) =>
        h("button", { role: "menuitem", type: "button", onclick: () => choose(act) }, panel.say(key));
    return h(
        "div",
        { class: "menu", role: "menu", "aria-label": panel.say("menu.open"), onkeydown: rove },
        items.map(button),
    );
}

/** A press beside the menu closes it. @param {Panel} panel @param {MouseEvent} event */
function clicked(panel, event) {
    const target = /** @type {Element} */ (event.composedPath()[0]);
    if (panel.menu && !target.closest(".menu, [part=menu]")) {
        panel.menu = false;
        panel.redraw();
    }
}

/** What is wrong now, with what helps. @param {Panel} panel */
function banner(panel) {
    const { phone } = panel;
    const say = panel.face.say;
    const silent =
        panel.audio.blocked &&
        h(
            "div",
            { key: "silent", class: "banner warn", role: "alert" },
            h("p", {}, say("trouble.no-audio-yet")),
            h(
                "button",
                { class: "main", type: "button", onclick: () => void panel.audio.unblock() },
                icon("volume"),
                say("audio.unblock"),
            ),
        );
    if (phone?.state === "elsewhere") {
        return [
            silent,
            h(
                "div",
                { key: "elsewhere", class: "banner", role: "status" },
                h("p", {}, say("trouble.elsewhere")),
                h("button", { class: "main", type: "button", onclick: () => phone.takeOver() }, say("elsewhere.here")),
            ),
        ];
    }
    if (phone?.state === "refused" && phone.trouble && !needsLogin(panel) && panel.memory.get("checked")) {
        return [silent, h("div", { key: "trouble", class: "banner bad", role: "alert" }, advice(panel, phone.trouble))];
    }
    return [silent, phone?.state === "lost" && lost(panel)];
}

/** Why there is no connection, if more is known than that. @param {Panel} panel */
function lost(panel) {
    const { calls, phone } = panel;
    const found = phone?.trouble;
    const why = found && REASONS.has(found.code) && !calls.length && panel.memory.get("checked") ? found : null;
    const text = panel.say(calls.length ? "lost.call" : "lost.idle");
    return h("div", { key: "lost", class: "banner warn", role: "status" }, why ? advice(panel, why) : h("p", {}, text));
}

/** @param {Panel} panel */
function tabs(panel) {
    const counts = { phone: 0, settings: 0, history: panel.missed, chat: panel.chats.unread };
    const one = (/** @type {[Tab, string]} */ [name, drawing]) => {
        const chosen = panel.tab === name;
        const count = counts[name];
        return h(
            "button",
            {
                role: "tab",
                type: "button",
                id: `tab-${name}`,
                "aria-selected": String(chosen),
                "aria-controls": "tab",
                tabindex: chosen ? "0" : "-1",
                onclick: () => panel.show(name),
            },
            h(
                "span",
                { class: "mark" },
                icon(name === "phone" && panel.calls.length ? "phone" : drawing),
                count > 0 && h("span", { class: "count" }, count > 9 ? "9+" : count),
            ),
            h("span", {}, panel.say(`tab.${name}`)),
            count > 0 && h("span", { class: "unseen" }, panel.say(`tab.${name}.new`, { count })),
        );
    };
    return h(
        "div",
        { class: "tabs", part: "tabs" },
        h("div", { role: "tablist", "aria-label": panel.say("panel.label"), onkeydown: rove }, TABS.map(one)),
    );
}

/** @param {Panel} panel */
function layer(panel) {
    const now = /** @type {import("./panel.js").Layer} */ (panel.layer);
    return h(
        "div",
        {
            key: "layer",
            class: "layer",
            part: "dialog",
            role: "dialog",
            "aria-modal": "true",
            "aria-label": now.title,
            tabindex: "-1",
        },
        h(
            "div",
            { class: "layer-head" },
            h("h2", {}, now.title),
            h(
                "button",
                {
                    class: "round",
                    type: "button",
                    "aria-label": panel.say("layer.close"),
                    title: panel.say("layer.close"),
                    onclick: () => panel.unlay(),
                },
                icon("cross"),
            ),
        ),
        h("div", { class: "layer-body" }, now.view()),
    );
}

// --- keys and focus

/** @param {Panel} panel @param {KeyboardEvent} event @param {boolean} sheet */
function pressed(panel, event, sheet) {
    if (event.key === "Escape") {
        event.stopPropagation();
        if (panel.menu) {
            panel.menu = false;
            panel.redraw();
            hold(panel.face.root, "[part=menu]");
        } else if (panel.layer) {
            panel.unlay();
        } else if (!panel.inline) {
            panel.face.close();
        }
    } else if (event.key === "Tab" && (panel.layer || sheet)) {
        keep(/** @type {HTMLElement} */ (panel.face.root.querySelector(panel.layer ? ".layer" : ".panel")), event);
    } else if (!panel.layer) {
        panel.cards.pressed(event) || panel.pad.pressed(event);
    }
}
