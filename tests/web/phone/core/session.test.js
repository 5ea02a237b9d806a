/** A session on a socket that tests hold in their hands: logins, deadlines, losses and what comes after them. */

import assert from "node:assert/strict";
import node from "node:test";

import { backoff } from "../../../../web/phone/core/backoff.js";
import { Session } from "../../../../web/phone/core/session.js";
import { Failure, trouble } from "../../../../web/phone/core/trouble.js";

/** @typedef {{id: number, method: string, params: any}} Asked */
/** @typedef {any} Context of a test of Node's */

/** @type {(name: string, work: (t: Context) => void | Promise<void>) => void} */
const test = node;

/** Lets everything happen that waits for nothing but its turn. */
async function settle() {
    for (let turn = 0; turn < 30; turn++) {
        await Promise.resolve();
    }
}

class FakeSocket {
    /** @type {FakeSocket[]} */
    static all = [];
    static get last() {
        return /** @type {FakeSocket} */ (FakeSocket.all.at(-1));
    }

    readyState = 0;
    /** @type {any[]} */
    sent = [];
    onopen = () => {};
    onclose = () => {};
    onmessage = (/** @type {{data: unknown}} */ event) => {
        void event;
    };

    constructor() {
        FakeSocket.all.push(this);
    }

    /** @param {string} text */
    send(text) {
        this.sent.push(JSON.parse(text));
    }

    close() {
        this.readyState = 3;
    }

    async open() {
        this.readyState = 1;
        this.onopen?.();
        await settle();
    }

    async lose() {
        this.readyState = 3;
        this.onclose?.();
        await settle();
    }

    /** @param {object | string} message */
    async tell(message) {
        this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
        await settle();
    }

    /** What was asked last. @param {string} [method] @returns {Asked} */
    asked(method) {
        return this.sent.filter((each) => each.method && (!method || each.method === method)).at(-1);
    }

    /** @param {object} result @param {string} [method] */
    async grant(result = {}, method) {
        await this.tell({ id: this.asked(method).id, result });
    }

    /** @param {number} code @param {string} [message] */
    async refuse(code, message = "no") {
        await this.tell({ id: this.asked().id, error: { code, message } });
    }

    async welcome() {
        await this.open();
        await this.grant({}, "login");
        await this.tell({ id: 1, method: "verto.clientReady", params: { reattached_sessions: [] } });
    }
}

/** @param {Context} t @param {Partial<import("../../../../web/phone/core/session.js").Plan>} [more] */
function begin(t, more) {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    t.mock.method(Math, "random", () => 0);
    FakeSocket.all = [];
    /** @type {{states: string[], troubles: string[], told: any[]}} */
    const seen = { states: [], troubles: [], told: [] };
    const session = new Session({
        server: "wss://pbx.example.com/ws",
        credentials: async () => ({ login: "1000", password: "secret" }),
        claim: async () => "sess",
        keep: () => [],
        entered: (state, why) => {
            seen.states.push(state);
            seen.troubles.push(why?.code ?? "");
        },
        told: (message) => seen.told.push(message),
        Socket: /** @type {any} */ (FakeSocket),
        ...more,
    });
    session.start();
    const pass = async (/** @type {number} */ ms) => {
        t.mock.timers.tick(ms);
        await settle();
    };
    return { session, seen, pass };
}

test("it logs in, and is ready once the server has greeted it", async (t) => {
    const { session } = begin(t);
    await settle();
    await FakeSocket.last.open();
    assert.deepEqual(FakeSocket.last.asked(), { jsonrpc: "2.0", id: 1, method: "login", params: {
        login: "1000", passwd: "secret", features: ["updateMedia", "callState"], sessid: "sess",
    } });
    await FakeSocket.last.grant();
    assert.equal(session.state, "connecting");
    await FakeSocket.last.tell({ id: 1, method: "verto.clientReady", params: {} });
    assert.equal(session.state, "ready");
    assert.equal(session.login, "1000");
});

test("a server that stops answering at any step is given up, and tried again", async (t) => {
    const { session, seen, pass } = begin(t);
    await settle();
    await pass(8000); // it does not open
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "unreachable"]);
    await pass(500);
    await FakeSocket.last.open();
    await pass(8000); // no reply to the login
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "no-reply"]);
    await pass(1000);
    await FakeSocket.last.open();
    await FakeSocket.last.grant();
    await pass(8000); // no greeting
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "no-reply"]);
    await pass(1000);
    await FakeSocket.last.welcome();
    assert.equal(session.state, "ready");
    await pass(15_000);
    assert.equal(FakeSocket.last.asked().method, "verto.ping");
    await pass(5000); // no reply to a ping
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "no-reply"]);
    assert.equal(FakeSocket.all.length, 4);
});

test("a request without reply is refused in time, and the server is asked whether it is there", async (t) => {
    const { session, pass } = begin(t);
    await settle();
    await FakeSocket.last.welcome();
    const asked = session.request("verto.modify", {});
    const failed = assert.rejects(asked, { message: "no reply", code: 0 });
    await pass(10_000);
    await failed;
    assert.equal(FakeSocket.last.asked().method, "verto.ping");
    await FakeSocket.last.refuse(-32601); // that is life, too
    assert.equal(session.state, "ready");
});

test("a lost socket refuses what waits, and a new one comes after a while; keep says what is up", async (t) => {
    const { session, seen, pass } = begin(t, { keep: () => ["c1"] });
    await settle();
    await FakeSocket.last.welcome();
    const failed = assert.rejects(session.request("x", {}), { message: "connection lost", code: 0 });
    await FakeSocket.last.lose();
    await failed;
    assert.equal(session.state, "lost");
    await pass(499);
    assert.equal(FakeSocket.all.length, 1);
    await pass(1);
    assert.equal(FakeSocket.all.length, 2);
    await FakeSocket.last.open();
    assert.deepEqual(FakeSocket.last.asked().params.keep, ["c1"]);
    await FakeSocket.last.welcome();
    assert.deepEqual(seen.states, ["connecting", "ready", "lost", "ready"]);
});

test("when the network is back nobody waits", async (t) => {
    const { session } = begin(t);
    await settle();
    await FakeSocket.last.welcome();
    await FakeSocket.last.lose();
    session.poke();
    await settle();
    assert.equal(FakeSocket.all.length, 2);
});

test("a wrong password is asked for once more, and then it is over", async (t) => {
    const { session, seen, pass } = begin(t);
    await settle();
    await FakeSocket.last.open();
    await FakeSocket.last.refuse(-32001);
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["refused", "wrong-password"]);
    await pass(60_000);
    assert.equal(FakeSocket.all.length, 1);
});

test("a token that has run out is replaced by another", async (t) => {
    let count = 0;
    const { session } = begin(t, { credentials: async () => ({ login: "1000", password: `token ${++count}` }) });
    await settle();
    await FakeSocket.last.open();
    await FakeSocket.last.refuse(-32001);
    assert.equal(FakeSocket.last.asked().params.passwd, "token 2");
    await FakeSocket.last.welcome();
    assert.equal(session.state, "ready");
});

test("two tokens that are refused are enough", async (t) => {
    let count = 0;
    const { session, seen } = begin(t, { credentials: async () => ({ login: "1000", password: `token ${++count}` }) });
    await settle();
    await FakeSocket.last.open();
    await FakeSocket.last.refuse(-32001);
    await FakeSocket.last.refuse(-32001);
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["refused", "token-expired"]);
});

test("credentials that cannot be had now are asked for again", async (t) => {
    /** @type {(() => Promise<any>)[]} */
    const answers = [
        async () => Promise.reject(new Error("offline")),
        () => new Promise(() => {}),
        async () => Promise.reject(new Failure(trouble("token-expired"))),
    ];
    const { session, seen, pass } = begin(t, { credentials: () => /** @type {any} */ (answers.shift())() });
    await settle();
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "unreachable"]);
    await pass(500);
    await pass(16_000);
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["lost", "no-reply"]);
    await pass(500);
    assert.deepEqual([session.state, seen.troubles.at(-1)], ["refused", "token-expired"]);
    assert.equal(FakeSocket.all.length, 0);
});

test("another tab has it", async (t) => {
    const { session } = begin(t, { claim: async () => null });
    await settle();
    assert.deepEqual([session.state, FakeSocket.all.length], ["elsewhere", 0]);
});

test("who is punted does not come back by itself", async (t) => {
    const { session, seen, pass } = begin(t);
    await settle();
    await FakeSocket.last.welcome();
    await FakeSocket.last.tell({ id: 2, method: "verto.punt", params: {} });
    assert.equal(session.state, "elsewhere");
    assert.deepEqual(seen.told.at(-1), { type: "punt" });
    await pass(60_000);
    assert.equal(FakeSocket.all.length, 1);
});

test("nonsense from the server harms nobody, and its messages are acknowledged", async (t) => {
    const { session, seen } = begin(t);
    await settle();
    await FakeSocket.last.welcome();
    const nonsense = ["", "[]", "{", '{"id": 99, "result": {}}', '{"method": 5}', '{"id": 5, "error": {"code": "x"}}'];
    for (const each of nonsense) {
        await FakeSocket.last.tell(each);
    }
    await FakeSocket.last.tell({ id: 77, method: "verto.bye", params: { callID: "c" } });
    assert.deepEqual(FakeSocket.last.sent.at(-1), { jsonrpc: "2.0", id: 77, result: { method: "verto.bye" } });
    assert.equal(seen.told.at(-1).type, "bye");
    assert.equal(session.state, "ready");
});

test("what an old socket still says is not heard", async (t) => {
    const { seen, pass } = begin(t);
    await settle();
    const old = FakeSocket.last;
    const { onmessage } = old;
    await old.welcome();
    const count = seen.told.length;
    await old.lose();
    await pass(500);
    onmessage?.({ data: JSON.stringify({ id: 3, method: "verto.punt", params: {} }) });
    (/** @type {any} */ (old).onmessage)?.({ data: '{"id":3,"method":"verto.punt","params":{}}' });
    await settle();
    assert.equal(seen.told.length, count);
});

test("nothing is asked without a connection", async (t) => {
    const { session } = begin(t);
    await assert.rejects(session.request("x", {}), { code: 0 });
    session.leave();
    await assert.rejects(session.ready(1000));
});

test("who waits for it to be ready is told", async (t) => {
    const { session } = begin(t);
    const ready = session.ready(60_000);
    await settle();
    await FakeSocket.last.welcome();
    await ready;
});

test("the pauses grow to half a minute, differ, and are never short", () => {
    assert.deepEqual([0, 1, 2, 3, 20].map((failures) => backoff(failures, () => 1)), [1000, 2000, 4000, 8000, 30_000]);
    assert.deepEqual([0, 5, 50].map((failures) => backoff(failures, () => 0)), [500, 500, 500]);
});
