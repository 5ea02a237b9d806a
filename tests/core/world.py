"""A small world to run whole calls in: the real core, with doors and media that only write down what they are told."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from xswitch_py.actions import ACTIONS
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.events import CallEnded, Event
from xswitch_py.base.ids import BridgeId, LegId
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.dialplan import load
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.core.script import follow
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.switch import Switch
from xswitch_py.media.api import (
    CallQuality,
    Heard,
    LegStats,
    Listener,
    MediaEvent,
    Recorded,
    RecordingId,
    Taken,
    Transport,
    Video,
)  # fmt: skip

RULES = {
    "rule": [
        {"number": "9196", "steps": ["answer", "echo"]},
        {"number": "9486", "steps": ["hangup USER_BUSY"]},
        {"number": "9000", "steps": ["transfer 9000"]},
        {"number": "9001", "steps": ["tone beep 1", "answer", "sleep 1"]},
        {"number": "9002", "steps": ["bridge 1001", "hangup CRASH"]},
        {"number": "1.*", "steps": ["bridge $0"]},
    ]
}


class Recorder:
    """Media that only remembers. SDP `bad` cannot be used; a codec is named by the SDP's text."""

    def __init__(self, scene: list[str]) -> None:
        self.scene = scene
        self.listeners: dict[LegId, Listener] = {}
        self.codecs: dict[LegId, str] = defaultdict(str)
        self.bridges: dict[BridgeId, tuple[LegId, LegId]] = {}
        self.playing: dict[LegId, str] = {}
        self.recordings: dict[RecordingId, tuple[LegId, Path, Callable[[Recorded], None]]] = {}
        self.deaf: set[LegId] = set()  # legs whose peers take no digits in media

    def open(self, leg: LegId, transport: Transport, listener: Listener, host: str = "") -> None:
        self.listeners[leg] = listener

    def tell(self, leg: LegId, event: MediaEvent) -> None:
        self.listeners[leg](event)

    def read_offer(self, leg: LegId, sdp: str) -> Heard:
        if sdp == "bad":
            raise MediaError("bad SDP")
        return Heard(tuple(sdp.split()), (), True)

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        self.codecs[leg] = wish.audio[0]
        return f"answer {wish.audio[0]}"

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        return f"offer {wish.audio[0]}"

    async def read_answer(self, leg: LegId, sdp: str) -> None:
        if sdp == "bad":
            raise MediaError("bad SDP")
        self.codecs[leg] = sdp

    async def renew(self, leg: LegId) -> str:
        return "offer again"

    def suspend(self, leg: LegId) -> None:
        pass

    def transport_of(self, sdp: str) -> Transport:
        return Transport.WEBRTC

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        return Taken(f"answer {sdp}", False)

    async def reoffer(self, leg: LegId) -> str:
        return "offer anew"

    def want_video(self, leg: LegId, video: Video) -> None:
        pass

    def video(self, leg: LegId) -> Video:
        return Video()

    def watch(self, leg: LegId, watched: bool) -> None:
        pass

    def local(self, leg: LegId) -> str:
        return ""

    def takes_digits(self, leg: LegId) -> bool:
        return leg not in self.deaf

    def codec(self, leg: LegId) -> str:
        return self.codecs[leg]

    def has_video(self, leg: LegId) -> bool:
        return False

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        bridge = BridgeId(len(self.bridges))
        self.bridges[bridge] = (one, other)
        return bridge

    def unbridge(self, bridge: BridgeId) -> None:
        self.bridges[bridge] = (LegId(""), LegId(""))

    def joined(self) -> set[tuple[LegId, LegId]]:
        return {pair for pair in self.bridges.values() if pair[0]}

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        self.playing[leg] = source
        try:
            if loop:
                await asyncio.Event().wait()
        finally:
            del self.playing[leg]

    def hold(self, leg: LegId, held: bool) -> None:
        self.scene.append(f"{leg} {'held' if held else 'unheld'}")

    def mute(self, leg: LegId, muted: bool) -> None:
        self.scene.append(f"{leg} {'muted' if muted else 'unmuted'}")

    def record(
        self, leg: LegId, path: Path, told: Callable[[Recorded], None], *, longest: float = 14_400.0
    ) -> RecordingId:
        self.recordings[recording := RecordingId(len(self.recordings))] = leg, path, told
        return recording

    def stop_recording(self, recording: RecordingId) -> None:
        leg, path, told = self.recordings[recording]
        if leg:
            self.recordings[recording] = LegId(""), path, told
            told(Recorded(recording, path, 1.0, 32044, 0, "stopped"))

    def listen(self, leg: LegId, target: LegId) -> BridgeId:
        return self.bridge(leg, target)

    def quality(self, leg: LegId) -> CallQuality | None:
        return None

    def send_digits(self, leg: LegId, digits: str) -> None:
        self.scene.append(f"{leg} digits {digits}")

    def refresh_video(self, leg: LegId) -> None:
        pass

    def stats(self, leg: LegId) -> LegStats:
        return LegStats(codec=self.codecs[leg])

    def close(self, leg: LegId) -> LegStats:
        self.listeners.pop(leg, None)
        return self.stats(leg)


class Peer:
    """One peer's wire: says what it is told, and does what `does` says when it is invited."""

    door = "door"
    transport = Transport.WEBRTC
    host = ""
    can_update = False

    def __init__(self, name: str, scene: list[str], *, can_ring: bool = False) -> None:
        self.name, self.scene, self.can_ring = name, scene, can_ring
        self.leg: Leg | None = None
        self.does: Callable[[Leg], None] = Leg.peer_rang

    def invite(self, sdp: str) -> None:
        self.scene.append(f"{self.name} < invite {sdp}")
        assert self.leg is not None
        self.does(self.leg)

    def ring(self) -> None:
        if self.can_ring:
            self.scene.append(f"{self.name} < ring")

    def early(self, sdp: str) -> None:
        self.scene.append(f"{self.name} < early {sdp}")

    def answer(self, sdp: str | None) -> None:
        self.scene.append(f"{self.name} < answer{f' {sdp}' if sdp else ''}")

    def bye(self, cause: Cause) -> None:
        self.scene.append(f"{self.name} < bye {cause}")

    def display(self, shown: Party) -> None:
        self.scene.append(f"{self.name} < display {shown.number}")

    def press(self, digit: str, ms: int) -> None:
        self.scene.append(f"{self.name} < press {digit} {ms}")

    def update(self, sdp: str) -> None:
        self.scene.append(f"{self.name} < update {sdp}")


class People:
    """Users 1000 to 1003."""

    async def get(self, name: str, domain: str) -> User | None:
        return User(name, domain, f"User {name}", name) if name in ("1000", "1001", "1002", "1003") else None

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class Told(Bus):
    """A bus that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Event] = []

    def publish(self, event: Event) -> None:
        self.seen.append(event)
        super().publish(event)


class World:
    """A switch, its doors and what was seen."""

    name = "door"

    def __init__(self) -> None:
        self.scene: list[str] = []
        self.media = Recorder(self.scene)
        self.bus = Told()
        self.heard = self.bus.listen()
        self.peers: dict[str, list[Peer]] = {}
        self.plan = Plan(load(RULES, ACTIONS), ring_timeout=5)
        registry = Registry(self.bus)
        directory = Directory(People(), "example.org")
        services = Services(self.media, self.bus, directory, registry, self.plan, {"door": self})
        self.registry = registry
        self.switch = Switch(services, follow(ACTIONS))

    def contact(self, user: str, *, can_ring: bool = False) -> Peer:
        """Let a user be reached at one more place."""
        peers = self.peers.setdefault(user, [])
        key = f"{user}.{len(peers)}" if peers else user
        peers.append(Peer(key, self.scene, can_ring=can_ring))
        self.registry.add(Contact(Address(user, "example.org"), "door", key))
        return peers[-1]

    def dial(self, to: Contact, offer: Offer) -> Leg:
        peer = next((peer for peer in self.peers[to.user.user] if peer.name == to.key), None)
        if peer is None:
            raise CallError(Cause.DESTINATION_OUT_OF_ORDER)
        peer.leg = self.switch.new_leg(LegId(f"to-{to.key}"), peer, offer)
        return peer.leg

    def deliver(self, to: Contact, message: Message) -> bool:
        return False

    def drop(self, contact: Contact) -> bool:
        return False

    def call(self, caller: str, number: str, sdp: str = "opus PCMU", *, can_ring: bool = False) -> Leg:
        """Let somebody dial."""
        peer = Peer(caller, self.scene, can_ring=can_ring)
        offer = Offer(Party(f"User {caller}", caller), Party("", number), Address(caller, "example.org"), sdp=sdp)
        peer.leg = self.switch.new_leg(LegId(f"from-{caller}-{len(self.switch.legs)}"), peer, offer)
        self.switch.accept(peer.leg)
        return peer.leg

    async def until(self, *lines: str) -> None:
        """Wait until each of these lines was seen."""
        async with asyncio.timeout(2):
            while not set(lines) <= set(self.scene):
                await asyncio.sleep(0)

    async def over(self) -> list[CallEnded]:
        """Wait until no call is left; give the ends of all calls."""
        async with asyncio.timeout(2):
            while self.switch.calls:
                await asyncio.sleep(0)
        self.bus.close()
        events: list[Event] = [event async for event in self.heard]
        return [event for event in events if isinstance(event, CallEnded)]


async def answers(leg: Leg, sdp: str = "opus") -> None:
    """What a peer does that answers at once."""
    await leg.peer_answered(sdp)
    leg.peer_is_up()


def at_once(leg: Leg) -> None:
    """Answer in a task of its own, as a door would."""
    leg.peer_rang()
    task = asyncio.get_running_loop().create_task(answers(leg))
    task.add_done_callback(lambda done: done.result())


def refuses(cause: Cause) -> Callable[[Leg], None]:
    """Make a peer that refuses."""
    return lambda leg: leg.peer_left(cause)


def party(leg: Leg, number: str) -> Party:
    """Give the leg's party another number."""
    return replace(leg.party, number=number)
