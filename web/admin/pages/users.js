/** Users: people and phones, their secrets and devices. */

import { h } from "../../base/dom.js";
import { USERS } from "../hints.js";
import { write } from "../parts/csv.js";
import { devices } from "../parts/devices.js";
import { icon } from "../parts/icons.js";
import { menu } from "../parts/menu.js";
import { saveText } from "../parts/save.js";
import { showSecret } from "../parts/secret.js";
import { pill } from "../parts/table.js";
import { ImportUsers, RangeOfUsers } from "../parts/userimport.js";
import { changeable, resource } from "./resource.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/menu.js").Choice} Choice */

const COLUMNS = ["name", "display_name", "number", "role", "enabled", "context", "variables"];

/** @type {import("../parts/site.js").MakePage} */
export default function users(site, rest, query) {
    if (site.mayAll("users:write") && (query.has("import") || query.has("range"))) {
        return query.has("import") ? new ImportUsers(site) : new RangeOfUsers(site);
    }
    const { say } = site;
    const counts = new Counts(site);
    const page = resource(site, rest, query, USERS, {
        actions: () => many(site),
        shows: {
            devices: (item) => counts.view(item),
            enabled: (item) => pill(say(item.enabled ? "users.on" : "users.off"), item.enabled ? "good" : ""),
        },
        menu: (item, again) => (changeable(site, USERS, item) ? doings(site, item, again) : []),
        bulk: [
            change(site, "enable", { enabled: true }),
            change(site, "disable", { enabled: false }),
            {
                key: "remove",
                text: say("remove"),
                yes: (count) => say("users.remove.many", { count }),
                danger: true,
                act: (item) => site.api.send("DELETE", path(item)),
            },
        ],
        made: async (made) => {
            if (made.phone_secret) {
                const secrets = /** @type {[string, string][]} */ ([[say("users.phone_secret"), made.phone_secret]]);
                await showSecret(site, {
                    title: say("users.once", { name: made.name }),
                    text: say("users.once.text"),
                    secrets,
                });
            }
        },
        panel: (item, again) => panel(site, item, again),
        stays: (item) => isOwn(site, item),
    });
    const left = page.close?.bind(page);
    page.close = () => {
        counts.close();
        left?.();
    };
    return page;
}

/** @param {any} item */
function path(item) {
    return `/users/${encodeURIComponent(item.name)}`;
}

/**
 * @param {Site} site @param {"enable" | "disable"} key @param {object} wish
 * @returns {import("../parts/listing.js").Bulk}
 */
function change(site, key, wish) {
    const yes = (/** @type {number} */ count) => site.say(`users.${key}.many`, { count });
    return { key, text: site.say(`users.${key}`), yes, act: (item) => site.api.send("PATCH", path(item), wish) };
}

/** What is done to many. @param {Site} site */
function many(site) {
    const { say } = site;
    const write = site.mayAll("users:write");
    const entries = [
        write && { text: say("users.range"), icon: "people", act: () => site.go("#/users?range") },
        write && { text: say("users.import"), icon: "upload", act: () => site.go("#/users?import") },
        { text: say("users.export"), icon: "download", act: () => download(site) },
    ].filter((each) => each !== false);
    return menu({
        id: "users-many",
        label: say("users.many"),
        face: [icon("list"), say("users.many")],
        entries,
        class: "",
    });
}

/** All users as a table. @param {Site} site */
async function download(site) {
    try {
        const items = [];
        for await (const each of site.api.all("/users")) {
            items.push(each);
        }
        saveText("users.csv", write(COLUMNS, items), "text/csv");
    } catch (error) {
        site.fail(error);
    }
}

/** @param {Site} site @param {any} item @param {() => void} again @returns {Choice[]} */
function doings(site, item, again) {
    const { say } = site;
    const enabled = item.enabled ? "disable" : "enable";
    const other = {
        text: say(`users.${enabled}`),
        icon: item.enabled ? "shield" : "good",
        act: () => wish(site, item, { enabled: !item.enabled }, `users.${enabled}.done`, again),
    };
    return [...withSecrets(site, item, again), ...(isOwn(site, item) ? [] : [other])];
}

/**
 * What can be done about their secrets.
 * @param {Site} site @param {any} item @param {() => void} again @returns {Choice[]}
 */
function withSecrets(site, item, again) {
    const { say } = site;
    const shut = {
        text: say("users.shut"),
        icon: "close",
        act: () => wish(site, item, { web_password: null }, "users.shut.done", again),
    };
    return [
        { text: say("users.reset.phone"), icon: "key", act: () => reset(site, item, "phone", again) },
        { text: say("users.reset.web"), icon: "key", act: () => reset(site, item, "web", again) },
        ...(item.has_web_password && !isOwn(site, item) ? [shut] : []),
    ];
}

/**
 * Change something of them, and say so.
 * @param {Site} site @param {any} item @param {object} body @param {string} done @param {() => void} again
 */
async function wish(site, item, body, done, again) {
    try {
        await site.api.send("PATCH", path(item), body);
        site.toast(site.say(done, { name: item.name }));
        again();
    } catch (error) {
        site.fail(error);
    }
}

/** Whether it is who looks at it: nobody shuts themselves out. @param {Site} site @param {any} item */
function isOwn(site, item) {
    return item.name === site.me.name;
}

/**
 * Another secret, made up by the switch.
 * @param {Site} site @param {any} item @param {"phone" | "web"} what @param {() => void} again
 */
async function reset(site, item, what, again) {
    const { say } = site;
    const title = say(`users.reset.${what}.ask`, { name: item.name });
    if (!(await site.ask({ title, text: say(`users.reset.${what}.text`), yes: say("users.reset") }))) {
        return;
    }
    try {
        const { data } = await site.api.send("POST", `${path(item)}/reset-password`, { what });
        await showSecret(site, {
            title: say("users.once", { name: item.name }),
            text: say("users.once.text"),
            secrets: [[say(what === "phone" ? "users.phone_secret" : "users.web_password"), data.password]],
        });
        again();
    } catch (error) {
        site.fail(error);
    }
}

/** Secrets and devices of one. @param {Site} site @param {any} item @param {() => void} again */
function panel(site, item, again) {
    const { say } = site;
    const list = site.may("registrations:read") ? devices(site, item) : null;
    const mark = (/** @type {boolean} */ there) =>
        pill(say(there ? "users.there" : "users.not_there"), there ? "good" : "");
    const secrets = () =>
        h(
            "section",
            { class: "panel card" },
            h("h2", {}, say("users.group.secrets")),
            h(
                "dl",
                { class: "details" },
                h("dt", {}, say("users.phone_secret")),
                h("dd", {}, mark(item.has_phone_secret)),
                h("dt", {}, say("users.web_password")),
                h("dd", {}, mark(item.has_web_password)),
            ),
            changeable(site, USERS, item) &&
                h(
                    "div",
                    { class: "buttons" },
                    withSecrets(site, item, again).map((each) =>
                        h("button", { key: each.text, type: "button", onclick: each.act }, each.text),
                    ),
                ),
        );
    return { view: () => [secrets(), list?.view()], close: () => list?.close() };
}

/** How many phones each user has there now. */
class Counts {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        /** @type {Map<string, number> | null} */
        this.counts = null;
        this.deaf =
            site.may("registrations:read") && site.may("events:read")
                ? site.api.listen(["registration.*"], () => this.soon())
                : null;
        this.load();
    }

    soon() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.load(), 500);
    }

    async load() {
        if (!this.site.may("registrations:read")) {
            return;
        }
        try {
            /** @type {Map<string, number>} */
            const counts = new Map();
            for await (const each of this.site.api.all("/registrations")) {
                const name = each.user.split("@")[0];
                counts.set(name, (counts.get(name) ?? 0) + 1);
            }
            this.counts = counts;
            this.site.redraw();
        } catch {
            // the list itself says what is wrong
        }
    }

    /** @param {any} item */
    view(item) {
        const count = this.counts?.get(item.name) ?? 0;
        return this.counts
            ? pill(
                  count ? this.site.say("users.online", { count }) : this.site.say("users.offline"),
                  count ? "good" : "",
              )
            : "…";
    }

    close() {
        clearTimeout(this.timer);
        this.deaf?.();
    }
}
