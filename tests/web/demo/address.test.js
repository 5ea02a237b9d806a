/** What the address of the demo asks for. */

import assert from "node:assert/strict";
import test from "node:test";

import { asked, other, snippet, socketOf } from "../../../web/demo/address.js";

test("without anything there are two phones that ask for their passwords", () => {
    assert.deepEqual(asked("", ""), {
        customer: { user: "1000", password: "" }, desk: { user: "1001", password: "" }, language: "",
    });
});

test("each phone has a password of its own, or both have one", () => {
    const own = asked("", "#1000=a%26b&1001=c");
    assert.deepEqual([own.customer.password, own.desk?.password], ["a&b", "c"]);
    const one = asked("?password=x", "");
    assert.deepEqual([one.customer.password, one.desk?.password], ["x", "x"]);
});

test("a user that is named has the only phone", () => {
    assert.deepEqual(asked("?user=1007&password=x", ""), {
        customer: { user: "1007", password: "x" }, desk: null, language: "",
    });
});

test("what is behind the # counts more", () => {
    const found = asked("?user=1002&password=x&lang=en", "#user=1003&lang=zh");
    assert.deepEqual([found.customer.user, found.customer.password, found.language], ["1003", "x", "zh"]);
});

test("the other end of everybody is there", () => {
    assert.deepEqual(["1000", "1001", "1019"].map(other), ["1001", "1000", "1001"]);
});

test("the snippet names the server by the scheme of its page", () => {
    assert.equal(socketOf("http://localhost:8081"), "ws://localhost:8081/ws");
    const [script, element] = snippet("https://pbx.example.com").split("\n");
    assert.equal(script, '<script type="module" src="https://pbx.example.com/static/phone.js"></script>');
    assert.equal(element, '<xswitch-phone server="wss://pbx.example.com/ws"></xswitch-phone>');
});
