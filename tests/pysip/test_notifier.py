"""A subscription tells all that is new, in time and no faster than agreed (RFC 6665)."""

from dataclasses import dataclass

import pytest

from tests.pysip.scenes import OURS, new_vias, request, shown
from xswitch_py.pysip.dialog import dialog_of_request
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.notifier import (
    Changed,
    Lapsed,
    Notifier,
    NotifierEvent,
    NotifierState,
    Subscribed,
    Told,
    Withdrawn,
)
from xswitch_py.pysip.usage import Ask, Clock, Fired, Refused, Reply

pytestmark = pytest.mark.item("S89")

SUBSCRIBE = request("SUBSCRIBE", fields=(("Event", "presence"),))
NOTIFIED = ["arm notify 1", "ask NOTIFY"]
ACCEPTED = ["reply 200 SUBSCRIBE", "arm expire 600"]
GONE = ["disarm notify", "disarm expire", "done"]


@dataclass(frozen=True)
class Text:
    text: str

    def write(self, version: int) -> bytes:
        return f"{version} {self.text}".encode()


def again(cseq: int, contact: str = "<sip:alice@198.51.100.7:5070>") -> Request:
    return request("SUBSCRIBE", to="<sip:bob@pbx.example>;tag=ours", cseq=cseq, contact=contact)


def notifier() -> Notifier:
    dialog = dialog_of_request(SUBSCRIBE, "ours", OURS, 0)
    dialog.confirm()
    return Notifier(dialog, "presence;id=7", "text/plain", Text("a"), new_vias())


def bodies(effects: list[object]) -> list[tuple[str, str | None, str]]:
    asked = [effect.request for effect in effects if isinstance(effect, Ask)]
    return [(str(each.cseq), each.headers.get("Subscription-State"), each.body.decode()) for each in asked]


def after(machine: Notifier, *events: NotifierEvent, now: float = 0) -> list[object]:
    return [effect for event in events for effect in machine.receive(event, now)]


BEGUN: list[NotifierEvent] = [Subscribed(SUBSCRIBE, 600)]
FREE = [*BEGUN, Told(200), Fired(Clock.NOTIFY)]
B, C = Changed(Text("b")), Changed(Text("c"))


@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], Subscribed(SUBSCRIBE, 600), [*ACCEPTED, *NOTIFIED], NotifierState.ACTIVE),
        ([], Subscribed(SUBSCRIBE, 0), ["reply 200 SUBSCRIBE", "ask NOTIFY", *GONE], NotifierState.ENDED),
        (BEGUN, B, [], NotifierState.ACTIVE),
        ([*BEGUN, Fired(Clock.NOTIFY)], B, [], NotifierState.ACTIVE),
        ([*BEGUN, Told(200)], B, [], NotifierState.ACTIVE),
        ([*BEGUN, B, Told(200)], Fired(Clock.NOTIFY), NOTIFIED, NotifierState.ACTIVE),
        ([*BEGUN, B, Fired(Clock.NOTIFY)], Told(200), NOTIFIED, NotifierState.ACTIVE),
        ([*BEGUN, B, Fired(Clock.NOTIFY)], Told(500), NOTIFIED, NotifierState.ACTIVE),
        (FREE, B, NOTIFIED, NotifierState.ACTIVE),
        (FREE, Changed(Text("a")), [], NotifierState.ACTIVE),
        ([*BEGUN, Told(200), B, Changed(Text("a"))], Fired(Clock.NOTIFY), [], NotifierState.ACTIVE),
        (FREE, Subscribed(again(2), 600), [*ACCEPTED, *NOTIFIED], NotifierState.ACTIVE),
        (BEGUN, Subscribed(again(2), 600), ACCEPTED, NotifierState.ACTIVE),
        ([*BEGUN, Told(200), Subscribed(again(2), 600)], Fired(Clock.NOTIFY), NOTIFIED, NotifierState.ACTIVE),
        (BEGUN, Subscribed(again(2), 0), ["reply 200 SUBSCRIBE", "ask NOTIFY", *GONE], NotifierState.ENDED),
        (BEGUN, Fired(Clock.EXPIRE), ["ask NOTIFY", *GONE], NotifierState.ENDED),
        (BEGUN, Withdrawn("noresource"), ["ask NOTIFY", *GONE], NotifierState.ENDED),
        (BEGUN, Told(481), GONE, NotifierState.ENDED),
        (BEGUN, Told(408), GONE, NotifierState.ENDED),
        (BEGUN, Told(489), GONE, NotifierState.ENDED),
        (BEGUN, Lapsed(), GONE, NotifierState.ENDED),
        ([*BEGUN, Lapsed()], B, [], NotifierState.ENDED),
        ([*BEGUN, Lapsed()], Told(200), [], NotifierState.ENDED),
        ([*BEGUN, Lapsed()], Withdrawn("noresource"), [], NotifierState.ENDED),
    ],
)
def test_a_subscription(
    before: list[NotifierEvent], event: NotifierEvent, effects: list[str], state: NotifierState
) -> None:
    machine = notifier()
    after(machine, *before)
    assert (shown(machine.receive(event, 1)), machine.state) == (effects, state)


def test_what_the_subscriber_reads() -> None:
    """Golden: CSeq and version rise by one, only the newest state is told, and how long it still lasts."""
    machine = notifier()
    effects = after(machine, *BEGUN, B, C, now=100)
    effects += after(machine, Told(200), Fired(Clock.NOTIFY), now=101.5)
    effects += after(machine, Withdrawn("deactivated"), now=102)
    assert bodies(effects) == [
        ("1 NOTIFY", "active;expires=600", "0 a"),
        ("2 NOTIFY", "active;expires=599", "1 c"),
        ("3 NOTIFY", "terminated;reason=deactivated", "2 c"),
    ]
    (first, *_) = [effect.request for effect in effects if isinstance(effect, Ask)]
    assert (first.headers.get("Event"), first.content_type) == ("presence;id=7", "text/plain")
    assert (first.contacts, str(first.uri)) == ((OURS,), "sip:alice@198.51.100.7:5070")


def test_the_answer_says_how_long_it_lasts_and_where_we_are() -> None:
    reply = notifier().receive(Subscribed(SUBSCRIBE, 600), 0)[0]
    assert isinstance(reply, Reply)
    assert (reply.response.headers.get("Expires"), reply.response.contacts) == ("600", (OURS,))
    assert reply.response.to.tag == "ours"


def test_a_refresh_brings_a_new_contact_and_more_time() -> None:
    machine = notifier()
    after(machine, *FREE)
    effects = after(machine, Subscribed(again(2, "<sip:alice@203.0.113.9>"), 300), now=500)
    (asked,) = [effect.request for effect in effects if isinstance(effect, Ask)]
    assert (str(asked.uri), asked.headers.get("Subscription-State")) == ("sip:alice@203.0.113.9", "active;expires=300")


@pytest.mark.parametrize("contact", ["", "<tel:+4930123>"])
def test_a_refresh_without_a_contact_of_use_leaves_the_old_one(contact: str) -> None:
    machine = notifier()
    after(machine, *FREE, Subscribed(again(2, contact), 300))
    assert str(machine.dialog.target) == "sip:alice@198.51.100.7:5070"


@pytest.mark.parametrize(("cseq", "status"), [(1, 482), (0, 500)])
def test_a_refresh_out_of_order_changes_nothing(cseq: int, status: int) -> None:
    machine = notifier()
    after(machine, *BEGUN)
    with pytest.raises(Refused) as refused:
        machine.receive(Subscribed(again(cseq), 0), 10)
    assert (refused.value.status, machine.state, machine.until) == (status, NotifierState.ACTIVE, 600)


def test_a_subscription_that_is_over_is_not_refreshed() -> None:
    machine = notifier()
    after(machine, *BEGUN, Lapsed())
    with pytest.raises(Refused) as refused:
        machine.receive(Subscribed(again(2), 600), 0)
    assert refused.value.status == 481


def test_nothing_goes_on_before_the_subscription_is_accepted() -> None:
    machine = notifier()
    with pytest.raises(SipError):
        machine.receive(B, 0)
    assert machine.state is NotifierState.NEW


def test_the_last_second_is_still_a_second() -> None:
    machine = notifier()
    effects = after(machine, *FREE) and after(machine, B, now=600.5)
    assert bodies(effects)[0][1] == "active;expires=1"
