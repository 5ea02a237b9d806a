"""A line: the dialogs of one call with one SIP peer, and how the effects of their machines are carried out.

INVITE machines, session timers and referrals of `pysip` return effects. What goes on the wire or waits for a clock is
done here, alike for all; what is for the core is told to whoever set the machine up.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

import structlog

from xswitch_py.base.address import Address as UserAddress
from xswitch_py.base.cause import Cause
from xswitch_py.core.leg import Leg
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.sip.chat import Chat
from xswitch_py.endpoints.sip.flow import Flow, contact_of, via_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.stack import Stack
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.pysip.dialog import Dialog, DialogId, DialogState
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.invite_client import GotNothing, Inviting
from xswitch_py.pysip.invite_server import Finish, Invited, InvitedState
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.offers import Negotiation
from xswitch_py.pysip.session_timer import SessionTimer
from xswitch_py.pysip.transaction import Failure, Key, Times
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import (
    Arm,
    Ask,
    CancelInvite,
    Clock,
    Disarm,
    Fired,
    GotAck,
    GotBye,
    GotCancel,
    GotResponse,
    HangUp,
    Refused,
    Reply,
    SendAck,
)

__all__ = ["House", "Line", "Machine", "Tell"]

log = structlog.get_logger("xswitch.sip")

Tell = Callable[[Any], None]  # an effect that is for the core

_QUEUED: Final = 32  # things that wait for the one before


class Machine(Protocol):
    """What has effects and clocks."""

    def receive(self, event: Any) -> list[Any]:
        """Take one event; return what must now be done."""


@dataclass(slots=True)
class House:
    """What all lines share: the switch behind the door, and who is on the line now."""

    switch: Switch
    settings: Settings
    stack: Stack
    chat: Chat
    taken: Callable[[str], Callable[[], None]]  # a gateway has one call more, until what this gives is called
    avoid: Callable[[Way, float], None]  # a gateway's address failed: seconds, or 0 for as long as is usual
    is_ours: Callable[[Uri], bool]  # whether a URI leads here
    dialogs: dict[DialogId, "Line"] = field(default_factory=dict)
    inviting: dict[Key, "Line"] = field(default_factory=dict)  # INVITEs of theirs that are not answered
    lines: dict["Line", None] = field(default_factory=dict)  # all calls


class Line:
    """One call's end at a SIP peer. `user` is whose leg it is; `gateway` names the carrier, if it is one."""

    leg: Leg

    def __init__(
        self,
        house: House,
        flow: Flow,
        user: UserAddress | None,
        *,
        gateway: str = "",
        trusted: bool = False,
        contact: Address | None = None,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        """Carriers that are `trusted` are told, and believed about, who calls; `closed` is called once, at the end."""
        self.house = house
        self.flow = flow
        self.user = user
        self.gateway = gateway
        self.trusted = trusted
        self.times: Times | None = None  # of our requests, where the way has its own
        self.contact = contact or contact_of(flow)
        self.dialog: Dialog | None = None  # the one that counts
        self.dialogs: dict[DialogId, Dialog] = {}  # with those of other forks
        self.machines: list[tuple[Inviting | Invited, Tell]] = []  # of INVITEs, the last one at the end
        self.offers = Negotiation()
        self.timer = SessionTimer()
        self.policy = house.settings.session
        self.allow: frozenset[str] = frozenset()  # what the peer said that it serves
        self.left: Cause | None = None  # why, as the peer said when it left
        self.depth = 0  # how often the call came back to us
        self.hops = 70  # Max-Forwards of what called us
        self.instance = ""  # which device registered, if it was called by its registration
        self.referred = 0  # how many REFERs came
        self.adrift: asyncio.TimerHandle | None = None  # the flow is lost, and the call waits for another
        self._closed = closed
        self._heard_in = 0  # packets, when we looked last
        self._timers: dict[tuple[int, Clock], asyncio.TimerHandle] = {}
        self._work: list[tuple[str, Coroutine[Any, Any, None]]] = []
        self._worker: asyncio.Task[None] | None = None
        house.lines[self] = None

    # What machines need.

    def via(self) -> Via:
        """Make the Via of the next request."""
        return via_of(self.flow)

    def know(self, dialog: Dialog) -> None:
        """Let requests of this dialog find us."""
        if dialog.id not in self.dialogs:
            self.dialogs[dialog.id] = dialog
            self.house.dialogs[dialog.id] = self
            self.house.stack.trace.belongs(dialog.id.call_id, dialog.id.local_tag, self.leg)

    def settle(self, dialog: Dialog) -> None:
        """Of all forks it is this one."""
        self.know(dialog)
        self.dialog = dialog

    @property
    def is_up(self) -> bool:
        """Whether the dialog is confirmed."""
        return self.dialog is not None and self.dialog.state is DialogState.CONFIRMED

    @property
    def owes_ack(self) -> bool:
        """Whether the peer has not acknowledged a 2xx of ours yet."""
        return any(machine.state is InvitedState.ANSWERED for machine, _ in self.machines)

    def run(self, machine: Machine, effects: list[Any], tell: Tell) -> None:
        """Carry out what a machine wants; its clocks come back to it."""
        for effect in effects:
            match effect:
                case Ask(request=request):
                    heard = partial(self._heard, machine, request, tell)
                    self.house.stack.ask(request, self.flow, heard, self.times)
                case Reply(request=request, response=response):
                    self.house.stack.reply(request, response)
                case SendAck(request=ack):
                    self.house.stack.send(ack, self.flow)
                case CancelInvite(request=invite, reason=reason):
                    self.house.stack.cancel(invite, reason)
                case Arm(clock=clock, seconds=seconds):
                    self._disarm(machine, clock)
                    fire = partial(self._fired, machine, clock, tell)
                    loop = asyncio.get_running_loop()
                    self._timers[id(machine), clock] = loop.call_later(seconds, fire)
                case Disarm(clock=clock):
                    self._disarm(machine, clock)
                case _:
                    tell(effect)

    def feed(self, machine: Machine, event: Any, tell: Tell) -> None:
        """Let something happen to a machine."""
        self.run(machine, machine.receive(event), tell)

    def invite(self, machine: Inviting, tell: Tell) -> None:
        """Send the INVITE of a new machine."""
        self.machines.append((machine, tell))
        self.house.stack.trace.belongs(machine.invite.call_id, machine.invite.from_.tag, self.leg)
        self.run(machine, [Ask(machine.invite)], tell)

    def invited(self, machine: Invited, tell: Tell) -> None:
        """Take up an INVITE of theirs with a new machine."""
        self.machines.append((machine, tell))

    def last(self, event: GotBye | HangUp | GotCancel) -> None:
        """Let the last INVITE's machine have what ends the call."""
        if isinstance(event, HangUp):
            self._give_up()
        if self.machines:
            machine, tell = self.machines[-1]
            self.feed(machine, event, tell)

    def acknowledged(self, ack: Request) -> None:
        """Give the ACK of a 2xx to the INVITE that it is for; a stray one is nobody's."""
        for machine, tell in tuple(self.machines):
            if isinstance(machine, Invited) and machine.invite.cseq.number == ack.cseq.number:
                self.feed(machine, GotAck(ack), tell)

    def keep(self, machine: Inviting | Invited) -> None:
        """This INVITE is agreed on: it is the one that a BYE belongs to. One that waits for its ACK goes on waiting."""
        at = next((at for at, each in enumerate(self.machines) if each[0] is machine), 0)
        waiting = [each for each in self.machines[:at] if each[0].state is InvitedState.ANSWERED]
        self.machines = waiting + self.machines[at:]

    def drop(self, machine: Inviting | Invited) -> None:
        """This INVITE came to nothing: the one before counts."""
        self.machines = [each for each in self.machines if each[0] is not machine]

    def ask(self, method: str, heard: Callable[[Response | Failure], None], **more: Any) -> None:
        """Send a request inside the dialog; see `Dialog.request`. Nothing is sent if there is none, or it is over."""
        if self.dialog is None:
            return
        try:
            request = self.dialog.request(method, self.via(), **more)
        except (SipError, ValueError) as error:
            log.info("not sent", method=method, why=str(error))
            return
        self.house.stack.ask(request, self.flow, heard, self.times)

    def refuse(self, request: Request, refused: Refused) -> None:
        """Answer a request that cannot be served now."""
        dialog = self.dialog
        if dialog is not None:
            response = dialog.response(request, refused.status, refused.reason, fields=refused.fields)
            self.house.stack.reply(request, response)

    def after(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do something that waits, when all that was begun before is done; its failure is logged."""
        if len(self._work) >= _QUEUED:
            work.close()
            log.warning("too much at once", work=name, leg=self.leg.id)
            return
        self._work.append((name, work))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain(), name=f"sip {self.leg.id}")

    def count(self, closed: Callable[[], None]) -> None:
        """Let this be called when the call is over, in place of what was; that is called now."""
        self._closed()
        self._closed = closed

    def lose(self) -> None:
        """The flow has ended: a call that is up waits for another, any other is over (sip.md 4.5)."""
        if not self.is_up:
            if not self.leg.outbound:  # ours fail with their transaction, and may go another way
                self.left = Cause.DESTINATION_OUT_OF_ORDER
                self.last(GotCancel())  # its transaction must have an end, too
        elif self.adrift is None and self.leg.cause is None:
            self._wait()

    def move(self, flow: Flow) -> None:
        """Go on by another flow."""
        if self.adrift is not None:
            self.adrift.cancel()
            self.adrift = None
        if flow != self.flow:
            self.flow = flow
            self.contact = Address(uri=contact_of(flow, self.contact.uri.user).uri, params=self.contact.params)
            for dialog in self.dialogs.values():
                dialog.contact = self.contact

    def close(self) -> None:
        """The call is over: forget its dialogs and clocks. A 2xx that comes late still finds its machine."""
        for dialog_id in self.dialogs:
            self.house.dialogs.pop(dialog_id, None)
        for machine_id, clock in tuple(self._timers):
            if clock in (Clock.REFRESH, Clock.EXPIRE, Clock.RETRY):
                self._timers.pop((machine_id, clock)).cancel()
        if self.adrift is not None:
            self.adrift.cancel()
            self.adrift = None
        if self.house.lines.pop(self, self) is None:
            self._closed()

    # Inside.

    def _give_up(self) -> None:
        """A later INVITE of theirs that has no answer yet is refused first: the BYE belongs to the one before."""
        while self.machines:
            machine, tell = self.machines[-1]
            if not isinstance(machine, Invited) or machine.first or machine.state is not InvitedState.PROCEEDING:
                return
            self.feed(machine, Finish(machine.dialog.response(machine.invite, 487)), tell)
            self.drop(machine)

    def _heard(self, machine: Machine, request: Request, tell: Tell, answer: Response | Failure) -> None:
        """An answer to what a machine asked. Those to PRACK and BYE change nothing."""
        if request.method == "INVITE":
            event = GotNothing(answer) if isinstance(answer, Failure) else GotResponse(answer)
            self.feed(machine, event, tell)
        elif request.method == "NOTIFY":
            tell(answer)

    def _fired(self, machine: Machine, clock: Clock, tell: Tell) -> None:
        del self._timers[id(machine), clock]
        self.feed(machine, Fired(clock), tell)

    def _disarm(self, machine: Machine, clock: Clock) -> None:
        handle = self._timers.pop((id(machine), clock), None)
        if handle is not None:
            handle.cancel()

    def _wait(self) -> None:
        loop, grace = asyncio.get_running_loop(), self.house.settings.grace
        self._heard_in = self._packets()
        self.adrift = loop.call_later(grace, self._look)

    def _look(self) -> None:
        """Nobody came back: who is not heard either has gone; a peer whose sound goes on may still come."""
        if self.leg.cause is not None:
            return  # all that is waited for is an ACK
        if self._packets() > self._heard_in:
            self._wait()
        else:
            self.adrift = None
            self.leg.hangup(Cause.MEDIA_TIMEOUT)

    def _packets(self) -> int:
        return self.house.switch.services.media.stats(self.leg.id).packets_in

    async def _drain(self) -> None:
        while self._work:
            name, work = self._work.pop(0)
            try:
                await work
            except Exception:
                log.exception("sip work failed", work=name, leg=self.leg.id)
        self._worker = None
