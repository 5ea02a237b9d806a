"""A line worn as a core leg: what the core asks of a SIP peer."""

from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.core.leg import Leg, State
from xswitch_py.endpoints.sip.abilities import DOOR
from xswitch_py.endpoints.sip.calls import placing, refreshing, taking
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.media.api import Transport
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.transaction import Failure

__all__ = ["SipWire"]

_SIGNALS: Final = {"F": "16"}  # a hook flash


class SipWire:
    """See `Wire`. `setup` is what began the call: our INVITE or theirs."""

    __slots__ = ("line", "setup", "shown", "transport")

    door = DOOR
    can_ring = True
    can_update = False

    def __init__(self, line: Line, setup: placing.Placing | taking.Taking, transport: Transport, shown: str) -> None:
        """`shown` is the number that the peer knows to talk to."""
        self.line = line
        self.setup = setup
        self.transport = transport
        self.shown = shown

    @property
    def host(self) -> str:
        """See `Wire`."""
        return self.line.flow.remote[0]

    @property
    def leg(self) -> Leg:
        """The leg that wears it."""
        return self.line.leg

    def invite(self, sdp: str) -> None:
        """See `Wire`."""
        assert isinstance(self.setup, placing.Placing)
        caller = self.leg.placed_for
        if caller is not None and isinstance(caller.wire, SipWire):
            self.line.depth, self.line.hops = caller.wire.line.depth + 1, caller.wire.line.hops - 1
            if isinstance(caller.wire.setup, taking.Taking):
                self.setup.passed = placing.passed_on(caller.wire.setup.invite)
        placing.invite(self.setup, sdp)

    def ring(self) -> None:
        """See `Wire`."""
        assert isinstance(self.setup, taking.Taking)
        taking.ring(self.setup)

    def early(self, sdp: str) -> None:
        """See `Wire`."""
        assert isinstance(self.setup, taking.Taking)
        taking.early(self.setup, sdp)

    def answer(self, sdp: str | None) -> None:
        """See `Wire`."""
        assert isinstance(self.setup, taking.Taking)
        taking.answer(self.setup, sdp)

    def bye(self, cause: Cause) -> None:
        """See `Wire`."""
        refreshing.stop(self.line)
        if isinstance(self.setup, placing.Placing):
            placing.bye(self.setup, cause)
        else:
            taking.bye(self.setup, cause)

    def display(self, shown: Party) -> None:
        """See `Wire`: only what is new to the peer is told."""
        if shown.number != self.shown and self.leg.state is State.ACTIVE:
            self.shown = shown.number
            refreshing.show(self.line, shown)

    def press(self, digit: str, ms: int) -> None:
        """See `Wire`: by INFO, if the peer takes it."""
        if "INFO" in self.line.allow:
            body = f"Signal={_SIGNALS.get(digit, digit)}\r\nDuration={ms}\r\n".encode()
            self.line.ask("INFO", _unheard, body=body, content_type="application/dtmf-relay")

    def update(self, sdp: str) -> None:
        """See `Wire`: we offer such a peer nothing else."""


def _unheard(answer: Response | Failure) -> None:
    pass
