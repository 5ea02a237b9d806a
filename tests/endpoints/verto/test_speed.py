"""The speed test."""

import asyncio

import pytest

from tests.endpoints.verto.world import Client, World


def speed(client: Client) -> list[str]:
    """The frames of the test so far."""
    return [text for text, _ in client.socket.sent if text.startswith("#")]


def upload(client: Client, size: int) -> None:
    """What a page sends up."""
    client.socket.say(f"#SPU {size}")
    for _ in range(-(-size // 1024)):
        client.socket.say("#SPB " + "." * 1023)
    client.socket.say("#SPE")


async def test_both_ways_are_timed(world: World) -> None:
    """V38: ten rounds down, figures of at least 1, and nothing urgent about it."""
    client = await world.client()
    upload(client, 2500)
    frames = await client.socket.until(
        lambda: [*filter(lambda each: each.startswith("#SPD"), speed(client))] and speed(client)
    )
    assert int(frames[0].removeprefix("#SPU ")) >= 1
    assert int(frames[-1].removeprefix("#SPD ")) >= 1
    assert [len(frame) for frame in frames[1:-1]] == [1024, 1024, 452] * 10
    assert all(frame.startswith("#SPB ") for frame in frames[1:-1])
    assert not any(urgent for text, urgent in client.socket.sent if text.startswith("#"))
    upload(client, 1)
    await client.socket.until(lambda: len([frame for frame in speed(client) if frame.startswith("#SPD")]) == 2)


@pytest.mark.parametrize(
    "frame", ["#SPU 0", "#SPU 10485761", "#SPU -5", "#SPU x", "#SPU 99999999999999999999", "#SPE", "#SPB"]
)
async def test_what_makes_no_sense_is_ignored(world: World, frame: str) -> None:
    """V38."""
    client = await world.client()
    for each in (frame, "#SPE", "#", "#SP"):
        client.socket.say(each)
    await client.quiet()
    assert speed(client) == []


async def test_a_stranger_gets_none(world: World) -> None:
    """V38."""
    client = world.connect()
    client.socket.say("#SPU 1024")
    await client.serving
    assert client.socket.code == 1000


async def test_requests_are_answered_in_between(world: World) -> None:
    """V38: one test at a time, and nobody waits for it."""
    client = await world.client()
    upload(client, 200_000)
    upload(client, 200_000)
    assert await client.result("verto.ping") == {"message": "PONG"}
    assert len(speed(client)) < 1000
    await client.socket.until(lambda: speed(client)[-1].startswith("#SPD"))
    assert len([frame for frame in speed(client) if frame.startswith("#SPU")]) == 1


async def test_a_slow_peer_is_waited_for(world: World) -> None:
    client = await world.client()
    client.socket.slow = True
    upload(client, 1024)
    await asyncio.sleep(0.02)
    assert len(speed(client)) == 1
    client.socket.slow = False
    await client.socket.until(lambda: len(speed(client)) > 2)
    client.socket.slow = True
    stuck = len(speed(client))
    await asyncio.sleep(0.02)
    assert len(speed(client)) == stuck
    client.socket.slow = False
    frames = await client.socket.until(lambda: speed(client)[-1].startswith("#SPD") and speed(client))
    assert len(frames) == 12


async def test_a_peer_that_leaves_ends_it(world: World) -> None:
    client = await world.client()
    upload(client, 10_000_000)
    await client.socket.until(lambda: speed(client))
    await client.gone()
    sent = len(speed(client))
    await asyncio.sleep(0.01)
    assert len(speed(client)) == sent
