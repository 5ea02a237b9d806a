"""A Verto dialog worn as a core leg, and the dialogs of one session."""

import asyncio
from collections.abc import Callable
from typing import Protocol, assert_never

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.leg import Leg
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto.machine import (
    Answer,
    Arm,
    Bye,
    Dialog,
    Disarm,
    Display,
    Effect,
    End,
    Event,
    Expired,
    HangUp,
    Invite,
    Lost,
    Media,
    Rang,
    Send,
    State,
    Suspend,
    Unhold,
    Update,
    Watch,
)
from xswitch_py.endpoints.verto.wire import Json
from xswitch_py.media.api import Transport

__all__ = ["Calls", "Line", "VertoWire"]


class Line(Protocol):
    """What a dialog needs of the socket it is on."""

    features: frozenset[str]  # beyond what all clients can do

    def tell(self, method: str, params: Json, *, urgent: bool = True) -> None:
        """Send the client a request."""


class Calls:
    """The dialogs of one session. They outlive its socket: `line` is then None."""

    __slots__ = ("_most", "_over", "_switch", "dialogs", "line", "wait")

    def __init__(self, switch: Switch, line: Line, most: int, wait: float) -> None:
        """`most` dialogs at a time; `wait` seconds for a client to come back."""
        self._switch = switch
        self._most = most
        self.line: Line | None = line
        self.wait = wait
        self.dialogs: dict[str, VertoWire] = {}
        self._over: Callable[[], object] = _nothing

    def begin(self, call_id: str, offer: Offer, *, recover: bool = True) -> Leg:
        """Make a leg for a new call.

        Raises:
            CallError: the id is in use, or there are too many.
        """
        if len(self.dialogs) >= self._most:
            raise CallError(Cause.SWITCH_CONGESTION)
        wire = VertoWire(self, _dialog(call_id, offer, recover), self._switch)
        wire.leg = self._switch.new_leg(LegId(call_id), wire, offer)
        self.dialogs[call_id] = wire
        return wire.leg

    def lose(self, over: Callable[[], object]) -> None:
        """The socket is gone: some dialogs end, others wait; `over` is called once none is left to wait for."""
        keeps = self.line is not None and "updateMedia" in self.line.features
        self.line, self._over = None, over
        for wire in tuple(self.dialogs.values()):
            wire.feed(Lost(keeps))
        self._look()

    def regain(self, line: Line) -> None:
        """The client is back on another socket."""
        self.line, self._over = line, _nothing

    def forget(self, call_id: str) -> None:
        """A dialog is over."""
        self.dialogs.pop(call_id, None)
        self._look()

    def _look(self) -> None:
        if not self.dialogs:
            self._over()


class VertoWire:
    """One dialog, as the core sees it: a `Wire`."""

    __slots__ = ("_calls", "_switch", "_timer", "_told", "dialog", "leg")

    door = "verto"
    transport = Transport.WEBRTC
    host = ""  # ICE finds it
    can_ring = False  # Verto has no word for it: the core plays early media

    leg: Leg

    def __init__(self, calls: Calls, dialog: Dialog, switch: Switch) -> None:
        self._calls = calls
        self._switch = switch
        self._timer: asyncio.TimerHandle | None = None
        self._told: Json = {"peerHeld": False, "recording": False}
        self.dialog = dialog

    @property
    def line(self) -> Line | None:
        """The socket the dialog is on now."""
        return self._calls.line

    @property
    def can_update(self) -> bool:
        """See `Wire`."""
        return self.dialog.state is State.ACTIVE and self.line is not None and "updateMedia" in self.line.features

    def invite(self, sdp: str) -> None:
        """See `Wire`."""
        self.feed(Invite(sdp))

    def ring(self) -> None:
        """See `Wire`."""

    def early(self, sdp: str) -> None:
        """See `Wire`."""
        self.feed(Media(sdp))

    def answer(self, sdp: str | None) -> None:
        """See `Wire`."""
        self.feed(Answer(sdp))

    def bye(self, cause: Cause) -> None:
        """See `Wire`."""
        self.feed(Bye(cause))

    def display(self, shown: Party) -> None:
        """See `Wire`."""
        self.feed(Display(shown))

    def press(self, digit: str, ms: int) -> None:
        """See `Wire`: a WebRTC peer takes digits in its media."""

    def update(self, sdp: str) -> None:
        """See `Wire`."""
        self.feed(Update(sdp))

    def tell_state(self, state: Json, *, anew: bool = False) -> None:
        """Tell a client that wants to know what it does not see by itself, if that is new to it."""
        wanted = self.line is not None and "callState" in self.line.features
        if wanted and self.dialog.state in (State.EARLY, State.ACTIVE) and (anew or state != self._told):
            self._told = state
            self._do(Send("verto.info", {"callID": self.dialog.call_id, "callState": state}))

    def feed(self, event: Event) -> None:
        """Let something happen to the dialog, and do what follows from it."""
        effects = self.dialog.receive(event)
        if self.dialog.state is State.ENDED:
            self._calls.forget(self.dialog.call_id)
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Send(method=method, params=params):
                if self.line is not None:
                    self.line.tell(method, params)
            case Rang():
                self.leg.peer_rang()
            case End(cause=cause):
                self.leg.peer_left(cause)
            case HangUp(cause=cause):
                self.leg.hangup(cause)
            case Suspend():
                self._switch.services.media.suspend(self.leg.id)
            case Watch(on=on):
                self._switch.services.media.watch(self.leg.id, on)
            case Arm():
                self._switch.updates.forget(self.leg)
                self._timer = asyncio.get_running_loop().call_later(self._calls.wait, self.feed, Expired())
            case Disarm():
                if self._timer is not None:
                    self._timer.cancel()
            case Unhold():
                self.leg.hold(False)
            case _:
                assert_never(effect)


def _dialog(call_id: str, offer: Offer, recover: bool) -> Dialog:
    outbound = offer.wish is not None
    own, other = (offer.callee, offer.caller) if outbound else (offer.caller, offer.callee)
    return Dialog(
        call_id,
        outbound,
        own,
        other,
        variables={name: value for name, value in offer.variables.items() if name.startswith("verto_svar_")},
        extra={name: value for name, value in offer.variables.items() if name.startswith("verto_h_")},
        recover=recover,
    )


def _nothing() -> None:
    pass
