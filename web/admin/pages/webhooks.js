/** Webhooks: where events are told, and what became of each. */

import { h } from "../../base/dom.js";
import { WEBHOOKS } from "../hints.js";
import { Listing } from "../parts/listing.js";
import { showSecret } from "../parts/secret.js";
import { pill } from "../parts/table.js";
import { resource } from "./resource.js";

const MARKS = /** @type {const} */ ({ delivered: "good", failed: "bad", waiting: "" });

/** @type {import("../parts/site.js").MakePage} */
export default function webhooks(site, rest, query) {
    const { say } = site;
    const checks = (WEBHOOKS.fields?.["events"]?.checks ?? []).map((each) => ({
        ...each,
        label: say(`webhooks.kind.${each.value.slice(0, -2)}`),
    }));
    return resource(site, rest, query, WEBHOOKS, {
        fields: { events: { checks } },
        shows: {
            events: (item) =>
                item.events.length
                    ? h(
                          "span",
                          { class: "tags" },
                          item.events.map((/** @type {string} */ each) => h("code", { class: "tag" }, each)),
                      )
                    : say("webhooks.all"),
        },
        made: (made) =>
            showSecret(site, {
                title: say("webhooks.once"),
                text: say("webhooks.once.text"),
                secrets: [[say("webhooks.secret"), made.secret]],
            }),
        panel: (item) => deliveries(site, item),
    });
}

/** @param {import("../parts/site.js").Site} site @param {any} hook */
function deliveries(site, hook) {
    const { say } = site;
    const path = `/webhooks/${encodeURIComponent(hook.id)}/deliveries`;
    /** @param {any} item */
    const again = async (item) => {
        try {
            await site.api.send("POST", `${path}/${encodeURIComponent(item.id)}/redeliver`);
            site.toast(say("deliveries.again.done"));
            await list.load();
        } catch (error) {
            site.fail(error);
        }
    };
    const list = new Listing(site, {
        id: "deliveries",
        caption: say("deliveries"),
        path,
        key: (item) => item.id,
        columns: [
            { key: "created", label: say("deliveries.created"), kind: "time" },
            { key: "type", label: say("deliveries.type"), kind: "text", show: (item) => h("code", {}, item.type) },
            {
                key: "status",
                label: say("deliveries.status"),
                kind: "text",
                show: (item) =>
                    pill(say(`deliveries.${item.status}`), MARKS[/** @type {keyof typeof MARKS} */ (item.status)]),
            },
            { key: "attempts", label: say("deliveries.attempts"), kind: "integer" },
            {
                key: "code",
                label: say("deliveries.code"),
                kind: "text",
                show: (item) => item.code ?? (item.error ? h("span", { lang: "en" }, item.error) : "–"),
            },
            { key: "next_attempt", label: say("deliveries.next"), kind: "time" },
        ],
        ...(site.mayAll("webhooks:write") && {
            menu: (/** @type {any} */ item) =>
                item.status === "waiting"
                    ? []
                    : [{ text: say("deliveries.again"), icon: "back", act: () => again(item) }],
        }),
        plain: true,
        picture: "hook",
        empty: h("p", {}, say("deliveries.empty")),
    });
    const head = () =>
        h(
            "div",
            { class: "heading" },
            h("h2", {}, say("deliveries")),
            h("div", { class: "actions" }, h("button", { type: "button", onclick: () => list.load() }, say("refresh"))),
        );
    return { view: () => h("section", { class: "panel" }, head(), list.view()), close: () => list.close() };
}
