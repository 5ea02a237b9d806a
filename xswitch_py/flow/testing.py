"""A call for tests of flows: the real `Call` and the real core, above a switch that only pretends."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, Refused
from xswitch_py.base.offer import Offer, Party
from xswitch_py.base.problem import Code
from xswitch_py.core.call import Call as CoreCall
from xswitch_py.core.call import nobody
from xswitch_py.core.commands import COMMANDS
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.feed import Feed, Subscription
from xswitch_py.core.leg import Leg
from xswitch_py.core.prompts import Digits, Wanted
from xswitch_py.core.script import Rerouted
from xswitch_py.flow.hands import Hands
from xswitch_py.flow.marked import Flow
from xswitch_py.flow.pretend import CALLER, Answer, PretendPhone, Scene, pretend_services
from xswitch_py.flow.run import run

__all__ = ["FakeCall"]

_MOMENT = 0.01  # seconds in which an event comes, or does not


class FakeCall:
    """Somebody who calls. Say what they and others do; `run` a flow; look at what was `said`, and the `cause`.

    Time does not pass: what a flow waits for comes at once, or never. A caller for whom nothing else can happen, in
    endless music say, hangs up. Only what the flow waits for on its own, such as `asyncio.sleep`, takes its time.
    """

    def __init__(self) -> None:
        self.caller = Party("A caller", "1000")
        self.callee = Party("", "8000")
        self.user: str | None = None  # "1000@example.org" if it is one of ours
        self.variables: dict[str, str] = {}
        self.cause: Cause | None = None
        self._scene = Scene()
        self._replies: dict[str, Any] = {}

    @property
    def said(self) -> list[str]:
        """What the flow did, in order: `answer`, `play file:welcome.wav`, `bridge user/1001`, `transfer 1002`..."""
        return self._scene.said

    @property
    def seconds(self) -> float:
        """How long the call would have lasted, sounds not counted."""
        return self._scene.seconds

    def presses(self, *bursts: str) -> Self:
        """At the next prompt the caller presses these keys, at the one after that the next; `""`: none."""
        self._scene.bursts += bursts
        return self

    def answers(self, target: str, seconds: float = 60.0) -> Self:
        """`user/1001`, or `gateway/NAME/NUMBER`, answers and hangs up after some seconds."""
        self._scene.answers[_target(target)] = Answer(seconds)
        return self

    def refuses(self, target: str, cause: str = "CALL_REJECTED") -> Self:
        """They ring, and do not answer: with `NO_ANSWER`, `USER_BUSY`... Who is not named is not registered."""
        self._scene.answers[_target(target)] = Answer(refuses=Cause(cause))
        return self

    def hangs_up(self, after: float = 0.0) -> Self:
        """The caller hangs up so many seconds after the call began: at the first wait that lasts so long."""
        self._scene.leaves = after
        return self

    def replies(self, command: str, result: Any) -> Self:
        """`Call.do` of this command gives that; its parameters are checked all the same."""
        self._replies[command] = result
        return self

    async def run(self, flow: Flow) -> Self:
        """Let a flow have the call, until both are over. What the flow raises is raised here."""
        scene, services, feed = self._scene, pretend_services(self._scene), Feed("test")
        user = None if self.user is None else Address(*self.user.split("@", 1))
        offer = Offer(self.caller, self.callee, user, sdp="opus", variables=self.variables)
        phone = PretendPhone(scene)
        scene.leg = phone.leg = Leg(CALLER, phone, services.media, services.bus, offer, lambda leg: None)
        call = CoreCall(scene.leg, offer, services, nobody)
        tasks: list[asyncio.Task[None]] = []
        hearing = asyncio.create_task(feed.run(services.bus), name="feed")
        hands = _Hands(call, scene, self._replies, feed)

        async def body(call: CoreCall) -> None:
            try:
                await run(flow, hands, tasks.append)
            except Rerouted:
                raise CallError(Cause.BLIND_TRANSFER) from None

        await asyncio.create_task(call.run(body), name="call")
        self.cause = call.cause
        self.variables = call.variables
        await asyncio.wait(tasks)
        for task in (hearing, *scene.tasks):
            task.cancel()
        await asyncio.wait((hearing, *scene.tasks))
        if not tasks[0].cancelled() and isinstance(error := tasks[0].exception(), Exception):
            raise error
        return self


class _Hands(Hands):
    """What takes time, or more of a switch than there is, without."""

    def __init__(self, call: CoreCall, scene: Scene, replies: Mapping[str, Any], feed: Feed) -> None:
        super().__init__(call, _no_desk)
        self._scene = scene
        self._replies = replies
        self._feed = feed

    async def play(self, source: str, loop: bool) -> str:
        self._scene.said.append(f"play {source}")
        self._scene.wanted.append(source)
        return await super().play(source, loop)

    async def gather(self, wanted: Wanted) -> Digits:
        once = replace(wanted, tries=1, timeout=0.0, between=0.0)
        heard, self.call.leg.secret = Digits("", "timeout"), wanted.secret
        for _ in range(wanted.tries):
            sources, leg = wanted.sources, self.call.leg
            for source in sources[:-1]:
                await self.play(source, False)
            while sources and not leg.digits.empty():  # as live: what came before a prompt does not count
                leg.digits.get_nowait()
            if leg.digits.empty():
                self._scene.press()
            if sources:
                await self.play(sources[-1], False)
            heard = await super().gather(replace(once, sources=()))
            if heard.why == "timeout":
                await self._scene.pass_time(wanted.between if heard.text else wanted.timeout)
            if len(heard.text) >= wanted.least:
                break
        return heard

    async def digit(self, timeout: float | None) -> str | None:  # noqa: ASYNC109  # as in the real one
        if self.call.leg.digits.empty() and not self._scene.press():
            await self._scene.pass_time(timeout)
            return None
        return await super().digit(0.0)

    async def event(self, kind: str, timeout: float | None) -> dict[str, Any] | None:  # noqa: ASYNC109  # the same
        event = await super().event(kind, _MOMENT)
        if event is None:
            await self._scene.pass_time(timeout)
        return event

    async def sleep(self, seconds: float) -> None:
        await self._scene.pass_time(seconds)

    async def bridge(self, target: str, ring_for: float | None) -> tuple[bool, Cause]:
        self._scene.said.append(f"bridge {target}")
        return await super().bridge(target, ring_for)

    async def record(self, longest: float) -> str:
        self._scene.said.append("record")
        self.call.recordings.add(recording := f"rec_{len(self.call.recordings)}")
        return recording

    async def stop_recording(self) -> None:
        self._scene.said.append("stop recording")
        self.call.recordings.clear()

    def sent(self, number: str) -> None:
        self._scene.said.append(f"transfer {number}")
        super().sent(number)

    def subscribe(self, types: tuple[str, ...]) -> Subscription:
        return self._feed.subscribe(types, call=f"call_{self.call.id}")

    async def do(self, name: str, params: Mapping[str, Any]) -> Any:
        self._scene.said.append(f"do {name}")
        if name not in COMMANDS:
            raise Refused(Code.NOT_FOUND, f"there is no command {name!r}")
        try:
            COMMANDS[name].params.model_validate(dict(params))
        except ValueError as error:
            raise Refused(Code.INVALID, str(error)) from None
        if name not in self._replies:
            raise LookupError(f"say what {name} gives: fake_call.replies({name!r}, ...)")
        return self._replies[name]


def _no_desk() -> Desk:
    raise LookupError("there is no switch behind a fake call")


def _target(text: str) -> str:
    return text if "/" in text else f"user/{text}"
