"""Routes: always numbered 1 to n, whatever is done to them, and by how many at once."""

import asyncio
import random
from dataclasses import replace

import pytest

from xswitch_py.base.errors import Taken
from xswitch_py.base.records import Route
from xswitch_py.store.open import Store

WHOLE = Route(
    "route_1", 1, "Office \u00e9", ("answer", "bridge user/1001"), "10xx", "+49*", "sales", "mon-fri", False, 1.0, 2.0
)


def route(name: str) -> Route:
    return Route(name, 0, name.upper(), (f"bridge {name}",))


async def order(store: Store) -> str:
    """Give the names of the routes, whose positions are right."""
    routes = await store.routes.list()
    assert [each.position for each in routes] == list(range(1, len(routes) + 1))
    return "".join(each.id for each in routes)


async def filled(store: Store, names: str) -> None:
    for name in names:
        await store.routes.add(route(name))


async def test_a_route_is_kept_whole(store: Store) -> None:
    assert await store.routes.add(replace(WHOLE, position=77)) == WHOLE
    assert await store.routes.get("route_1") == WHOLE
    assert await store.routes.list() == [WHOLE]
    assert await store.routes.get("route_2") is None


@pytest.mark.parametrize(
    ("position", "expected"), [(None, "abcX"), (1, "Xabc"), (2, "aXbc"), (4, "abcX"), (99, "abcX"), (-5, "Xabc")]
)
async def test_a_route_is_added_at_a_position(store: Store, position: int | None, expected: str) -> None:
    await filled(store, "abc")
    made = await store.routes.add(route("X"), position)
    assert await order(store) == expected
    assert made == await store.routes.get("X")


@pytest.mark.parametrize(
    ("name", "position", "expected"),
    [
        ("a", 1, "abcd"), ("a", 2, "bacd"), ("a", 4, "bcda"), ("a", 99, "bcda"),
        ("d", 1, "dabc"), ("c", 2, "acbd"), ("b", 3, "acbd"), ("b", -1, "bacd"),
    ],
)  # fmt: skip
async def test_a_route_is_moved(store: Store, name: str, position: int, expected: str) -> None:
    await filled(store, "abcd")
    moved = await store.routes.move(name, position)
    assert await order(store) == expected
    assert moved == await store.routes.get(name)


async def test_a_removed_route_leaves_no_gap(store: Store) -> None:
    await filled(store, "abc")
    assert await store.routes.remove("b")
    assert not await store.routes.remove("b")
    assert await order(store) == "ac"


async def test_a_change_leaves_position_and_birth_alone(store: Store) -> None:
    await filled(store, "a")
    await store.routes.add(WHOLE)
    other = Route("route_1", 9, "New", ("hangup",), "1", "2", "c", "h", True, 99.0, 3.0)
    assert await store.routes.change(other)
    assert await store.routes.get("route_1") == replace(other, position=2, created=1.0)


async def test_nothing_happens_to_a_route_that_is_not_there(store: Store) -> None:
    assert not await store.routes.change(WHOLE)
    assert await store.routes.move("route_1", 1) is None
    assert await store.routes.list() == []


async def test_a_route_that_cannot_be_added_moves_no_other(store: Store) -> None:
    await filled(store, "abc")
    with pytest.raises(Taken, match="route b exists already"):
        await store.routes.add(route("b"), 1)
    assert await order(store) == "abc"


async def test_many_at_once_leave_the_numbers_right(store: Store) -> None:
    chance = random.Random(1)
    await filled(store, "abcdef")

    async def act(number: int) -> None:
        match chance.randrange(3):
            case 0:
                await store.routes.move(chance.choice("abcdef"), chance.randrange(8))
            case 1:
                await store.routes.add(route(f"n{number}"), chance.randrange(8))
            case _:
                await store.routes.remove(chance.choice("abcdef"))

    tasks = [asyncio.create_task(act(number)) for number in range(60)]
    for task in tasks[::7]:
        await asyncio.sleep(0.0005)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert "n" in await order(store)
