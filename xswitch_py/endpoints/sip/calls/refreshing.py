"""Session timers of a call, and what we ask of the peer while it is up: refreshes and whom it is shown (RFC 4028)."""

import asyncio
import random
from functools import partial
from typing import Any

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.sip.abilities import ABILITIES
from xswitch_py.endpoints.sip.calls.body import SDP
from xswitch_py.endpoints.sip.calls.identity import asserted
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.invite_client import Accepted, Inviting, Over
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.offers import Consequence, after_refusal, glare_wait
from xswitch_py.pysip.session_timer import (
    Agreed,
    Expired,
    Refresh,
    RefreshFailed,
    Stop,
    agreed,
    ask,
    raised,
    refresh_method,
)
from xswitch_py.pysip.transaction import Failure

__all__ = ["begin", "show", "start", "stop"]

log = structlog.get_logger("xswitch.sip")


def begin(line: Line, answer: Response) -> None:
    """Run the timer that a 2xx to an INVITE or UPDATE of ours agreed to."""
    start(line, Agreed(agreed(answer)))


def start(line: Line, event: Agreed | RefreshFailed | Stop) -> None:
    """Let something happen to the timer; of a call that is over it runs no more, whatever is answered late."""
    if line.leg.cause is None or isinstance(event, Stop):
        line.feed(line.timer, event, partial(_tell, line))


def stop(line: Line) -> None:
    """Let the timer run no more."""
    start(line, Stop())


def show(line: Line, shown: Party) -> None:
    """Tell the peer whom it talks to now, if it has a way to hear of it (RFC 3325 section 9.3)."""
    told = line.trusted or not line.gateway
    if told and line.is_up and "UPDATE" in line.allow:
        fields = (*asserted(shown, line.house.settings.domain), *ask(line.policy), *ABILITIES)
        line.ask("UPDATE", partial(_shown, line), fields=fields)


def _tell(line: Line, effect: Any) -> None:
    match effect:
        case Refresh():
            _refresh(line)
        case Expired():
            log.info("session not refreshed", leg=line.leg.id)
            line.leg.hangup(Cause.RECOVERY_ON_TIMER_EXPIRE)


def _refresh(line: Line) -> None:
    if not line.is_up or line.dialog is None:
        return
    fields = (*ask(line.policy), *ABILITIES)
    if refresh_method(line.allow) == "UPDATE":
        line.ask("UPDATE", partial(_updated, line), fields=fields)
        return
    try:
        if line.owes_ack:
            raise SipError("their INVITE is under way")  # RFC 3261 section 14.1
        line.offers.we_invite()
    except SipError:
        start(line, RefreshFailed())  # somebody is at it already: soon again
        return
    body = line.house.switch.services.media.local(line.leg.id).encode()
    request = line.dialog.request("INVITE", line.via(), body, SDP, fields)
    machine = Inviting(request, line.via, line.dialog)
    line.invite(machine, partial(_reinvited, line, machine))


def _updated(line: Line, answer: Response | Failure) -> None:
    """The answer to a refresh by UPDATE."""
    if isinstance(answer, Failure):
        _failed(line, answer.value)
    elif 200 <= answer.status < 300:
        _refreshed(line, answer)
    elif answer.status >= 300:
        _refused(line, answer)


def _reinvited(line: Line, machine: Inviting, effect: Any) -> None:
    """The answer to a refresh by INVITE; our SDP did not change, so theirs changes nothing that matters."""
    match effect:
        case Accepted(response=response):
            line.offers.settled()
            line.keep(machine)
            _refreshed(line, response)
        case Over(refusal=refusal, failure=failure) if refusal is not None or failure is not None:
            line.offers.settled()
            line.drop(machine)
            if refusal is not None:
                _refused(line, refusal)
            elif failure is not None:
                _failed(line, failure.value)
        case Over():  # by BYE
            line.leg.peer_left(line.left or Cause.NORMAL_CLEARING)
            line.close()


def _refreshed(line: Line, answer: Response) -> None:
    """A peer that knows no timers is refreshed by us, as long as the call is up: it then shows that it is there."""
    if line.dialog is not None:
        line.dialog.refresh(answer)
    start(line, Agreed(agreed(answer) or line.timer.terms))


def _refused(line: Line, answer: Response) -> None:
    policy = raised(line.policy, answer)
    if policy is not None:
        line.policy = policy
        _refresh(line)
    else:
        _failed(line, answer.status)


def _shown(line: Line, answer: Response | Failure) -> None:
    """Who does not want to know whom they talk to need not; but it may turn out that there is no call."""
    if isinstance(answer, Failure):
        _failed(line, answer.value)
    elif 200 <= answer.status < 300:
        _refreshed(line, answer)
    elif after_refusal(answer.status) is Consequence.END:
        _failed(line, answer.status)


def _failed(line: Line, status: int) -> None:
    match after_refusal(status):
        case Consequence.END:
            line.leg.hangup(Cause.RECOVERY_ON_TIMER_EXPIRE)
        case Consequence.RETRY:
            wait = glare_wait(line.leg.outbound, random.random())
            asyncio.get_running_loop().call_later(wait, _refresh, line)
        case Consequence.KEEP:
            start(line, RefreshFailed())
