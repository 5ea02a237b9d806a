/** What the server may send, and what becomes of it. */

import assert from "node:assert/strict";
import test from "node:test";

import { read, request, shown } from "../../../../web/phone/core/wire.js";

/** @param {string} method @param {object} params */
function told(method, params, id = 7) {
    return read(JSON.stringify({ jsonrpc: "2.0", id, method, params }))?.message;
}

const OFFER = {
    callID: "c", sdp: "v=0",
    caller_id_name: "Ann", caller_id_number: "1000", callee_id_name: "Bob", callee_id_number: "1001",
};

for (const [name, text] of Object.entries({
    "no JSON": "nonsense", "a list": "[]", "a number": "1", "null": "null", "nothing": "", "an empty object": "{}",
    "a result for nobody": '{"result": {}}', "bytes": new Uint8Array(3),
    "an id that is no number": '{"id": "x", "result": 1}',
    "half a message": '{"method": "verto.in', "undefined": undefined,
})) {
    test(`${name} is no message`, () => assert.equal(read(text), null));
}

for (const [method, params, expected] of /** @type {[string, object, object][]} */ ([
    ["verto.invite", { ...OFFER, display_direction: "outbound" },
        { type: "invite", call: "c", sdp: "v=0", name: "Ann", number: "1000", placed: false }],
    ["verto.attach", { ...OFFER, display_direction: "inbound" },
        { type: "attach", call: "c", sdp: "v=0", name: "Bob", number: "1001", placed: true }],
    ["verto.media", { callID: "c", sdp: "v=0" }, { type: "media", call: "c", sdp: "v=0" }],
    ["verto.answer", { callID: "c" }, { type: "answer", call: "c", sdp: "" }],
    ["verto.answer", { callID: "c", sdp: 5 }, { type: "answer", call: "c", sdp: "" }],
    ["verto.display", { callID: "c", display_name: "Bob", display_number: 1001 },
        { type: "display", call: "c", name: "Bob", number: "1001" }],
    ["verto.bye", { callID: "c", cause: "USER_BUSY", causeCode: 17 },
        { type: "bye", call: "c", cause: "USER_BUSY", causeCode: 17 }],
    ["verto.bye", { callID: "c" }, { type: "bye", call: "c", cause: "NORMAL_CLEARING", causeCode: 0 }],
    ["verto.modify", { callID: "c", action: "updateMedia", sdp: "v=0" }, { type: "update", call: "c", sdp: "v=0" }],
    ["verto.info", { callID: "c", callState: { peerHeld: true, recording: "yes" } },
        { type: "callState", call: "c", peerHeld: true, recording: null }],
    ["verto.info", { msg: { from: "1000@x", from_msg_name: "Ann", body: "hello" } },
        { type: "chat", from: "1000@x", name: "Ann", text: "hello" }],
    ["verto.clientReady", { reattached_sessions: ["a", 5, "b"] }, { type: "ready", calls: ["a", "b"] }],
    ["verto.clientReady", {}, { type: "ready", calls: [] }],
    ["verto.punt", {}, { type: "punt" }],
    ["verto.ping", { serno: 5 }, { type: "ping" }],
])) {
    test(`${method} ${JSON.stringify(params).slice(0, 60)}`, () => assert.deepEqual(told(method, params), expected));
}

for (const [method, params] of /** @type {[string, object][]} */ ([
    ["verto.modify", { callID: "c", action: "hold" }], ["verto.info", { callID: "c" }], ["verto.info", {}],
    ["verto.invite", {}], ["verto.event", { eventChannel: "x" }], ["__proto__", {}], ["constructor", { callID: "c" }],
])) {
    test(`${method} ${JSON.stringify(params)} is for somebody else`, () => {
        assert.deepEqual(told(method, params), { type: "other", method, params });
    });
}

test("messages of calls and pings are acknowledged, others are not", () => {
    const reply = (/** @type {object} */ message) => read(JSON.stringify(message))?.reply;
    assert.equal(reply({ id: 9, method: "verto.bye", params: { callID: "c" } }),
        '{"jsonrpc":"2.0","id":9,"result":{"method":"verto.bye"}}');
    assert.equal(reply({ id: 0, method: "verto.ping", params: {} }),
        '{"jsonrpc":"2.0","id":0,"result":{"method":"verto.ping"}}');
    assert.equal(reply({ id: 9, method: "verto.clientReady", params: {} }), null);
    assert.equal(reply({ method: "verto.bye", params: { callID: "c" } }), null);
    assert.equal(reply({ id: 9, result: {} }), null);
});

test("results and refusals find their request, also number 0", () => {
    assert.deepEqual(read('{"id": 0, "result": {"a": 1}}')?.message, { type: "result", id: 0, result: { a: 1 } });
    assert.deepEqual(read('{"id": 4, "result": null}')?.message, { type: "result", id: 4, result: {} });
    assert.deepEqual(read('{"id": 4, "error": {"code": -32002, "message": "no", "cause": "USER_BUSY"}}')?.message,
        { type: "refusal", id: 4, code: -32002, message: "no", facts: { cause: "USER_BUSY" } });
    assert.deepEqual(read('{"id": 4, "error": "odd"}')?.message,
        { type: "refusal", id: 4, code: 0, message: "", facts: {} });
});

test("what is asked is one request", () => {
    assert.equal(request(3, "verto.bye", { cause: "X" }),
        '{"jsonrpc":"2.0","id":3,"method":"verto.bye","params":{"cause":"X"}}');
});

for (const [given, expected] of /** @type {[unknown, string][]} */ ([
    ["Ann", "Ann"], ["  Ann\r\nBob\u0000 ", "AnnBob"], ["\u202egpj.exe\u202c", "gpj.exe"], ["\u2066a\u2069\u200f", "a"],
    ["王小明", "王小明"], [1000, "1000"], [null, ""], [{}, ""], ["x".repeat(1000), "x".repeat(200)],
    ["📞".repeat(300), "📞".repeat(200)],
])) {
    test(`a name is shown as ${JSON.stringify(expected).slice(0, 20)}`, () => assert.equal(shown(given), expected));
}
