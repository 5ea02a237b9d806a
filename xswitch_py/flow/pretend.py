"""A switch for tests of flows, without a network: media that only keeps time, and phones that do as they are told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import BridgeId, LegId, new_id
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.directory import Directory
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg, State
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.core.services import Plan, Services
from xswitch_py.core.targets import GATEWAY
from xswitch_py.media.api import (
    CallQuality,
    Heard,
    LegStats,
    Listener,
    Recorded,
    RecordingId,
    Taken,
    Transport,
    Video,
)

__all__ = ["CALLER", "DOMAIN", "Answer", "PretendMedia", "PretendPhone", "Scene", "pretend_services"]

CALLER: Final = LegId("caller")
DOMAIN: Final = "example.org"

_DOORS: Final = ("phone", "sip")  # gateways are reached through the second


@dataclass(frozen=True, slots=True)
class Answer:
    """What a phone does that is rung: talk for some seconds, or refuse."""

    seconds: float = 0.0
    refuses: Cause | None = None


class Scene:
    """What the test said, and what the flow did."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.seconds = 0.0  # that would have passed
        self.answers: dict[str, Answer] = {}  # by target
        self.leaves: float | None = None  # when the caller hangs up
        self.wanted: list[str] = []  # what the flow is about to play
        self.bursts: list[str] = []  # what the caller presses, prompt by prompt
        self.leg: Leg | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    async def pass_time(self, seconds: float | None) -> None:
        """Let time pass without waiting for it; None: for ever. The caller hangs up when it is time for that."""
        await asyncio.sleep(0)
        until = None if seconds is None else self.seconds + seconds
        if self.leaves is not None and (until is None or until >= self.leaves):
            until = None
            self.seconds = max(self.seconds, self.leaves)
        if until is None:
            self.hang_up()
            await asyncio.Event().wait()
        else:
            self.seconds = until

    def hang_up(self) -> None:
        """The caller hangs up."""
        assert self.leg is not None
        talked = self.leg.state is State.ACTIVE
        self.leg.peer_left(Cause.NORMAL_CLEARING if talked else Cause.ORIGINATOR_CANCEL)

    def later(self, seconds: float, then: Callable[[], None]) -> asyncio.Task[None]:
        """Do something once time has passed."""

        async def wait() -> None:
            await self.pass_time(seconds)
            then()

        task = asyncio.create_task(wait(), name="later")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def press(self) -> str | None:
        """The caller presses what they press next; None: nothing was queued."""
        if not self.bursts:
            return None
        burst = self.bursts.pop(0)
        assert self.leg is not None
        for digit in burst:
            self.leg.peer_pressed(digit, 100, "rfc4733")
        return burst


class PretendPhone:
    """A peer: the caller's, or one that is rung."""

    door = "phone"
    transport = Transport.WEBRTC
    can_ring = True
    can_update = False
    host = ""

    def __init__(self, scene: Scene, answer: Answer | None = None) -> None:
        self.scene = scene
        self.does = answer  # None: it is the caller's
        self.leg: Leg | None = None

    def invite(self, sdp: str) -> None:
        """Ring, and then answer or refuse."""
        assert self.leg is not None and self.does is not None
        self.leg.peer_rang()
        if self.does.refuses is not None:
            self.leg.peer_left(self.does.refuses)
        else:
            task = asyncio.create_task(self._answer(self.leg), name="answer")
            self.scene.tasks.add(task)
            task.add_done_callback(self.scene.tasks.discard)

    def ring(self) -> None:
        """Hear that somebody is alerted."""
        self._say("ring")

    def early(self, sdp: str) -> None:
        """Hear what comes before the answer."""

    def answer(self, sdp: str | None) -> None:
        """Be answered."""
        self._say("answer")

    def bye(self, cause: Cause) -> None:
        """Be hung up."""

    def display(self, shown: Party) -> None:
        """Show whom it talks to."""

    def press(self, digit: str, ms: int) -> None:
        """Hear a digit."""

    def update(self, sdp: str) -> None:
        """Be offered other media."""

    def _say(self, word: str) -> None:
        if self.does is None:
            self.scene.said.append(word)

    async def _answer(self, leg: Leg) -> None:
        await leg.peer_answered("opus")
        leg.peer_is_up()


class PretendMedia:
    """Media in which all goes well, and nothing takes time."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.next = 0
        self.talks: dict[BridgeId, asyncio.Task[None]] = {}
        self.phones: dict[LegId, PretendPhone] = {}

    def open(self, leg: LegId, transport: Transport, listener: Listener, host: str = "") -> None:
        """Begin."""

    def transport_of(self, sdp: str) -> Transport:
        """All are alike."""
        return Transport.WEBRTC

    def read_offer(self, leg: LegId, sdp: str) -> Heard:
        """All offers are alike."""
        return Heard(("opus",), (), True)

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """All answers are alike."""
        return "opus"

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """All offers are alike."""
        return "opus"

    async def read_answer(self, leg: LegId, sdp: str) -> None:
        """Any answer will do."""

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        """Any offer will do."""
        return Taken("opus", False)

    async def reoffer(self, leg: LegId) -> str:
        """All offers are alike."""
        return "opus"

    def want_video(self, leg: LegId, video: Video) -> None:
        """There is none."""

    def video(self, leg: LegId) -> Video:
        """There is none."""
        return Video()

    def local(self, leg: LegId) -> str:
        """All are alike."""
        return "opus"

    async def renew(self, leg: LegId) -> str:
        """All offers are alike."""
        return "opus"

    def suspend(self, leg: LegId) -> None:
        """Nothing is sent anyway."""

    def watch(self, leg: LegId, watched: bool) -> None:
        """Nothing is missed."""

    def takes_digits(self, leg: LegId) -> bool:
        """All do."""
        return True

    def codec(self, leg: LegId) -> str:
        """All have the same."""
        return "opus"

    def has_video(self, leg: LegId) -> bool:
        """None have."""
        return False

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        """Let two talk, until the time of who was rung is over."""
        self.next += 1
        bridge, phone = BridgeId(self.next), self.phones.get(other)
        if phone is not None and phone.leg is not None and phone.does is not None:
            leg = phone.leg
            self.talks[bridge] = self.scene.later(phone.does.seconds, lambda: leg.peer_left(Cause.NORMAL_CLEARING))
        return bridge

    def unbridge(self, bridge: BridgeId) -> None:
        """Part them."""
        if (talk := self.talks.pop(bridge, None)) is not None:
            talk.cancel()

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        """Take the time of what the flow plays; ringback just goes on until it is over."""
        if source not in self.scene.wanted:
            await asyncio.Event().wait()
        self.scene.wanted.remove(source)
        kind, _, ms = source.partition(":")
        seconds = int(ms) / 1000 if kind == "silence" and ms.isascii() and ms.isdigit() else 0.0
        await self.scene.pass_time(None if loop else seconds)

    def hold(self, leg: LegId, held: bool) -> None:
        """Keep in mind who is on hold."""
        self.scene.said.append("hold" if held else "unhold")

    def mute(self, leg: LegId, muted: bool) -> None:
        """Keep in mind who is muted."""
        self.scene.said.append("mute" if muted else "unmute")

    def record(
        self, leg: LegId, path: Path, told: Callable[[Recorded], None], *, longest: float = 14_400.0
    ) -> RecordingId:
        """Write nothing."""
        return RecordingId(0)

    def stop_recording(self, recording: RecordingId) -> None:
        """Nothing is written."""

    def listen(self, leg: LegId, target: LegId) -> BridgeId:
        """Hear nothing."""
        return BridgeId(0)

    def send_digits(self, leg: LegId, digits: str) -> None:
        """Keep in mind what the caller's phone hears."""
        self.scene.said.append(f"digits {digits.partition('@')[0]}")

    def refresh_video(self, leg: LegId) -> None:
        """There is none."""

    def stats(self, leg: LegId) -> LegStats:
        """Nothing was carried."""
        return LegStats(codec="opus")

    def quality(self, leg: LegId) -> CallQuality | None:
        """Nothing was heard."""

    def close(self, leg: LegId) -> LegStats:
        """End."""
        return self.stats(leg)


class _People:
    """Everybody exists."""

    async def get(self, name: str, domain: str) -> User | None:
        return User(name, domain, f"User {name}", name)

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class _Door:
    """The way to phones and gateways."""

    def __init__(self, name: str, scene: Scene, media: PretendMedia, bus: Bus) -> None:
        self.name = name
        self._scene = scene
        self._media = media
        self._bus = bus

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """Make a leg to who does what the test said; a gateway of which it said nothing is down."""
        number = to.user.user
        target = f"{to.key}/{number}" if to.key.startswith(f"{GATEWAY}/") else f"user/{number}"
        does = self._scene.answers.get(target, Answer(refuses=Cause.GATEWAY_DOWN))
        phone = PretendPhone(self._scene, does)
        phone.leg = Leg(LegId(new_id()), phone, self._media, self._bus, offer, lambda leg: None)
        self._media.phones[phone.leg.id] = phone
        return phone.leg

    def deliver(self, to: Contact, message: Message) -> bool:
        """There is no chat."""
        return False

    def drop(self, contact: Contact) -> bool:
        """Nobody leaves."""
        return False


def pretend_services(scene: Scene) -> Services:
    """Make what calls work with; who can be reached is what the scene has answers for."""
    bus, media = Bus(), PretendMedia(scene)
    registry = Registry(bus)
    for target in scene.answers:
        if not target.startswith(f"{GATEWAY}/"):
            registry.add(Contact(Address(target.removeprefix("user/"), DOMAIN), _DOORS[0], target))
    doors = {name: _Door(name, scene, media, bus) for name in _DOORS}
    return Services(media, bus, Directory(_People(), DOMAIN), registry, Plan(()), doors)
