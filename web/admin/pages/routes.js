/** Routes: the rules of the dialplan in the order in which they are asked, and what becomes of a number. */

import { h } from "../../base/dom.js";
import { ROUTES } from "../hints.js";
import { Explain } from "../parts/explain.js";
import { icon } from "../parts/icons.js";
import { menu } from "../parts/menu.js";
import { hashOf } from "../parts/place.js";
import { pathOf, removeOne } from "../parts/removal.js";
import { dragged, placed } from "../parts/drag.js";
import { steps } from "../parts/routesteps.js";
import { pill } from "../parts/table.js";
import { trouble } from "../parts/trouble.js";
import { changeable, resource } from "./resource.js";

/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/site.js").Page} Page */

/** @type {import("../parts/site.js").MakePage} */
export default function routes(site, rest, query) {
    if (rest.length || query.has("new")) {
        return resource(site, rest, query, ROUTES, { fields: { steps: { widget: steps } } });
    }
    return new RoutesPage(site);
}

/** All rules. @implements {Page} */
class RoutesPage {
    /** @param {Site} site */
    constructor(site) {
        this.site = site;
        this.title = "page.routes";
        this.explain = new Explain(site);
        /** @type {any[] | null} */
        this.items = null;
        /** @type {unknown} */
        this.fault = null;
        /** What is dragged, and to where. @type {{id: string, to: number} | null} */
        this.drag = null;
        this.told = "";
        this.moving = false;
        this.end = new AbortController();
        this.load();
    }

    close() {
        this.end.abort();
    }

    async load() {
        this.fault = null;
        try {
            const found = [];
            for await (const each of this.site.api.all("/routes")) {
                found.push(each);
            }
            this.items = found;
        } catch (error) {
            this.fault = error;
        }
        this.site.redraw();
    }

    actions() {
        const { say } = this.site;
        return (
            this.site.mayAll("routes:write") &&
            h("a", { class: "button primary", href: "#/routes?new" }, icon("plus"), say("routes.new"))
        );
    }

    view() {
        const { site, items } = this;
        const { say } = site;
        if (this.fault) {
            return trouble(site, this.fault, () => this.load());
        }
        if (!items) {
            return h("p", { class: "soft" }, say("loading"));
        }
        const mine = this._mine();
        const order = this.drag
            ? placed(
                  mine,
                  mine.findIndex((each) => each.id === this.drag?.id),
                  this.drag.to,
              )
            : mine;
        const others = items.filter((each) => each.origin !== "database");
        return [
            this.explain.view(),
            h("p", { class: "intro soft" }, say("routes.intro")),
            order.length > 0
                ? h(
                      "ol",
                      { class: "routes", id: "routes", "aria-label": say("page.routes") },
                      order.map((each, at) => this._row(each, at, order.length)),
                  )
                : h("div", { class: "card empty" }, icon("route"), h("p", {}, say("routes.empty")), this.actions()),
            h("p", { class: "unseen", role: "status" }, this.told),
            others.length > 0 && [
                h("h2", { class: "apart" }, say("routes.others")),
                h("p", { class: "soft" }, say("routes.others.text")),
                h(
                    "ol",
                    { class: "routes" },
                    others.map((each) => this._row(each, -1, 0)),
                ),
            ],
        ];
    }

    _mine() {
        return (this.items ?? []).filter((each) => each.origin === "database");
    }

    /** @param {any} item @param {number} at its place; -1: it cannot be moved @param {number} count */
    _row(item, at, count) {
        const { site } = this;
        const { say } = site;
        const may = at >= 0 && changeable(site, ROUTES, item);
        const name = ROUTES.title(item);
        const conditions = [
            item.number && h("code", { class: "tag" }, item.number),
            item.caller && [say("routes.from"), h("code", { class: "tag" }, item.caller)],
            item.hours && h("span", { class: "tag" }, item.hours),
            item.context !== "default" && h("span", { class: "tag" }, say("routes.in", { context: item.context })),
        ];
        return h(
            "li",
            { key: item.id, "data-route": item.id, class: this.drag?.id === item.id ? "route lifted" : "route" },
            may &&
                h(
                    "span",
                    { class: "grip", onpointerdown: (/** @type {PointerEvent} */ event) => this._lift(event, item) },
                    icon("grip"),
                ),
            h(
                "div",
                { class: "what" },
                h(
                    "p",
                    { class: "name" },
                    h("a", { href: hashOf("routes", item.id) }, name),
                    item.enabled ? null : pill(say("users.off")),
                    item.origin !== "database" && h("span", { class: "soft" }, say(`origin.${item.origin}.one`)),
                ),
                h("p", { class: "tags" }, conditions),
                h(
                    "p",
                    { class: "tags" },
                    item.steps.map((/** @type {string} */ each) => h("code", { class: "tag step" }, each)),
                ),
            ),
            may &&
                h(
                    "div",
                    { class: "moves" },
                    this._move(item, "up", at, at - 1, count),
                    this._move(item, "down", at, at + 1, count),
                ),
            menu({
                id: `route-${item.id}`,
                label: say("table.menu", { name }),
                face: icon("more"),
                entries: this._choices(item),
            }),
        );
    }

    /** @param {any} item @param {"up" | "down"} way @param {number} at @param {number} to @param {number} count */
    _move(item, way, at, to, count) {
        const props = {
            id: `${way}-${item.id}`,
            type: "button",
            class: "plain",
            "aria-label": this.site.say(`routes.${way}`, { name: ROUTES.title(item), place: at + 1, count }),
            "aria-disabled": to < 0 || to >= count ? "true" : null,
            onclick: () => to >= 0 && to < count && this.move(item, to, way),
        };
        return h("button", props, icon(way));
    }

    /** @param {any} item */
    _choices(item) {
        const { site } = this;
        const { say } = site;
        const may = changeable(site, ROUTES, item);
        const open = {
            text: say(may ? "change" : "look"),
            icon: "settings",
            act: () => site.go(hashOf("routes", item.id)),
        };
        if (!may) {
            return [open];
        }
        return [
            open,
            {
                text: say(item.enabled ? "users.disable" : "users.enable"),
                icon: item.enabled ? "shield" : "good",
                act: () => this._switch(item),
            },
            {
                text: say("remove"),
                icon: "trash",
                danger: true,
                act: async () => (await removeOne(site, ROUTES, item)) && this.load(),
            },
        ];
    }

    /** @param {any} item */
    async _switch(item) {
        try {
            await this.site.api.send("PATCH", pathOf(ROUTES, item), { enabled: !item.enabled });
            await this.load();
        } catch (error) {
            this.site.fail(error);
        }
    }

    /**
     * Let a route stand elsewhere.
     * @param {any} item @param {number} to from 0 @param {"up" | "down"} [way] whose button was pressed
     */
    async move(item, to, way) {
        const mine = this._mine();
        const from = mine.findIndex((each) => each.id === item.id);
        if (to === from || from < 0 || this.moving) {
            return;
        }
        this.moving = true;
        const others = (this.items ?? []).filter((each) => each.origin !== "database");
        this.items = [...placed(mine, from, to), ...others];
        this.told = this.site.say("routes.moved", { name: ROUTES.title(item), place: to + 1, count: mine.length });
        this.site.redraw();
        if (way) {
            // what is moved in a page loses the focus
            setTimeout(() => document.getElementById(`${way}-${item.id}`)?.focus());
        }
        try {
            await this.site.api.send("POST", `${pathOf(ROUTES, item)}/move`, { position: to + 1 });
        } catch (error) {
            this.told = "";
            this.site.fail(error);
            await this.load();
        }
        this.moving = false;
    }

    /** @param {PointerEvent} event @param {any} item */
    _lift(event, item) {
        if (event.button !== 0) {
            return;
        }
        event.preventDefault();
        const begin = this._mine().findIndex((each) => each.id === item.id);
        this.drag = { id: item.id, to: begin };
        const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#routes > li")]);
        dragged(rows, begin, {
            signal: this.end.signal,
            over: (to) => {
                this.drag = { id: item.id, to };
                this.site.redraw();
            },
            end: (to) => {
                this.drag = null;
                this.site.redraw();
                to !== null && this.move(item, to);
            },
        });
        this.site.redraw();
    }
}
