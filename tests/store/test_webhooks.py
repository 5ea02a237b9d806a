"""Webhooks: where events are told."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import Delivery, Webhook
from xswitch_py.store.open import Store

HOOK = Webhook(
    "hook_1", "https://hooks.example/x", ("call.ended", "gateway.*"), "Billing", False, 10.0, 11.0, secret="whsec_x"
)
BARE = Webhook("hook_2", "https://hooks.example/y", (), created=5.0)


async def test_a_webhook_is_kept_whole(store: Store) -> None:
    for hook in (HOOK, BARE):
        await store.webhooks.add(hook)
        assert await store.webhooks.get(hook.id) == hook
    assert await store.webhooks.list() == [BARE, HOOK]
    with pytest.raises(Taken, match="webhook hook_1 exists already"):
        await store.webhooks.add(HOOK)


async def test_a_change_leaves_its_birth_alone(store: Store) -> None:
    await store.webhooks.add(HOOK)
    changed = replace(HOOK, url="https://b", events=(), enabled=True, created=99.0, changed=12.0, secret="whsec_y")
    assert await store.webhooks.change(changed)
    assert await store.webhooks.get("hook_1") == replace(changed, created=10.0)
    assert not await store.webhooks.change(BARE)


async def test_a_removed_webhook_takes_its_deliveries_along(store: Store) -> None:
    await store.webhooks.add(HOOK)
    await store.webhooks.add(BARE)
    await store.deliveries.add(
        [Delivery("msg_1", "hook_1", "e", "t", "{}"), Delivery("msg_2", "hook_2", "e", "t", "{}")]
    )
    assert await store.webhooks.remove("hook_1")
    assert not await store.webhooks.remove("hook_1")
    assert await store.deliveries.get("msg_1") is None
    assert await store.deliveries.get("msg_2") is not None
