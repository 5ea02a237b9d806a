/** The list and the form of a resource, drawn from a hint and what the switch says of it. */

import { h } from "../../base/dom.js";
import { problemOf } from "../api.js";
import { columnsOf, fieldsOf } from "../schema.js";
import { settle } from "../parts/conflict.js";
import { Form, labelOf, words } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { Listing } from "../parts/listing.js";
import { hashOf } from "../parts/place.js";
import { removeOne } from "../parts/removal.js";
import { cell } from "../parts/table.js";
import { trouble } from "../parts/trouble.js";

/** @typedef {import("../../base/dom.js").Nested} Nested */
/** @typedef {import("../parts/site.js").Site} Site */
/** @typedef {import("../parts/site.js").Page} Page */
/** @typedef {import("../hints.js").Resource} Resource */
/** @typedef {import("../parts/menu.js").Choice} Choice */
/** @typedef {{view: () => Nested, close?: () => void}} Panel */
/**
 * What a resource does that others do not.
 * @typedef {object} Extras
 * @property {(list: Listing) => Nested} [actions] beside the heading of the list
 * @property {(list: Listing) => Nested} [above] above the list
 * @property {(item: any, again: () => void) => Choice[]} [menu] of an item
 * @property {Record<string, (item: any) => Nested>} [shows] cells that are not as their kind is
 * @property {(item: any, again: () => void) => Panel} [panel] below the form of an item
 * @property {(made: any) => Promise<void>} [made] something new is there: show its secret
 * @property {import("../parts/listing.js").Bulk[]} [bulk]
 * @property {Record<string, import("../parts/fields.js").Hint>} [fields]
 * @property {(item: any) => boolean} [stays] whether it cannot be removed
 */

/**
 * @param {Site} site @param {string[]} rest @param {URLSearchParams} query @param {Resource} about
 * @param {Extras} [extras] @returns {Page}
 */
export function resource(site, rest, query, about, extras = {}) {
    if (query.has("new") && about.operations.create && site.mayAll(`${about.scope}:write`)) {
        return new FormPage(site, about, extras, null);
    }
    return rest[0] === undefined ? new ListPage(site, about, extras) : new FormPage(site, about, extras, rest[0]);
}

/** Whether somebody may change an item here. @param {Site} site @param {Resource} about @param {any} item */
export function changeable(site, about, item) {
    return site.mayAll(`${about.scope}:write`) && (item?.origin ?? "database") === "database";
}

/** @param {Site} site @param {Resource} about @param {Extras} extras @param {any} item */
function removable(site, about, extras, item) {
    return changeable(site, about, item) && !about.keeps && !extras.stays?.(item);
}

/** All of them. @implements {Page} */
class ListPage {
    /** @param {Site} site @param {Resource} about @param {Extras} extras */
    constructor(site, about, extras) {
        this.site = site;
        this.about = about;
        this.extras = extras;
        this.title = `page.${about.name}`;
        this.closed = false;
        /** @type {Listing | null} */
        this.list = null;
        /** @type {unknown} */
        this.fault = null;
        this.begin();
    }

    async begin() {
        this.fault = null;
        try {
            const known = columnsOf(await this.site.openapi, this.about.operations.list);
            if (!this.closed) {
                this.list ??= this._listing(known);
            }
        } catch (error) {
            this.fault = error;
        }
        this.site.redraw();
    }

    /** @param {import("../schema.js").Column[]} known */
    _listing(known) {
        const { site, about, extras } = this;
        const { say } = site;
        const again = () => this.list?.load();
        const columns = about.columns.map((key) => {
            const show = extras.shows?.[key];
            const kind = about.kinds?.[key] ?? known.find((each) => each.key === key)?.kind ?? "text";
            return { key, label: labelOf(say, about.name, key), kind, ...(show && { show }) };
        });
        const opens = (about.operations.change ?? null) !== null;
        const menu = (/** @type {any} */ item) => [
            ...(opens
                ? [
                      {
                          text: say(changeable(site, about, item) ? "change" : "look"),
                          icon: "settings",
                          act: () => site.go(hashOf(about.name, item[about.id])),
                      },
                  ]
                : []),
            ...(extras.menu?.(item, again) ?? []),
            ...(removable(site, about, extras, item) ? [this._removal(item)] : []),
        ];
        return new Listing(site, {
            id: about.name,
            caption: say(this.title),
            path: about.path,
            ...(about.query && { query: about.query }),
            columns,
            key: (item) => item[about.id],
            menu,
            ...(opens && { href: (/** @type {any} */ item) => hashOf(about.name, item[about.id]) }),
            ...(extras.bulk && site.mayAll(`${about.scope}:write`) && { bulk: extras.bulk }),
            ...(about.events && { events: about.events }),
            picture: about.picture,
            empty: [h("p", {}, say(`${about.name}.empty`)), this._newButton()],
        });
    }

    /** @param {any} item @returns {Choice} */
    _removal(item) {
        const act = async () => (await removeOne(this.site, this.about, item)) && this.list?.load();
        return { text: this.site.say("remove"), icon: "trash", danger: true, act };
    }

    _newButton() {
        const { site, about } = this;
        if (!about.operations.create || !site.mayAll(`${about.scope}:write`)) {
            return null;
        }
        return h(
            "a",
            { class: "button primary", href: `#/${about.name}?new`, key: "new" },
            icon("plus"),
            site.say(`${about.name}.new`),
        );
    }

    actions() {
        return [this.list && this.extras.actions?.(this.list), this._newButton()];
    }

    view() {
        if (this.fault) {
            return trouble(this.site, this.fault, () => this.begin());
        }
        const intro = words(this.site.say, `${this.about.name}.intro`);
        return [
            intro && h("p", { class: "intro soft" }, intro),
            this.list && this.extras.above?.(this.list),
            this.list?.view(),
        ];
    }

    close() {
        this.closed = true;
        this.list?.close();
    }
}

/** One of them, or a new one. @implements {Page} */
class FormPage {
    /** @param {Site} site @param {Resource} about @param {Extras} extras @param {string | null} id null: a new one */
    constructor(site, about, extras, id) {
        this.site = site;
        this.about = about;
        this.extras = extras;
        this.id = id;
        this.title = id ?? `${about.name}.new`;
        this.back = `#/${about.name}`;
        this.etag = "";
        this.busy = false;
        this.closed = false;
        /** @type {Form | null} */
        this.form = null;
        /** @type {Panel | null} */
        this.panel = null;
        /** @type {unknown} */
        this.fault = null;
        this.begin();
    }

    async begin() {
        this.fault = null;
        try {
            const doc = await this.site.openapi;
            const { data, etag } =
                this.id === null ? { data: null, etag: "" } : await this.site.api.etagged(this._path());
            if (!this.closed) {
                const clash = this._show(doc, data);
                this.etag = clash ? this.etag : etag; // of what was seen: who saves now is asked
            }
        } catch (error) {
            this.fault = error;
        }
        this.site.redraw();
    }

    _path() {
        return `${this.about.path}/${encodeURIComponent(this.id ?? "")}`;
    }

    /**
     * What is written already stays.
     * @param {any} doc @param {any} item @returns {boolean} whether others wrote in the same place
     */
    _show(doc, item) {
        const clash = this.form ? this.form.renew(item) : false;
        this.form ??= this._formOf(doc, item);
        if (item) {
            this.title = this.about.title(item);
            document.title = `${this.title} · XSwitch`;
            this.panel?.close?.();
            this.panel = this.extras.panel?.(item, () => this.begin()) ?? null;
        }
        return clash;
    }

    /** @param {any} doc @param {any} item */
    _formOf(doc, item) {
        const { site, about, extras } = this;
        const { create, change } = about.operations;
        const omitted = (item ? about.omit?.change : about.omit?.create) ?? [];
        const fields = fieldsOf(doc, (item ? change : create) ?? "").filter((each) => !omitted.includes(each.key));
        const hints = { ...about.fields, ...(item ? about.changing : {}), ...extras.fields };
        return new Form(site, {
            prefix: about.name,
            fields,
            hints,
            item,
            groups: about.groups ?? [{ name: "", keys: fields.map((each) => each.key) }],
            fixed: item !== null && !changeable(site, about, item),
        });
    }

    unsaved() {
        return this.form?.changed() ?? false;
    }

    close() {
        this.closed = true;
        this.panel?.close?.();
    }

    actions() {
        const { site, about, extras, form } = this;
        const item = form?.item;
        if (!item || !removable(site, about, extras, item)) {
            return null;
        }
        return h(
            "button",
            { type: "button", class: "bad", onclick: () => this._remove() },
            icon("trash"),
            site.say("remove"),
        );
    }

    async _remove() {
        if (await removeOne(this.site, this.about, this.form?.item)) {
            this.form?.fill(this.form.item);
            this._back();
        }
    }

    /** To the list, for who has not gone elsewhere meanwhile. */
    _back() {
        if (!this.closed) {
            this.site.go(this.back);
        }
    }

    view() {
        const { site, form, fault } = this;
        if (fault) {
            return trouble(site, fault, () => this.begin());
        }
        if (!form) {
            return h("p", { class: "soft" }, site.say("loading"));
        }
        return [
            this._fixed(form),
            h(
                "form",
                { class: "form", novalidate: true, onsubmit: this._submit, key: "form" },
                form.view(),
                this._buttons(form),
            ),
            this.panel?.view(),
        ];
    }

    /** Why nothing can be changed. @param {Form} form */
    _fixed(form) {
        const key = form.item?.origin && form.item.origin !== "database" ? `origin.${form.item.origin}` : "readonly";
        return form.options.fixed ? h("p", { class: "card notice" }, this.site.say(key)) : null;
    }

    /** @param {Form} form */
    _buttons(form) {
        const { say } = this.site;
        if (form.options.fixed) {
            return null;
        }
        const idle = this.busy || (form.item !== null && !form.changed());
        return h(
            "div",
            { class: "buttons stick" },
            h(
                "button",
                { type: "submit", class: "primary", disabled: idle },
                say(this.busy ? "saving" : form.item ? "save" : "make"),
            ),
            h("a", { class: "button", href: this.back }, say("cancel")),
        );
    }

    /** @param {Event} event */
    _submit = (event) => {
        event.preventDefault();
        this.save();
    };

    async save() {
        const form = /** @type {Form} */ (this.form);
        if (this.busy || !form.good()) {
            this.site.redraw();
            return;
        }
        this.busy = true;
        this.site.redraw();
        try {
            await (form.item ? this._change(form) : this._make(form));
        } catch (error) {
            await this._refused(form, error);
        }
        this.busy = false;
        this.site.redraw();
    }

    /** @param {Form} form @param {unknown} error */
    async _refused(form, error) {
        if (this.closed) {
            this.site.fail(error);
        } else if (problemOf(error).code === "precondition_failed") {
            await this._settle(form, problemOf(error).state).catch((other) => form.refused(other));
        } else {
            form.refused(error);
        }
    }

    /** @param {Form} form */
    async _make(form) {
        const { data } = await this.site.api.send("POST", this.about.path, form.whole());
        form.fill(null);
        this.site.toast(this.site.say("made", { name: this.about.title(data) }));
        await this.extras.made?.(data);
        this._back();
    }

    /** @param {Form} form */
    async _change(form) {
        const sent = JSON.stringify(form.values);
        const { data, etag } = await this.site.api.send("PATCH", this._path(), form.differing(), { etag: this.etag });
        if (!this.closed) {
            form.first = sent; // what has been written since is not saved yet
            this.etag = etag;
            this._show(await this.site.openapi, { ...form.item, ...data });
        }
        this.site.toast(this.site.say("saved"));
    }

    /** Somebody was faster. @param {Form} form @param {any} now */
    async _settle(form, now) {
        const shown = (/** @type {import("../schema.js").Field} */ field, /** @type {any} */ value) =>
            cell(this.site, field, value);
        const choice = await settle(this.site, this.about.name, form, now, shown);
        if (choice === "mine") {
            this.etag = (await this.site.api.etagged(this._path())).etag;
            await this._change(form);
        } else if (choice === "theirs") {
            this.form = null;
            await this.begin();
        }
    }
}
