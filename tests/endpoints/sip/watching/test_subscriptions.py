"""Phones are told what users do, as long as they want and are there; nothing is ever routed to them (S89)."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest

from tests.endpoints.sip.chat_world import ALICE, BOB, DOMAIN, Phone, World, user
from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.registry import Contact
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.watching.subscriptions import Subscriptions
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.usage import Fields

pytestmark = pytest.mark.item("S89")

STATE = "{urn:ietf:params:xml:ns:dialog-info}dialog/{urn:ietf:params:xml:ns:dialog-info}state"
BASIC = ".//{urn:ietf:params:xml:ns:pidf}basic"


class Server(World):
    """The subscriptions, with no pace unless a test sets one."""

    def __init__(self, pace: float = 0.0, dialogs: int = 10_000) -> None:
        super().__init__()
        self.subscriptions = Subscriptions(self.services, self.stack, Settings(domain=DOMAIN, dialogs=dialogs), pace)
        self.watching = asyncio.create_task(self.subscriptions.watch())

    async def subscribe(self, phone: Phone, to: str = "bob", event: str = "dialog", *fields: tuple[str, str],
                        of: str = "alice", domain: str = DOMAIN, contact: bool = True) -> Response:  # fmt: skip
        """Let a phone subscribe outside of dialogs; give the answer."""
        request = phone.says("SUBSCRIBE", to, (*((("Event", event),) if event else ()), *fields), contact=contact)
        await self.subscriptions.subscribe(self.arrive(request, phone), phone, user(of, domain))
        return phone.answer

    def again(self, phone: Phone, begun: Response, *fields: tuple[str, str], cseq: int = 2, event: str = "dialog",
              method: str = "SUBSCRIBE") -> bool:  # fmt: skip
        """Let a phone send something inside a dialog; say whether it was one."""
        call_id, tag = begun.call_id, f";tag={begun.to.tag}"
        request = phone.says(method, "bob", (("Event", event), *fields), call_id=call_id, tag=tag, cseq=cseq)
        return self.subscriptions.in_dialog(self.arrive(request, phone), phone)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    yield server
    await over(server)


async def over(server: Server) -> None:
    server.bus.close()
    await server.watching
    server.subscriptions.stop()
    server.stack.stop()


async def settled() -> None:
    """Let all that is under way arrive."""
    for _ in range(20):
        await asyncio.sleep(0)


def call(leg: str, to: Address = BOB) -> events.LegStarted:
    return events.LegStarted(LegId(leg), 0.0, True, "sip", to, Party("Alice", "alice"), Party("Bob", "bob"))


def lamp(notify: Request) -> list[str | None]:
    return [each.text for each in ElementTree.fromstring(notify.body).iterfind(STATE)]


def told(phone: Phone) -> list[tuple[int, str | None]]:
    return [(each.cseq.number, each.headers.get("Subscription-State")) for each in phone.asked]


async def test_a_lamp_follows_the_calls_of_a_user(server: Server) -> None:
    """Golden, of BLF: RFC 4235."""
    phone = Phone(server)
    answer = await server.subscribe(phone, "bob", "dialog;id=7", ("Expires", "600"))
    assert (answer.status, answer.headers.get("Expires")) == (200, "600")
    assert str(answer.contacts[0].uri) == "sip:gw@192.0.2.1:5060;transport=tcp"
    leg = LegId("1")
    happens: list[events.Event] = [
        call("1"),
        events.LegRinging(leg, 1.0),
        events.LegAnswered(leg, 2.0),
        events.LegEnded(leg, 3.0, Cause.NORMAL_CLEARING),
    ]
    for number, event in enumerate(happens, 2):
        await phone.until(number - 1)
        await settled()
        server.bus.publish(event)
    await phone.until(5)
    first = phone.asked[0]
    assert first.method == "NOTIFY" and str(first.uri) == "sip:alice@198.51.100.7:5070;transport=tcp"
    assert (first.headers.get("Event"), first.content_type) == ("dialog;id=7", "application/dialog-info+xml")
    assert (first.call_id, first.from_.tag, first.to.tag) == (answer.call_id, answer.to.tag, "alice")
    assert str(first.contacts[0].uri) == "sip:gw@192.0.2.1:5060;transport=tcp"
    assert [each for notify in phone.asked for each in lamp(notify)] == [
        "terminated",
        "trying",
        "early",
        "confirmed",
        "terminated",
    ]
    assert [ElementTree.fromstring(each.body).get("version") for each in phone.asked] == list("01234")
    assert [number for number, _ in told(phone)] == [1, 2, 3, 4, 5]
    assert all((state or "").startswith("active;expires=") for _, state in told(phone))


async def test_presence_follows_where_a_user_can_be_reached(server: Server) -> None:
    phone = Phone(server)
    await server.subscribe(phone, "bob", "presence")
    for number, change in enumerate((server.registry.add, server.registry.remove), 1):
        await phone.until(number)
        await settled()
        change(Contact(BOB, "other", "page"))
    await phone.until(3)
    basics = [ElementTree.fromstring(each.body).findtext(BASIC) for each in phone.asked]
    assert basics == ["closed", "open", "closed"]


async def test_a_subscription_begins_with_what_is_known_already(server: Server) -> None:
    server.bus.publish(call("1"))
    await settled()
    phone = Phone(server)
    await server.subscribe(phone)
    assert lamp(phone.asked[0]) == ["trying"]


async def test_no_voicemail_is_an_honest_zero(server: Server) -> None:
    phone = Phone(server)
    assert (await server.subscribe(phone, "alice", "message-summary")).status == 200
    assert phone.asked[0].body.startswith(b"Messages-Waiting: no\r\n")
    assert phone.asked[0].content_type == "application/simple-message-summary"


async def test_what_says_nothing_new_is_not_told(server: Server) -> None:
    phone = Phone(server)
    await server.subscribe(phone, "bob", "presence")
    await phone.until(1)
    await settled()
    server.bus.publish(call("1"))
    server.bus.publish(events.LegRinging(LegId("1"), 1.0))
    server.bus.publish(call("2", Address("carol", DOMAIN)))
    await settled()
    assert len(phone.asked) == 1


async def test_the_newest_state_is_told_once_the_pace_allows() -> None:
    server = Server(pace=0.05)
    phone = Phone(server)
    await server.subscribe(phone)
    await settled()
    for event in (call("1"), events.LegRinging(LegId("1"), 1.0), events.LegAnswered(LegId("1"), 2.0)):
        server.bus.publish(event)
        await settled()
    assert len(phone.asked) == 1
    assert lamp(await phone.until(2)) == ["confirmed"]
    await over(server)


# What is refused.


@pytest.mark.parametrize("event", ["", "refer", "conference", "dialog.winfo", "as-feature-event", "ua-profile", "x;y"])
async def test_an_unserved_package_is_refused_by_us_and_routed_to_nobody(server: Server, event: str) -> None:
    phone, own = Phone(server), Phone(server)
    server.registry.add(Contact(ALICE, "other", "phone"))
    answer = await server.subscribe(phone, "alice", event)
    assert (answer.status, answer.headers.all("Allow-Events")) == (489, ["presence", "dialog", "message-summary"])
    assert phone.asked == own.heard == [] and len(server.subscriptions) == 0


@pytest.mark.parametrize(
    ("to", "event", "fields", "status"),
    [
        ("nobody", "dialog", (), 404),
        ("", "dialog", (), 404),
        ("bob", "message-summary", (), 403),
        ("bob", "dialog", (("Expires", "59"),), 423),
        ("bob", "dialog", (("Expires", "1"),), 423),
        ("bob", "dialog", (("Accept", "application/pidf+xml"),), 406),
        ("bob", 'dialog;"', (), 400),
        ("bob", "dialog", (("Accept", 'a"b,'),), 400),
    ],
)
async def test_what_is_refused(server: Server, to: str, event: str, fields: Fields, status: int) -> None:
    phone = Phone(server)
    answer = await server.subscribe(phone, to, event, *fields)
    assert answer.status == status and answer.to.tag
    assert answer.headers.get("Min-Expires") == ("60" if status == 423 else None)
    assert phone.asked == [] and len(server.subscriptions) == 0


@pytest.mark.parametrize("to", ["bob", "nobody"])
@pytest.mark.item("S102")
async def test_a_stranger_learns_of_nobody_whether_he_exists(server: Server, to: str) -> None:
    phone = Phone(server)
    assert (await server.subscribe(phone, to, domain="elsewhere.test")).status == 403
    assert (await server.subscribe(phone, to, "unserved", domain="elsewhere.test")).status == 489


async def test_a_subscriber_must_say_where_he_is(server: Server) -> None:
    phone = Phone(server)
    assert (await server.subscribe(phone, contact=False)).status == 400
    assert len(server.subscriptions) == 0


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ((), "3600"),
        ((("Expires", "60"),), "60"),
        ((("Expires", "86400"),), "3600"),
        ((("Expires", "soon"),), "3600"),
        ((("Accept", "text/plain, application/dialog-info+xml;q=1"),), "3600"),
        ((("Accept", "*/*"),), "3600"),
    ],
)
async def test_how_long_it_lasts(server: Server, fields: Fields, seconds: str) -> None:
    phone = Phone(server)
    answer = await server.subscribe(phone, "bob", "dialog", *fields)
    assert (answer.status, answer.headers.get("Expires")) == (200, seconds)
    assert told(phone) == [(1, f"active;expires={seconds}")]


async def test_a_user_has_at_most_a_hundred(server: Server) -> None:
    phone = Phone(server)
    for number in range(100):
        assert (await server.subscribe(phone, f"user{number}")).status == 200
    assert (await server.subscribe(phone)).status == 403
    assert (await server.subscribe(phone, "bob", "dialog", ("Expires", "0"))).status == 200
    assert (await server.subscribe(Phone(server), of="carol")).status == 200
    assert len(server.subscriptions) == 101


async def test_there_is_an_end_to_all_users_together() -> None:
    server = Server(dialogs=1)
    assert (await server.subscribe(Phone(server))).status == 200
    phone = Phone(server)
    answer = await server.subscribe(phone, of="carol")
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "60")
    await over(server)


# How it goes on, and ends.


async def test_a_fetch_tells_once_and_leaves_nothing(server: Server) -> None:
    phone = Phone(server)
    answer = await server.subscribe(phone, "bob", "dialog", ("Expires", "0"))
    assert (answer.status, answer.headers.get("Expires")) == (200, "0")
    assert told(phone) == [(1, "terminated;reason=timeout")] and lamp(phone.asked[0]) == ["terminated"]
    assert len(server.subscriptions) == 0
    await settled()
    assert not server.again(phone, answer)


async def test_a_refresh_is_answered_and_told(server: Server) -> None:
    phone = Phone(server)
    begun = await server.subscribe(phone)
    await settled()
    assert server.again(phone, begun, ("Expires", "120"))
    assert (phone.answer.status, phone.answer.headers.get("Expires")) == (200, "120")
    await phone.until(2)
    assert told(phone) == [(1, "active;expires=3600"), (2, "active;expires=120")]
    assert len(server.subscriptions) == 1


async def test_whoever_unsubscribes_is_told_a_last_time(server: Server) -> None:
    phone = Phone(server)
    begun = await server.subscribe(phone)
    assert server.again(phone, begun, ("Expires", "0"))
    assert phone.answer.status == 200
    assert told(phone) == [(1, "active;expires=3600"), (2, "terminated;reason=timeout")]
    assert len(server.subscriptions) == 0
    server.bus.publish(call("1"))
    await settled()
    assert len(phone.asked) == 2


async def test_a_refresh_in_disorder_changes_nothing(server: Server) -> None:
    phone = Phone(server)
    begun = await server.subscribe(phone)
    for fields, event, cseq, status in (
        ((("Expires", "0"),), "dialog", 0, 500),
        ((("Expires", "59"),), "dialog", 2, 423),
        ((("Expires", "0"),), "presence", 3, 489),
        ((("Expires", "0"),), "dialog;id=1", 4, 489),
    ):
        assert server.again(phone, begun, *fields, event=event, cseq=cseq)
        assert phone.answer.status == status
    assert len(server.subscriptions) == 1 and len(phone.asked) == 1


async def test_what_is_in_no_dialog_of_ours_is_not_ours(server: Server) -> None:
    phone = Phone(server)
    begun = await server.subscribe(phone)
    assert not server.again(phone, begun, method="NOTIFY")
    begun.headers.set("To", f"<sip:bob@{DOMAIN}>;tag=guessed")
    assert not server.again(phone, begun)


async def test_a_phone_may_come_by_another_flow_of_its_address(server: Server) -> None:
    before, now = Phone(server), Phone(server, remote=("198.51.100.7", 6000), near=("192.0.2.2", 5060))
    begun = await server.subscribe(before)
    await settled()
    assert server.again(now, begun) and now.answer.status == 200
    await now.until(1)
    assert now.asked[0].vias[0].host == "192.0.2.2" and now.asked[0].contacts[0].uri.host == "192.0.2.2"
    server.subscriptions.lost(before)
    assert len(server.subscriptions) == 1
    server.subscriptions.lost(now)
    assert len(server.subscriptions) == 0


@pytest.mark.item("S37")
async def test_nobody_takes_a_subscription_over_from_elsewhere(server: Server) -> None:
    phone, thief = Phone(server), Phone(server, remote=("203.0.113.9", 5070))
    begun = await server.subscribe(phone)
    await settled()
    assert server.again(thief, begun, ("Expires", "0"))
    assert thief.answer.status == 481 and thief.asked == []
    server.bus.publish(call("1"))
    await phone.until(2)
    assert thief.asked == []


@pytest.mark.parametrize("status", [481, 408, 489])
async def test_whoever_does_not_know_of_it_is_told_no_more(server: Server, status: int) -> None:
    phone = Phone(server, answers=status)
    await server.subscribe(phone)
    assert len(server.subscriptions) == 1
    await settled()
    assert len(server.subscriptions) == 0
    server.bus.publish(call("1"))
    await settled()
    assert len(phone.asked) == 1


async def test_a_dead_flow_takes_its_subscriptions_with_it(server: Server) -> None:
    dead, phone = Phone(server), Phone(server)
    for each in (dead, dead, phone):
        await server.subscribe(each)
    await settled()
    dead.alive = False
    server.subscriptions.lost(dead)
    assert len(server.subscriptions) == 1
    server.bus.publish(call("1"))
    await phone.until(2)
    assert len(dead.asked) == 2


async def test_a_flow_that_died_unnoticed_is_noticed_by_a_notify(server: Server) -> None:
    phone = Phone(server)
    await server.subscribe(phone)
    await settled()
    phone.alive = False
    server.bus.publish(call("1"))
    await settled()
    assert len(server.subscriptions) == 0


async def test_a_phone_that_never_answers_is_asked_no_more(server: Server) -> None:
    """One NOTIFY at a time: a dead phone costs one transaction."""
    phone = Phone(server, answers=0)
    await server.subscribe(phone)
    for number in range(5):
        server.bus.publish(call(str(number)))
        await settled()
    assert len(phone.asked) == 1
    server.stack.lost(phone)
    assert len(server.subscriptions) == 0


async def test_stopping_tells_all_to_come_back_later(server: Server) -> None:
    phones = [Phone(server) for _ in range(3)]
    for phone in phones:
        await server.subscribe(phone)
    await settled()
    server.subscriptions.stop()
    assert {told(phone)[-1] for phone in phones} == {(2, "terminated;reason=probation;retry-after=30")}
    assert len(server.subscriptions) == 0
