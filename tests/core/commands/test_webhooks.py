"""Webhooks: who may make one, what it may lead to, and that its secret is shown once."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import ROLES, Live, live
from tests.core.webhooks.receiver import SECRET
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.base.records import Delivery
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import webhooks
from xswitch_py.core.commands.command import Command
from xswitch_py.core.webhooks.signing import key_of
from xswitch_py.models.webhooks import NewWebhook, WebhookChange

URL = "https://hooks.example/x?token=word"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


@pytest.fixture
def boss(house: Live) -> Asker:
    return house.asker("admin")


async def sent(house: Live, hook: str, *ids: str) -> None:
    now = time.time()
    rows = [Delivery(id, hook, f"evt_{id}", "call.ended", '{"secret": 1}', now, next_at=now) for id in ids]
    await house.desk.stores.deliveries.add(rows)


async def test_a_webhook_that_was_made_is_found_without_its_secret(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL, events=["call.*", "call.*"]))
    assert len(key_of(made.secret)) == 24
    shown = await webhooks.get(house.desk, boss, made.id)
    assert shown == made.plain()
    assert (shown.url, shown.events, shown.enabled) == (URL, ["call.*"], True)
    row = await house.desk.stores.webhooks.get(made.id)
    assert row is not None
    assert row.secret == made.secret
    assert made.secret not in shown.model_dump_json() + repr(made) + repr(row)


async def test_a_secret_of_ones_own_is_taken(house: Live, boss: Asker) -> None:
    assert (await webhooks.create(house.desk, boss, NewWebhook(url=URL, secret=SECRET))).secret == SECRET
    assert SECRET not in repr(NewWebhook(url=URL, secret=SECRET)) + repr(WebhookChange(secret=SECRET))


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"url": "https://127.0.0.1/"}, "/url"),
        ({"url": "http://hooks.example/"}, "/url"),
        ({"url": "https://hooks.example:25/"}, "/url"),
        ({"url": URL, "secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"url": URL, "events": ["call.ended", "calls.*"]}, "/events/1"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_its_place(
    house: Live, boss: Asker, wish: dict[str, Any], pointer: str
) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    with pytest.raises(Refused) as refused:
        await webhooks.create(house.desk, boss, NewWebhook(**wish))
    assert refused.value.code is Code.INVALID
    assert [each["pointer"] for each in refused.value.facts["errors"]] == [pointer]
    with pytest.raises(Refused):
        await webhooks.change(house.desk, boss, made.id, WebhookChange(**wish))
    assert await webhooks.get(house.desk, boss, made.id) == made.plain()


async def test_only_what_is_given_changes(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL, events=["call.ended"], description="d"))
    shown = await webhooks.change(house.desk, boss, made.id, WebhookChange(enabled=False))
    assert (shown.enabled, shown.url, shown.events, shown.description) == (False, URL, ["call.ended"], "d")
    assert shown.changed >= made.changed
    await webhooks.change(house.desk, boss, made.id, WebhookChange(secret=SECRET, events=[]))
    row = await house.desk.stores.webhooks.get(made.id)
    assert row is not None
    assert (row.secret, row.events, row.enabled) == (SECRET, (), False)


async def test_there_may_be_only_so_many(house: Live, boss: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 2)
    for _ in range(2):
        await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    with pytest.raises(Refused) as refused:
        await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    assert refused.value.code is Code.CONFLICT


async def test_pages_follow_each_other(house: Live, boss: Asker) -> None:
    made = [(await webhooks.create(house.desk, boss, NewWebhook(url=URL))).id for _ in range(5)]
    found, cursor = list[str](), None
    while True:
        page = await webhooks.list_webhooks(house.desk, boss, 2, cursor)
        found += [each.id for each in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(found) == sorted(made)
    assert (await webhooks.list_webhooks(house.desk, boss, 2, "hook_gone")).items == []


async def test_deliveries_are_listed_the_newest_first_in_pages(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    await sent(house, made.id, "msg_1", "msg_2", "msg_3")
    page = await webhooks.deliveries(house.desk, boss, made.id, 2)
    assert [each.id for each in page.items] == ["msg_3", "msg_2"]
    assert page.items[0].status == "waiting"
    rest = await webhooks.deliveries(house.desk, boss, made.id, 2, page.next_cursor)
    assert ([each.id for each in rest.items], rest.next_cursor) == (["msg_1"], None)


async def test_a_delivery_is_told_anew(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    await sent(house, made.id, "msg_1")
    await house.desk.stores.deliveries.attempted("msg_1", time.time(), delivered=False, code=500)
    assert (await webhooks.deliveries(house.desk, boss, made.id)).items[0].status == "failed"
    again = await webhooks.redeliver(house.desk, boss, made.id, "msg_1")
    assert (again.status, again.attempts) == ("waiting", 0)
    assert [each.id for each in await house.desk.stores.deliveries.due(time.time())] == ["msg_1"]


async def test_a_delivery_is_found_at_its_own_webhook_only(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    other = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    await sent(house, made.id, "msg_1")
    with pytest.raises(Refused) as refused:
        await webhooks.redeliver(house.desk, boss, other.id, "msg_1")
    assert refused.value.code is Code.NOT_FOUND
    assert (await webhooks.deliveries(house.desk, boss, other.id)).items == []


async def test_nothing_is_told_anew_to_a_disabled_webhook(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL, enabled=False))
    await sent(house, made.id, "msg_1")
    with pytest.raises(Refused) as refused:
        await webhooks.redeliver(house.desk, boss, made.id, "msg_1")
    assert (refused.value.code, refused.value.facts["state"]) == (Code.CONFLICT, "disabled")


async def test_with_a_webhook_go_its_deliveries(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL))
    await sent(house, made.id, "msg_1")
    await webhooks.remove(house.desk, boss, made.id)
    assert await house.desk.stores.deliveries.get("msg_1") is None


EVERY: list[tuple[Command[..., Any], dict[str, Any]]] = [
    (webhooks.list_webhooks, {}),
    (webhooks.get, {"webhook": "hook_1"}),
    (webhooks.create, {"url": URL}),
    (webhooks.change, {"webhook": "hook_1"}),
    (webhooks.remove, {"webhook": "hook_1"}),
    (webhooks.deliveries, {"webhook": "hook_1"}),
    (webhooks.redeliver, {"webhook": "hook_1", "delivery": "msg_1"}),
]


@pytest.mark.parametrize(("command", "given"), EVERY, ids=lambda each: getattr(each, "name", ""))
@pytest.mark.parametrize("role", ["user", "operator", "admin"])
async def test_only_admins_have_to_do_with_webhooks(
    house: Live, command: Command[..., Any], given: dict[str, Any], role: str
) -> None:
    refusal = None
    try:
        await command.ask(house.desk, house.asker(role), given)
    except Refused as refused:
        refusal = refused.code
    if role == "admin":
        assert refusal in (None, Code.NOT_FOUND)
    else:
        assert refusal is Code.FORBIDDEN


@pytest.mark.parametrize("scopes", [{"webhooks:write"}, {"webhooks:write", "events:read:own"}])
async def test_who_may_not_hear_all_events_cannot_have_them_told_elsewhere(house: Live, scopes: set[str]) -> None:
    made = await webhooks.create(house.desk, house.asker("admin"), NewWebhook(url=URL))
    key = Asker("key_1", "admin", frozenset(scopes))
    for attempt in (
        webhooks.create(house.desk, key, NewWebhook(url=URL)),
        webhooks.change(house.desk, key, made.id, WebhookChange(url="https://evil.example/")),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code is Code.FORBIDDEN


async def test_the_audit_tells_who_did_what_and_no_secret(house: Live, boss: Asker) -> None:
    made = await webhooks.create(house.desk, boss, NewWebhook(url=URL, secret=SECRET))
    await webhooks.change.ask(house.desk, boss, {"webhook": made.id, "secret": SECRET})
    await webhooks.remove(house.desk, boss, made.id)
    assert [(each.command, each.target) for each in house.audit] == [
        ("webhooks.create", ""),
        ("webhooks.change", made.id),
        ("webhooks.remove", made.id),
    ]
    assert SECRET not in repr(house.audit)


def test_the_roles_are_as_these_tests_take_them_to_be() -> None:
    assert "events:read" in ROLES["operator"].api
    assert not any(scope.startswith("webhooks") for role in ("user", "operator") for scope in ROLES[role].api)
