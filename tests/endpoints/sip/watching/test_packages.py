"""What is watched is written as phones read it, whatever people call themselves."""

from xml.etree import ElementTree

import pytest

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.sip.watching.packages import PACKAGES, Appearance, Facts, Life
from xswitch_py.endpoints.sip.watching.seen import Appearances

BOB = Address("bob", "pbx.test")
ALICE = Party("Alice", "alice")
NS = {
    "p": "urn:ietf:params:xml:ns:pidf",
    "dm": "urn:ietf:params:xml:ns:pidf:data-model",
    "rpid": "urn:ietf:params:xml:ns:pidf:rpid",
    "d": "urn:ietf:params:xml:ns:dialog-info",
}


def started(leg: str, *, outbound: bool = True, user: Address | None = BOB, other: Party = ALICE) -> events.LegStarted:
    own = Party("Bob", "bob")
    caller, callee = (other, own) if outbound else (own, other)
    return events.LegStarted(LegId(leg), 0.0, outbound, "sip", user, caller, callee)


def seen(*happened: events.Event) -> tuple[Appearance, ...]:
    appearances = Appearances()
    for event in happened:
        appearances.take(event)
    return appearances.of(BOB)


def document(package: str, *happened: events.Event, reachable: bool = True, version: int = 0) -> ElementTree.Element:
    written = PACKAGES[package].document(Facts(BOB, reachable, seen(*happened))).write(version)
    return ElementTree.fromstring(written)


def ringing(leg: str) -> events.LegRinging:
    return events.LegRinging(LegId(leg), 1.0)


def answered(leg: str) -> events.LegAnswered:
    return events.LegAnswered(LegId(leg), 2.0)


def ended(leg: str) -> events.LegEnded:
    return events.LegEnded(LegId(leg), 3.0, Cause.NORMAL_CLEARING)


CALLED = started("1")
CALLS = started("1", outbound=False)
HELD = events.LegHeld(LegId("1"), 3.0)
UNHELD = events.LegUnheld(LegId("1"), 3.0)


@pytest.mark.parametrize(
    ("happened", "direction", "states"),
    [
        ([], None, ["terminated"]),
        ([CALLED], "recipient", ["trying"]),
        ([CALLED, ringing("1")], "recipient", ["early"]),
        ([CALLED, ringing("1"), answered("1")], "recipient", ["confirmed"]),
        ([CALLS, ringing("1")], "initiator", ["early"]),
        ([CALLS, answered("1"), HELD], "initiator", ["confirmed"]),
        ([CALLED, ended("1")], None, ["terminated"]),
        ([CALLED, started("2"), ended("1")], "recipient", ["terminated", "trying"]),
        ([CALLED, started("2"), ended("1"), started("3")], "recipient", ["trying", "trying"]),
        ([CALLED, started("2"), ended("1"), ended("2")], None, ["terminated"]),
    ],
)
def test_a_lamp_shows_how_far_calls_are(happened: list[events.Event], direction: str | None, states: list[str]) -> None:
    """RFC 4235."""
    info = document("dialog", *happened, version=4)
    assert info.attrib == {"version": "4", "state": "full", "entity": "sip:bob@pbx.test"}
    assert [each.text for each in info.iterfind("d:dialog/d:state", NS)] == states
    (first, *_) = info.findall("d:dialog", NS)
    assert first.get("direction") == direction
    ids = [each.get("id") for each in info.iterfind("d:dialog", NS)]
    assert len(set(ids)) == len(ids)


def test_a_lamp_says_who_calls() -> None:
    (call,) = document("dialog", CALLED, ringing("1")).findall("d:dialog", NS)
    local, remote = call.find("d:local/d:identity", NS), call.find("d:remote/d:identity", NS)
    assert local is not None and (local.text, local.get("display")) == ("sip:bob@pbx.test", "Bob")
    assert remote is not None and (remote.text, remote.get("display")) == ("sip:alice@pbx.test", "Alice")


def test_who_hides_the_number_stays_hidden() -> None:
    remote = document("dialog", started("1", other=Party("", ""))).find("d:dialog/d:remote/d:identity", NS)
    assert remote is not None and (remote.text, remote.attrib) == ("sip:anonymous@anonymous.invalid", {})


@pytest.mark.parametrize(("happened", "held"), [([HELD], 1), ([HELD, UNHELD], 0)])
def test_a_call_on_hold_is_not_heard(happened: list[events.Event], held: int) -> None:
    info = document("dialog", CALLS, answered("1"), *happened)
    assert len(info.findall(".//d:local/d:target/d:param[@pname='+sip.rendering'][@pvalue='no']", NS)) == held


@pytest.mark.item("S69")
def test_nobody_learns_the_ids_of_legs() -> None:
    written = PACKAGES["dialog"].document(Facts(BOB, True, seen(started("a-secret-leg")))).write(0)
    assert b"secret" not in written


@pytest.mark.parametrize(
    ("happened", "reachable", "basic", "busy"),
    [
        ([], True, "open", False),
        ([], False, "closed", False),
        ([CALLED, ringing("1")], True, "open", False),
        ([CALLED, answered("1")], True, "open", True),
        ([CALLS], True, "open", True),
        ([CALLS, ended("1")], True, "open", False),
        ([CALLS, started("2"), ended("1")], True, "open", False),
    ],
)
def test_presence(happened: list[events.Event], reachable: bool, basic: str, busy: bool) -> None:
    """RFC 3863, RFC 4480."""
    presence = document("presence", *happened, reachable=reachable)
    assert presence.get("entity") == "sip:bob@pbx.test"
    assert presence.findtext("p:tuple/p:status/p:basic", namespaces=NS) == basic
    assert (presence.find("dm:person/rpid:activities/rpid:on-the-phone", NS) is not None) == busy


def test_no_message_waits() -> None:
    """RFC 3842."""
    said = PACKAGES["message-summary"].document(Facts(BOB, True)).write(0)
    assert said == b"Messages-Waiting: no\r\nMessage-Account: sip:bob@pbx.test\r\nVoice-Message: 0/0 (0/0)\r\n"


@pytest.mark.item("S105")
@pytest.mark.parametrize("name", ["<&\"'>", "a\r\nb", "\x00\x1b\ufffe", "\ud800", "]]>", "x" * 10_000, "<!DOCTYPE x>"])
def test_a_name_never_breaks_a_document(name: str) -> None:
    info = document("dialog", started("1", other=Party(name, name)))
    remote = info.find("d:dialog/d:remote/d:identity", NS)
    assert remote is not None and remote.text is not None
    assert len(remote.get("display") or "") <= 128 and remote.text.startswith("sip:") and len(info) == 1
    assert not {character for character in remote.text if not character.isprintable() or character in '<>" '}


def test_a_name_is_read_as_it_was_written() -> None:
    remote = document("dialog", started("1", other=Party("<&\"'>", "1"))).find("d:dialog/d:remote/d:identity", NS)
    assert remote is not None and remote.get("display") == "<&\"'>"


def test_legs_of_nobody_are_not_seen() -> None:
    appearances = Appearances()
    happened: list[events.Event] = [started("1", user=None), ringing("1"), ended("1")]
    assert [appearances.take(event) for event in happened] == [None] * 3
    assert len(appearances) == 0


def test_what_is_new_of_a_user_is_told() -> None:
    appearances = Appearances()
    happened: list[events.Event] = [
        CALLED,
        ringing("1"),
        answered("1"),
        HELD,
        events.DigitHeard(LegId("1"), 3.0, "1", 100, "info"),
        ended("1"),
        ended("1"),
        events.ContactAdded(BOB, "sip", 4.0),
        events.ContactRemoved(BOB, "sip", 4.0),
    ]
    assert [appearances.take(event) is not None for event in happened] == [True] * 4 + [False, True, False, True, True]


def test_nothing_stays_of_calls_that_ended() -> None:
    appearances = Appearances()
    for event in (CALLED, started("2"), ended("2"), ended("1")):
        appearances.take(event)
    assert len(appearances) == 0


def test_an_appearance_keeps_its_number() -> None:
    first, second = seen(CALLED, started("2"), ended("1"), started("3"))
    assert (first.number, second.number, second.life) == (2, 1, Life.TRYING)
