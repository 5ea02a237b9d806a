/** What the checks of the switch say, in the reader's language. */

import assert from "node:assert/strict";
import test from "node:test";

import { interpreter, interpreting } from "../../../../web/admin/parts/said.js";

test("gaps are filled with what the switch said", async () => {
    const said = await interpreter("zh");
    const cases = [
        ["no port uses TLS", "没有端口使用 TLS"],
        ["listen.http: 127.0.0.1:8081 is in use", "listen.http：127.0.0.1:8081 已被占用"],
        ["listen.http: 127.0.0.1:8081 is in use, and the switch runs", "listen.http：127.0.0.1:8081 已占用，交换机正在运行"],
        ["3.2 GB are free for the database, at /var", "/var（database）还有 3.2 GB 可用"],
        ["/a (1)/b is missing", "缺少 /a (1)/b"],
    ];
    for (const [text = "", told] of cases) {
        assert.deepEqual(said(text), { text: told, lang: null });
    }
});

test("what has no words stays as it is, and is known to be English", async () => {
    assert.deepEqual((await interpreter("zh"))("the moon is too near"), { text: "the moon is too near", lang: "en" });
});

test("in English it is what the switch says", async () => {
    assert.deepEqual((await interpreter("en"))("the moon is too near"), { text: "the moon is too near", lang: null });
});

test("signs of regular expressions in a sentence stand for themselves", () => {
    const said = interpreting({ odd: "a.b (c) [d] {x}?" }, { odd: "{x}!" });
    assert.deepEqual(said("a.b (c) [d] e?"), { text: "e!", lang: null });
    assert.equal(said("aXb (c) [d] e?").lang, "en");
});
