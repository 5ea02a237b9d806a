/** The door: who are you? */

import { h } from "../../base/dom.js";
import { LANGUAGES, locale } from "../../base/words.js";
import { problemOf } from "../api.js";
import { recall, remember } from "../parts/keep.js";
import { sentence } from "../parts/trouble.js";

const TLS_PORT = 8082;

/** @typedef {import("../parts/site.js").Site} Site */

/**
 * @param {Site} site @param {(me: import("../parts/site.js").Me) => void} enter is told who came in
 * @param {boolean} expired whether somebody was here until now
 * @returns {import("../parts/site.js").Page}
 */
export default function login(site, enter, expired) {
    const { say } = site;
    const given = { user: recall("user") ?? "", password: "" };
    let fault = "";
    let busy = false;
    let wait = 0;
    document.title = `${say("login")} · XSwitch`;

    /** @param {Event} event */
    async function send(event) {
        event.preventDefault();
        if (busy || wait > 0) {
            return;
        }
        fault = given.user && given.password ? "" : say("login.missing");
        busy = !fault;
        site.redraw();
        if (busy) {
            await ask();
            busy = false;
            site.redraw();
        }
    }

    async function ask() {
        try {
            await site.api.send("POST", "/auth/login", { user: given.user, password: given.password });
            const me = await site.api.get("/auth/me");
            remember("user", given.user);
            enter(me);
        } catch (error) {
            refuse(problemOf(error));
        }
    }

    /** @param {import("../api.js").Problem} problem */
    function refuse(problem) {
        if (problem.code === "too_many_requests") {
            wait = Math.max(1, Math.ceil(problem.retryAfter));
            count();
        } else if (problem.status === 401) {
            // who came in and is not known a moment later brought no cookie: the browser did not keep it
            fault = say(problem.detail ? "login.wrong" : "login.cookie");
        } else {
            fault = problem.code === "forbidden" ? say("login.insecure") : sentence(say, problem);
        }
        setTimeout(() => document.getElementById("password")?.focus());
    }

    function count() {
        fault = wait > 0 ? say("problem.wait", { count: wait }) : "";
        site.redraw();
        if (wait > 0) {
            setTimeout(() => {
                wait -= 1;
                count();
            }, 1000);
        }
    }

    /** @param {"user" | "password"} name */
    function field(name) {
        const secret = name === "password";
        return h(
            "p",
            { class: "field" },
            h("label", { for: name }, say(`login.${name}`)),
            h("input", {
                id: name,
                type: secret ? "password" : "text",
                autocomplete: secret ? "current-password" : "username",
                autocapitalize: "off",
                spellcheck: "false",
                autofocus: secret === Boolean(given.user),
                value: given[name],
                oninput: (/** @type {any} */ event) => (given[name] = event.target.value),
            }),
        );
    }

    function form() {
        return h(
            "form",
            { onsubmit: send, novalidate: true },
            field("user"),
            field("password"),
            h("p", { class: "fault", role: "alert" }, fault),
            h(
                "button",
                { class: "primary", type: "submit", disabled: busy || wait > 0 },
                say(busy ? "login.busy" : "login"),
            ),
        );
    }

    return {
        title: "login",
        view: () => [
            h(
                "div",
                { class: "card door" },
                h("img", { src: "/static/admin/icon.svg", alt: "", width: 48, height: 48 }),
                h("h1", { id: "title", tabindex: -1 }, say("login.title")),
                expired && h("p", { class: "soft", role: "status" }, say("login.expired")),
                isSecureContext ? form() : insecure(site),
            ),
            languages(site),
        ],
    };
}

/** A browser keeps no cookie of ours here. @param {Site} site */
function insecure({ say }) {
    const place = location.pathname + location.hash;
    const address = `https://${location.hostname}:${TLS_PORT}${place}`;
    const here = `http://localhost:${location.port || 80}${place}`;
    return h(
        "div",
        { class: "notice", role: "alert" },
        h("p", {}, say("login.plain")),
        h("p", {}, h("a", { class: "button primary", href: address }, say("login.tls"))),
        h("p", { class: "soft" }, address),
        h("p", { class: "soft" }, say("login.here", { address: here })),
    );
}

/** @param {Site} site */
function languages(site) {
    return h(
        "div",
        { class: "languages" },
        Object.entries(LANGUAGES).map(([language, name]) => {
            const props = {
                key: language,
                type: "button",
                class: "plain",
                lang: locale(language),
                "aria-pressed": String(language === site.language),
                onclick: () => site.choose(language),
            };
            return h("button", props, name);
        }),
    );
}
