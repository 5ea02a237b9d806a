"""A call, as a flow has it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn, overload

from xswitch_py.base.cause import Cause, by_name
from xswitch_py.base.errors import CallError
from xswitch_py.base.offer import Party
from xswitch_py.core.prompts import Wanted
from xswitch_py.core.script import Rerouted
from xswitch_py.flow.hands import Hands
from xswitch_py.flow.life import Life

__all__ = ["Bridged", "Call"]


@dataclass(frozen=True, slots=True)
class Bridged:
    """How a bridging went: whether somebody answered, and why it is over."""

    answered: bool
    cause: Cause


class Call:
    """The caller, from the moment the flow begins until they, or the flow, hang up.

    Every method that waits raises `CallEnded` when the call ends. Times are in seconds. Before `answer` what is played
    is early media. Errors of the house (`xswitch_py.base.errors`) come through as they are.
    """

    def __init__(self, hands: Hands, life: Life) -> None:
        self._hands = hands
        self._life = life

    @property
    def id(self) -> str:
        """What programs call it: `call_...`."""
        return f"call_{self._hands.call.id}"

    @property
    def caller(self) -> Party:
        """Who calls: `name` and `number`."""
        return self._hands.call.offer.caller

    @property
    def callee(self) -> Party:
        """Who is called: `number` is what was dialled."""
        return self._hands.call.offer.callee

    @property
    def user(self) -> str | None:
        """Which of our users calls, as `name@domain`; None: somebody from outside."""
        user = self._hands.call.offer.user
        return None if user is None else str(user)

    @property
    def variables(self) -> dict[str, str]:
        """The call's variables, to read and to set."""
        return self._hands.call.variables

    @property
    def answered(self) -> bool:
        """Whether the call is answered."""
        return self._hands.call.answered is not None

    async def answer(self) -> None:
        """Answer the caller; again changes nothing."""
        await self._life.during(self._hands.answer(), vital=True)

    async def ring(self) -> None:
        """Tell the caller that somebody is alerted."""
        await self._life.during(self._hands.ring())

    async def play(self, *sources: str, loop: bool = False) -> None:
        """Let the caller hear one after the other, or all again and again until this is cancelled.

        `"welcome.wav"` or `"file:welcome"`, `"tone:beep"`, `"music"`, `"silence:500"` (ms).

        Raises:
            MediaError: there is no such sound.
        """
        await self._life.during(self._hands.early(), vital=True)
        again = True
        while again:
            for source in map(_source, sources):
                if await self._life.during(self._hands.play(source, loop and len(sources) == 1)) != "done":
                    return
            again = loop and bool(sources)

    async def gather(
        self,
        play: str | Sequence[str] | None = None,
        digits: int = 1,
        least: int | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109  # it counts from the end of what is played
        between: float = 3.0,
        terminators: str = "#",
        tries: int = 1,
        secret: bool = False,
    ) -> str:
        """Play something, and give the digits that the caller presses, at most `digits` of them; `""` if none.

        The first one ends what is played. It has `timeout` seconds from the end of that, each further one `between`.
        With fewer than `least` (1) it is tried again, `tries` times in all. A `secret` is told to nobody else.

        Raises:
            MediaError: there is no such sound.
        """
        sources = (play,) if isinstance(play, str) else tuple(play or ())
        wanted = Wanted(
            most=digits,
            least=1 if least is None else least,
            timeout=timeout,
            between=between,
            terminators=terminators,
            sources=tuple(map(_source, sources)),
            tries=tries,
            secret=secret,
        )
        await self._life.during(self._hands.early(), vital=True)
        return (await self._life.during(self._hands.gather(wanted))).text

    async def bridge(self, target: str, timeout: float | None = None) -> Bridged:  # noqa: ASYNC109  # of ringing only
        """Ring somebody, join the first to answer with the caller, and return when they have hung up, or nobody does.

        `target` is as in the dialplan: `user/1001`, `1001,1002`, `1001|1002`, `gateway/NAME/NUMBER`.
        """
        answered, cause = await self._life.during(self._hands.bridge(target, timeout))
        return Bridged(answered, cause)

    async def record(self, longest: float = 14_400.0) -> str:
        """Record from now on what the caller says and hears; give the recording's id.

        Raises:
            CallError: nothing can be recorded.
        """
        return await self._life.during(self._hands.record(longest))

    async def stop_recording(self) -> None:
        """End all recordings of the call."""
        await self._life.during(self._hands.stop_recording())

    async def transfer(self, number: str) -> NoReturn:
        """Let the call start anew, as if the caller had dialled this number; the flow ends."""
        offer = self._hands.call.offer
        if self._life.cause is None and not self._life.left.done():
            self._hands.sent(number)
        await self._life.leave(Rerouted(replace(offer, callee=Party("", number))))

    async def hangup(self, cause: str = "NORMAL_CLEARING") -> NoReturn:
        """End the call, and with it the flow.

        Raises:
            ValueError: there is no such cause.
        """
        if (why := by_name(cause)) is None:
            raise ValueError(f"there is no cause {cause!r}")
        await self._life.leave(CallError(why))

    async def hold(self) -> None:
        """Put the caller on hold.

        Raises:
            CallError: the call is not answered.
        """
        await self._life.during(self._hands.hold(True))

    async def unhold(self) -> None:
        """Take the caller off hold."""
        await self._life.during(self._hands.hold(False))

    async def mute(self, muted: bool = True) -> None:
        """Let nobody hear the caller, or let them be heard again."""
        await self._life.during(self._hands.mute(muted))

    async def send_digits(self, digits: str, ms: int = 100) -> None:
        """Let the caller's phone have digits, each `ms` long; `w` waits for half a second, `W` for one.

        Raises:
            ProtocolError: these are no digits, or too many.
        """
        await self._life.during(self._hands.send_digits(digits, ms))

    async def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        await self._life.during(self._hands.sleep(seconds))

    @overload
    async def wait_for(self, kind: Literal["dtmf"], timeout: float | None = None) -> str | None: ...  # noqa: ASYNC109
    @overload
    async def wait_for(self, kind: str, timeout: float | None = None) -> Any: ...  # noqa: ASYNC109
    async def wait_for(self, kind: str, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # None says so
        """Wait for the next digit (`"dtmf"`), or for the next event of a type (`"call.held"`); None if none came."""
        if kind == "dtmf":
            return await self._life.during(self._hands.digit(timeout))
        return await self._life.during(self._hands.event(kind, timeout))

    def events(self, *types: str) -> AsyncIterator[dict[str, Any]]:
        """Give this call's events from now on, as programs get them, all or of some types (`"call.*"`)."""
        return _Events(self._hands.events(types), self._life)

    async def do(self, command: str, /, **params: Any) -> Any:
        """Run a command as the API has it, as the switch itself: `await call.do("calls.list", limit=5)`; plain JSON.

        Raises:
            Refused: it cannot be done.
        """
        return await self._life.during(self._hands.do(command, params))


class _Events(AsyncIterator[dict[str, Any]]):
    """Events, one by one, while the call lasts."""

    def __init__(self, events: AsyncIterator[dict[str, Any]], life: Life) -> None:
        self._events = events
        self._life = life

    async def __anext__(self) -> dict[str, Any]:
        return await self._life.during(self._next())

    async def _next(self) -> dict[str, Any]:
        return await anext(self._events)


def _source(text: str) -> str:
    """Let a plain file name be one."""
    return text if text == "music" or ":" in text else f"file:{text}"
