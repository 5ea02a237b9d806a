"""Gateways that were made while the switch runs."""

from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import GatewayRecord
from xswitch_py.store.open import Store

ACME = GatewayRecord(
    "acme", {"host": "sip.example", "password": "s3cret", "port": 5061, "allow": ["192.0.2.1"]}, False, 1.0, 2.0
)


async def test_a_gateway_is_kept_whole(store: Store) -> None:
    await store.gateways.add(ACME)
    assert await store.gateways.get("acme") == ACME
    assert await store.gateways.get("Acme") is None
    await store.gateways.add(GatewayRecord("aaa", {}))
    assert await store.gateways.list() == [GatewayRecord("aaa", {}), ACME]


async def test_a_name_is_had_once(store: Store) -> None:
    await store.gateways.add(ACME)
    with pytest.raises(Taken, match="gateway acme exists already"):
        await store.gateways.add(GatewayRecord("acme", {}))
    assert await store.gateways.list() == [ACME]


async def test_a_change_leaves_its_birth_alone(store: Store) -> None:
    await store.gateways.add(ACME)
    assert await store.gateways.change(GatewayRecord("acme", {"host": "h"}, True, 99.0, 3.0))
    assert await store.gateways.get("acme") == GatewayRecord("acme", {"host": "h"}, True, 1.0, 3.0)
    assert not await store.gateways.change(replace(ACME, name="other"))


async def test_a_removed_gateway_is_gone(store: Store) -> None:
    await store.gateways.add(ACME)
    assert await store.gateways.remove("acme")
    assert not await store.gateways.remove("acme")
    assert await store.gateways.list() == []


async def test_its_password_is_not_printed() -> None:
    assert "s3cret" not in repr(ACME)
