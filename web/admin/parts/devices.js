/** Where a user can be reached now, and sending a device off. */

import { h } from "../../base/dom.js";
import { Listing } from "./listing.js";

/** @param {import("./site.js").Site} site @param {any} user */
export function devices(site, user) {
    const { say } = site;
    const path = `/users/${encodeURIComponent(user.name)}/devices`;
    const may = site.mayAll("registrations:write");
    /** @param {any} item */
    const kick = async (item) => {
        const question = {
            title: say("devices.kick.ask"),
            text: say("devices.kick.text"),
            yes: say("devices.kick"),
            danger: true,
        };
        if (!(await site.ask(question))) {
            return;
        }
        try {
            await site.api.send("DELETE", `${path}/${encodeURIComponent(item.id)}`);
            site.toast(say("devices.kicked"));
        } catch (error) {
            site.fail(error);
        }
        await list.load();
    };
    const list = new Listing(site, {
        id: "devices",
        caption: say("devices"),
        path,
        key: (item) => item.id,
        columns: [
            { key: "agent", label: say("devices.agent"), kind: "text" },
            {
                key: "door",
                label: say("devices.door"),
                kind: "text",
                show: (item) => `${item.door} ${item.transport}`.trim().toUpperCase(),
            },
            { key: "host", label: say("devices.host"), kind: "text" },
            { key: "until", label: say("devices.until"), kind: "time" },
        ],
        ...(may && {
            menu: (/** @type {any} */ item) => [
                { text: say("devices.kick"), icon: "close", danger: true, act: () => kick(item) },
            ],
        }),
        events: ["registration.*"],
        plain: true,
        whole: true,
        picture: "call",
        empty: h("p", {}, say("devices.empty")),
    });
    return {
        view: () => h("section", { class: "panel" }, h("h2", {}, say("devices")), list.view()),
        close: () => list.close(),
    };
}
