/** What comes late, twice or in the middle: lists that are read anew, forms that are written in, sessions. */

import assert from "node:assert/strict";
import node from "node:test";
import { setImmediate } from "node:timers";

import { Api, Problem } from "../../../../web/admin/api.js";
import audit from "../../../../web/admin/pages/audit.js";
import dashboard from "../../../../web/admin/pages/dashboard.js";
import recordings from "../../../../web/admin/pages/recordings.js";
import { OneCdr } from "../../../../web/admin/parts/cdr.js";
import { FirstUser } from "../../../../web/admin/parts/firstuser.js";
import { Form } from "../../../../web/admin/parts/form.js";
import { Listing } from "../../../../web/admin/parts/listing.js";

/** @type {(name: string, work: (t: any) => void | Promise<void>) => void} */
const test = node;

const COLUMNS = [{ key: "name", label: "Name", kind: "text" }];

/** Lets everything happen that waits for nothing but its turn. */
async function settle() {
    for (let turn = 0; turn < 50; turn++) {
        await Promise.resolve();
    }
}

/** A list on a switch with so many users, whose answers the test gives. @param {number} count @param {object} [wish] */
function listing(count, wish = {}) {
    const all = Array.from({ length: count }, (_, at) => ({ name: String(1000 + at) }));
    const asked = /** @type {{query: any, give: () => void}[]} */ ([]);
    let heard = () => {};
    const get = (/** @type {string} */ _, /** @type {any} */ query) =>
        new Promise((resolve) => {
            const from = Number(query.cursor ?? 0);
            const to = from + query.limit;
            const page = { items: all.slice(from, to), next_cursor: to < all.length ? String(to) : null };
            asked.push({ query, give: () => resolve(page) });
        });
    const listen = (/** @type {any} */ _, /** @type {() => void} */ tell) => ((heard = tell), () => {});
    const api = Object.assign(new EventTarget(), { get, listen });
    const site = /** @type {any} */ ({ api, may: () => true, redraw: () => {}, locale: "en", say: String });
    const list = new Listing(site, {
        ...{ id: "users", caption: "Users", path: "/users", columns: COLUMNS, events: ["user.*"] },
        key: (item) => item.name,
        ...wish,
    });
    const answer = async () => {
        for (let next = asked.shift(); next; next = asked.shift()) {
            next.give();
            await settle();
        }
    };
    return { list, asked, answer, heard: () => heard() };
}

test("what is found in a long list and chosen there stays when the list is read anew", async () => {
    const { list, answer } = listing(1900);
    await answer();
    list.search("2850");
    await answer();
    assert.deepEqual(list._visible().map((each) => each.name), ["2850"]);
    list.choose(["2850"], true);
    list.load();
    await answer();
    assert.deepEqual(list._visible().map((each) => each.name), ["2850"]);
    assert.deepEqual([...list.chosen], ["2850"]);
});

test("a list that is read anew does not become shorter meanwhile", async () => {
    const { list, asked, answer } = listing(1900);
    await answer();
    list.search("28");
    await answer();
    list.load();
    asked.shift()?.give();
    await settle();
    assert.equal(list.items?.length, 1900);
    await answer();
    assert.equal(list.items?.length, 1900);
});

test("who writes quickly into the search has all of it read once", async () => {
    const { list, asked, answer } = listing(1900);
    await answer();
    ["2", "28", "285"].forEach((text) => list.search(text));
    assert.equal(asked.length, 1);
    await answer();
    assert.equal(list.items?.length, 1900);
    assert.equal(list.busy, false);
});

test("an answer that comes behind that to a later question is not shown", async () => {
    const { list, asked } = listing(3, { query: { by: "one" } });
    list.wanted.query = { by: "other" };
    list.load();
    assert.deepEqual(asked.map((each) => each.query.by), ["one", "other"]);
    asked[1]?.give();
    await settle();
    const shown = list.items;
    asked[0]?.give();
    await settle();
    assert.equal(list.items, shown);
    assert.equal(list.busy, false);
});

test("a list is read anew though events never cease", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { asked, answer, heard } = listing(3);
    await answer();
    for (let at = 0; at < 10; at++) {
        heard();
        t.mock.timers.tick(100);
    }
    assert.equal(asked.length, 1, "and not again while it is read");
});

test("what is written in a form stays when the rest of it is read anew", () => {
    const fields = /** @type {any[]} */ (["name", "number"].map((key) => ({ key, kind: "text", required: false })));
    const site = /** @type {any} */ ({ say: String, redraw: () => {} });
    const form = new Form(site, { prefix: "users", fields, item: { name: "Ann", number: "1" } });
    form.set("name", "Anna");
    assert.equal(form.renew({ name: "Ann", number: "2" }), false);
    assert.deepEqual(form.values, { name: "Anna", number: "2" });
    assert.deepEqual(form.differing(), { name: "Anna" });
    assert.equal(form.renew({ name: "Bea", number: "2" }), true, "others wrote in the same place");
    assert.deepEqual(form.differing(), { name: "Anna" });
});

/** A switch whose session was begun anew by another page. @param {any} t @param {string} name who is there now */
function renewed(t, name) {
    const sent = /** @type {string[]} */ ([]);
    t.mock.method(globalThis, "fetch", async (/** @type {string} */ path, /** @type {any} */ { method, headers }) => {
        const token = headers["X-CSRF-Token"] ?? "";
        sent.push(`${method} ${path} ${token}`.trim());
        if (method === "GET") {
            return Response.json({ name, csrf: "new" });
        }
        const good = token === "new";
        return Response.json(good ? { done: true } : { code: "csrf" }, { status: good ? 200 : 403 });
    });
    const api = new Api("");
    api.session("old", "admin");
    return { api, sent };
}

test("who logged in anew in another page goes on in this one", async (t) => {
    const { api, sent } = renewed(t, "admin");
    assert.deepEqual((await api.send("PATCH", "/users/1001", {})).data, { done: true });
    assert.deepEqual(sent, ["PATCH /users/1001 old", "GET /auth/me", "PATCH /users/1001 new"]);
});

test("what one person wrote is not sent as another who logged in in another page", async (t) => {
    const { api, sent } = renewed(t, "operator");
    await assert.rejects(api.send("PATCH", "/users/1001", {}), { code: "csrf" });
    assert.deepEqual(sent, ["PATCH /users/1001 old", "GET /auth/me"]);
});

test("a refusal in the place of the document of the API is a refusal", async (t) => {
    const answers = [Response.json({ code: "unavailable" }, { status: 503 }), new Response("no", { status: 502 })];
    t.mock.method(globalThis, "fetch", async () => answers.shift());
    const api = new Api();
    await assert.rejects(api.document("/openapi.json"), { code: "unavailable" });
    await assert.rejects(api.document("/openapi.json"), { code: "unreachable" });
    assert.equal(api.away, true, "it is told of, and asked again");
});

test("of many, those that were not tried are not done either", async () => {
    const { list, answer } = listing(10);
    await answer();
    const told = /** @type {any[]} */ ([]);
    Object.assign(list.site, {
        ask: async () => true,
        say: (/** @type {string} */ key, /** @type {any} */ facts) => `${key} ${facts?.count}`,
        fail: () => {},
        toasts: { add: (/** @type {string} */ text) => told.push(text) },
    });
    list.choose(["1000", "1001", "1002", "1003"], true);
    const act = async (/** @type {any} */ item) => {
        if (item.name === "1001") {
            throw new Problem({ status: 0, code: "unreachable" });
        }
    };
    const done = list.act({ key: "remove", text: "", yes: String, act });
    await settle();
    await answer();
    await done;
    assert.deepEqual(told, ["bulk.some 3"]);
    assert.deepEqual([...list.chosen], ["1001", "1002", "1003"]);
});

/** A site whose answers the test gives, and what its pages listen to. */
function site() {
    const asked = /** @type {{path: string, give: (data: any) => void}[]} */ ([]);
    const get = (/** @type {string} */ path) => new Promise((give) => asked.push({ path, give }));
    let heard = (/** @type {any} */ _) => {};
    const listen = (/** @type {any} */ _, /** @type {any} */ tell) => ((heard = tell), () => {});
    const made = /** @type {any} */ ({ api: { get, listen }, may: () => true, redraw: () => {}, say: String });
    return { site: made, asked, heard: (/** @type {string} */ type) => heard({ type, data: {} }) };
}

test("what happens while the recordings are read is not missed", async () => {
    const switched = site();
    recordings(switched.site);
    switched.heard("recording.ended");
    assert.equal(switched.asked.length, 1);
    switched.asked[0]?.give({ items: [], next_cursor: null });
    await settle();
    assert.equal(switched.asked.length, 2);
    switched.asked[1]?.give({ items: [], next_cursor: null });
    await settle();
    assert.equal(switched.asked.length, 2);
});

test("the dashboard of a switch that was restarted looks again at what is wrong", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    Object.assign(globalThis, { window: globalThis });
    const switched = site();
    const page = dashboard(switched.site);
    const looks = () => switched.asked.filter((each) => each.path === "/doctor");
    looks()[0]?.give({ checks: [] });
    await settle();
    switched.heard("call.ended");
    t.mock.timers.tick(2000);
    assert.equal(looks().length, 1);
    switched.heard("events.gap");
    t.mock.timers.tick(2000);
    assert.equal(looks().length, 2);
    page.close?.();
});

test("a number that is written before one is proposed stays", async () => {
    const switched = site();
    const first = new FirstUser(switched.site, () => {});
    first.read();
    const drawn = () => elements(first.view(/** @type {any} */ ({})));
    const number = () => drawn().find((each) => each.props.id === "first-number");
    number().props.oninput({ target: { value: "2000" } });
    switched.asked[0]?.give({ items: [{ name: "1001" }] });
    await settle();
    assert.equal(number().props.value, "2000");
});

test("who heard nothing yet is told that something may be missing when the stream comes back", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const streams = /** @type {ReadableStreamDefaultController[]} */ ([]);
    t.mock.method(globalThis, "fetch", async () => new Response(new ReadableStream({ start: (c) => streams.push(c) })));
    const heard = /** @type {string[]} */ ([]);
    const api = new Api();
    api.session("token");
    const deaf = api.listen(["gateway.*"], (event) => heard.push(event.type));
    t.mock.timers.tick(1);
    await turns();
    assert.deepEqual([streams.length, heard], [1, []]);
    streams[0]?.close();
    await turns();
    t.mock.timers.tick(2000);
    await turns();
    assert.deepEqual([streams.length, heard], [2, ["events.gap"]]);
    deaf();
    api.session(null);
    t.mock.timers.tick(1);
});

/** All elements of a tree. @param {any} tree @returns {any[]} */
function elements(tree) {
    const inside = Array.isArray(tree) ? tree : (tree?.children ?? []);
    return [...(tree?.tag ? [tree] : []), ...inside.flatMap((/** @type {any} */ each) => elements(each))];
}

/** The page of who did what, and what it asked. */
function audited() {
    const asked = /** @type {any[]} */ ([]);
    const get = async (/** @type {string} */ _, /** @type {any} */ query) => {
        asked.push(query);
        const item = { id: String(asked.length), at: "2026-05-01T08:00:00Z", outcome: "done" };
        return { items: [item], next_cursor: asked.length < 2 ? "more" : null };
    };
    const api = Object.assign(new EventTarget(), { get, listen: () => () => {} });
    const openapi = Promise.resolve({ paths: { "/audit": { get: { operationId: "audit.list" } } } });
    const may = () => true;
    const english = { say: String, locale: "en", language: "en" };
    const made = /** @type {any} */ ({ api, openapi, may, mayAll: may, redraw: () => {}, ...english });
    return { page: /** @type {any} */ (audit(made, [], new URLSearchParams())), asked };
}

test("what is written into a filter counts when it is sent", async () => {
    const { page, asked } = audited();
    await settle();
    const [field] = elements(page.view()).filter((each) => each.tag === "input");
    field.props.oninput({ target: { value: "admin" } });
    await page.list.more();
    assert.deepEqual(asked.map((each) => each.by), ["", ""]);
    elements(page.view()).find((each) => each.tag === "form").props.onsubmit({ preventDefault: () => {} });
    assert.equal(asked[2].by, "admin");
});

test("a list that is left before it is known how it looks is not asked for", async () => {
    const { page, asked } = audited();
    page.close();
    await settle();
    assert.deepEqual(asked, []);
});

test("who left a record while it was removed is not brought to the list of them", async () => {
    const removed = /** @type {(() => void)[]} */ ([]);
    const send = () => new Promise((resolve) => removed.push(() => resolve({})));
    const went = /** @type {string[]} */ ([]);
    const record = new OneCdr(
        /** @type {any} */ ({
            api: { get: async () => ({}), send },
            ask: async () => true,
            go: (/** @type {string} */ to) => went.push(to),
            ...{ may: () => false, say: String, toast: () => {}, redraw: () => {} },
        }),
        "call_1",
    );
    const end = record._remove();
    await settle();
    record.close();
    removed[0]?.();
    await end;
    assert.deepEqual(went, []);
});

/** Lets streams turn, too. */
async function turns() {
    for (let turn = 0; turn < 20; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
    }
}
