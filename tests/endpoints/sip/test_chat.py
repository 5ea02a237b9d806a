"""What is said reaches everybody it is for, in every door, and says who is to blame if not (RFC 3428; S88, S105)."""

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.endpoints.sip.chat_world import ALICE, BOB, DOMAIN, Phone, World, user
from tests.fakes import FakeMedia
from xswitch_py.base.address import Address
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact
from xswitch_py.endpoints.sip.chat import COMPOSING, Chat
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.media.api import Transport
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import parse_address
from xswitch_py.pysip.message import Request, Response, serialise
from xswitch_py.pysip.uri import parse_uri
from xswitch_py.pysip.usage import Fields

pytestmark = pytest.mark.item("S88")

TYPING = b'<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state>'


class Door:
    """The door of phones, as far as chat goes."""

    name = "sip"

    def __init__(self, world: World) -> None:
        self.world = world
        self.ways: dict[str, Way] = {}
        self.chat = Chat(world.services, world.stack, lambda contact: self.ways.get(contact.key))
        world.doors["sip"] = self

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """See `Endpoint`."""
        raise NotImplementedError

    def drop(self, contact: Contact) -> bool:
        """See `Endpoint`."""
        return False

    def deliver(self, to: Contact, message: Message) -> bool:
        """See `Endpoint`."""
        return self.chat.deliver(to, message)

    def phone(self, of: Address, key: str = "phone", transport: str = "TCP", path: str = "") -> Phone:
        """Let a user be reached by one more phone."""
        phone = Phone(self.world, transport)
        uri = parse_uri(f"sip:{key}@198.51.100.7:5070;transport=tcp")
        routes = (parse_address(path),) if path else ()
        self.ways[key] = Way(uri, phone, parse_uri(f"sip:{of}"), routes)
        self.world.registry.add(Contact(of, "sip", key))
        return phone

    async def hears(self, request: Request, phone: Phone) -> Response:
        """Let a phone of Alice's say something; give the answer."""
        await self.chat.receive(self.world.arrive(request, phone), user("alice"))
        return phone.answer


@pytest.fixture
async def door() -> Door:
    return Door(World())


def kind(content_type: str, *more: tuple[str, str]) -> Fields:
    return (("Content-Type", content_type), *more)


TEXT = kind("text/plain")


async def test_a_text_reaches_every_place_of_its_addressee(door: Door) -> None:
    phone = Phone(door.world)
    first, second = door.phone(BOB), door.phone(BOB, "other")
    door.world.registry.add(Contact(BOB, "other", "page"))
    answer = await door.hears(phone.says("MESSAGE", "bob", TEXT, "Grüße".encode(), contact=False), phone)
    assert (answer.status, bool(answer.to.tag), answer.contacts) == (200, True, ())
    assert door.world.other.told == [Message(ALICE, BOB, "Grüße", {"from_msg_name": "Alice"})]
    assert [each.asked[0].body.decode() for each in (first, second)] == ["Grüße"] * 2


async def test_what_a_phone_reads(door: Door) -> None:
    """Golden: no dialog, no Contact, From the sender, To the user, the Request-URI as it was registered."""
    phone = door.phone(BOB, path="<sip:edge.pbx.test;lr>")
    contact, *_ = door.world.registry.find(BOB)
    assert door.deliver(contact, Message(ALICE, BOB, "Hi", {"from_msg_name": 'Al "A" Ice'}))
    (request,) = phone.asked
    assert request.method == "MESSAGE" and str(request.uri) == "sip:phone@198.51.100.7:5070;transport=tcp"
    assert str(request.from_) == f'"Al \\"A\\" Ice" <sip:alice@pbx.test>;tag={request.from_.tag}' and request.from_.tag
    assert (str(request.to), request.contacts) == ("<sip:bob@pbx.test>", ())
    assert (request.content_type, request.body, request.cseq.number) == ("text/plain", b"Hi", 1)
    assert [str(each) for each in request.routes] == ["<sip:edge.pbx.test;lr>"]


async def test_each_text_is_a_request_of_its_own(door: Door) -> None:
    phone = door.phone(BOB)
    contact, *_ = door.world.registry.find(BOB)
    for _ in range(2):
        door.deliver(contact, Message(ALICE, BOB, "Hi"))
    one, two = phone.asked
    assert one.call_id != two.call_id and one.vias[0].branch != two.vias[0].branch


@pytest.mark.parametrize(("to", "status"), [("carol", 480), ("nobody", 404)])
async def test_who_cannot_be_reached(door: Door, to: str, status: int) -> None:
    phone = Phone(door.world)
    assert (await door.hears(phone.says("MESSAGE", to, TEXT, b"Hi"), phone)).status == status


async def test_one_place_that_takes_it_is_enough(door: Door) -> None:
    phone, dead = Phone(door.world), door.phone(BOB)
    dead.alive = False
    request = phone.says("MESSAGE", "bob", TEXT, b"Hi")
    assert (await door.hears(request, phone)).status == 480
    door.world.registry.add(Contact(BOB, "other", "page"))
    assert (await door.hears(phone.says("MESSAGE", "bob", TEXT, b"Hi"), phone)).status == 200


@pytest.mark.parametrize(
    ("fields", "body", "status", "heard"),
    [
        (kind("text/plain;charset=UTF-8"), "é".encode(), 200, "é"),
        (kind('Text/Plain ; charset="utf-8"'), "é".encode(), 200, "é"),
        (kind("text/plain;charset=iso-8859-1"), "é".encode("latin-1"), 200, "é"),
        (kind("text/plain;charset=us-ascii"), b"e", 200, "e"),
        (kind("text/plain", ("Content-Encoding", "identity")), b"e", 200, "e"),
        (kind("text/plain;charset=us-ascii"), "é".encode(), 400, None),
        (kind("text/plain"), b"\xff", 400, None),
        (kind('text/plain;"'), b"e", 400, None),
        (kind("text/plain;charset=utf-7"), b"e", 415, None),
        (kind("text/plain;charset=zip"), b"e", 415, None),
        (kind("text/html"), b"<b>e</b>", 415, None),
        (kind("application/sdp"), b"v=0", 415, None),
        ((), b"e", 415, None),
        (kind("text/plain", ("Content-Encoding", "gzip")), b"e", 415, None),
    ],
)
async def test_only_text_that_can_be_read_is_passed_on(
    door: Door, fields: Fields, body: bytes, status: int, heard: str | None
) -> None:
    phone = Phone(door.world)
    door.world.registry.add(Contact(BOB, "other", "page"))
    answer = await door.hears(phone.says("MESSAGE", "bob", fields, body), phone)
    assert answer.status == status
    assert [message.body for message in door.world.other.told] == ([] if heard is None else [heard])
    wanted = {"gzip": ("Accept-Encoding", ["identity"])}.get(
        dict(fields).get("Content-Encoding", ""), ("Accept", ["text/plain", "application/im-iscomposing+xml"])
    )
    assert answer.headers.all(wanted[0]) == (wanted[1] if status == 415 else [])


async def test_that_somebody_types_is_told_to_phones_only(door: Door) -> None:
    phone, bobs = Phone(door.world), door.phone(BOB)
    door.world.registry.add(Contact(BOB, "other", "page"))
    assert (await door.hears(phone.says("MESSAGE", "bob", kind(COMPOSING), TYPING), phone)).status == 200
    assert [(each.content_type, each.body) for each in bobs.asked] == [(COMPOSING, TYPING)]
    assert door.world.other.told == []


async def test_whoever_reads_on_no_phone_is_told_of_no_typing(door: Door) -> None:
    phone = Phone(door.world)
    door.world.registry.add(Contact(BOB, "other", "page"))
    answer = await door.hears(phone.says("MESSAGE", "bob", kind(COMPOSING), TYPING), phone)
    assert (answer.status, answer.headers.all("Accept")) == (415, ["text/plain"])


@pytest.mark.item("S108")
async def test_a_text_of_more_than_16_kib_is_not_even_read(door: Door) -> None:
    phone = Phone(door.world)
    phone.says("MESSAGE", "bob", TEXT, b"x" * 16_384)
    with pytest.raises(BadMessage) as bad:
        phone.says("MESSAGE", "bob", TEXT, b"x" * 16_385)
    assert bad.value.status == 513


@pytest.mark.parametrize(
    ("transport", "size", "leaves"),
    [("UDP", 1300, True), ("UDP", 1301, False), ("TCP", 1301, True), ("WSS", 16_384, True), ("WSS", 16_385, False)],
)
async def test_how_much_goes_out(door: Door, transport: str, size: int, leaves: bool) -> None:
    phone = door.phone(BOB, transport=transport)
    contact, *_ = door.world.registry.find(BOB)
    assert door.deliver(contact, Message(ALICE, BOB, "x" * size)) is leaves
    assert len(phone.heard) == leaves


@pytest.mark.item("S105")
@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a\nb", "\x00", "x" * 129])
async def test_a_name_that_may_not_stand_in_a_header_goes_nowhere(door: Door, name: str) -> None:
    phone = door.phone(BOB)
    contact, *_ = door.world.registry.find(BOB)
    assert not door.deliver(contact, Message(ALICE, BOB, "Hi", {"from_msg_name": name}))
    assert phone.heard == []


@pytest.mark.item("S105")
@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1", "a>;evil<", "a b@c;d?e", "\ud800", "😀"])
async def test_a_sender_never_breaks_a_header(door: Door, name: str) -> None:
    phone = door.phone(BOB)
    contact, *_ = door.world.registry.find(BOB)
    door.deliver(contact, Message(Address(name, DOMAIN), BOB, "Hi"))
    for request in phone.asked:
        assert (request.from_.uri.name, request.from_.uri.host) == (name, DOMAIN)
        assert "X-Evil" not in request.headers and not request.from_.display


@pytest.mark.item("S105")
async def test_a_text_is_only_ever_the_body(door: Door) -> None:
    phone = door.phone(BOB)
    contact, *_ = door.world.registry.find(BOB)
    text = "\r\n\r\nBYE sip:bob@pbx.test SIP/2.0\r\nContent-Length: 0\r\n\r\n\ud800"
    assert door.deliver(contact, Message(ALICE, BOB, text))
    (request,) = phone.asked
    assert request.body == text.encode("utf-8", "replace")
    assert serialise(request).count(b"Content-Length: ") == 2  # the body's own is a part of it


@pytest.mark.parametrize(
    ("status", "logged"),
    [
        (200, []),
        (202, []),
        (401, ["message refused by the phone"]),
        (404, ["message refused by the phone"]),
        (0, ["message lost"]),
    ],
)
async def test_what_the_phone_answers_is_final(door: Door, status: int, logged: list[str]) -> None:
    """Fire and forget: challenges are not answered either."""
    phone = door.phone(BOB)
    phone.answers = status
    contact, *_ = door.world.registry.find(BOB)
    with capture_logs() as logs:
        assert door.deliver(contact, Message(ALICE, BOB, "a secret"))
        for _ in range(5):
            await asyncio.sleep(0)
        door.world.stack.lost(phone)
    assert [each["event"] for each in logs] == logged and "a secret" not in str(logs)
    assert len(phone.asked) == 1 and len(door.world.stack) == 0


async def test_a_phone_that_has_left_takes_nothing(door: Door) -> None:
    phone = door.phone(BOB)
    contact, *_ = door.world.registry.find(BOB)
    door.ways.clear()
    assert not door.deliver(contact, Message(ALICE, BOB, "Hi"))
    assert phone.heard == []


# Beside a call.


class Silent:
    """A wire that nobody listens to."""

    door = "sip"
    transport = Transport.RTP
    host = ""
    can_ring = True
    can_update = False

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def leg(door: Door, of: Address | None, party: Party, *, called: bool = False) -> Leg:
    own, other = party, Party("Somebody", "1")
    offer = Offer(other, own, of, wish=Wish(("PCMA",))) if called else Offer(own, other, of, sdp="v=0")
    return Leg(LegId(party.name), Silent(), FakeMedia(), door.world.bus, offer, lambda leg: None)  # type: ignore[arg-type]


def call(door: Door, caller: Leg, callee: Leg) -> Leg:
    caller.bridged, callee.bridged = callee, caller
    return caller


def says(door: Door, phone: Phone, fields: Fields = TEXT, body: bytes = b"Hi") -> Request:
    return door.world.arrive(phone.says("MESSAGE", "anybody", fields, body, tag=";tag=ours"), phone)


async def test_text_beside_a_call_reaches_the_user_at_the_other_end(door: Door) -> None:
    phone = Phone(door.world)
    door.world.registry.add(Contact(BOB, "other", "page"))
    alice = call(door, leg(door, ALICE, Party("Alice", "1001")), leg(door, BOB, Party("Bob", "1002"), called=True))
    door.chat.receive_inside(says(door, phone), alice)
    assert (phone.answer.status, phone.answer.to.tag) == (200, "ours")
    assert door.world.other.told == [Message(ALICE, BOB, "Hi", {"from_msg_name": "Alice"})]


@pytest.mark.parametrize(
    ("number", "sender"), [("+49 30", Address("+49 30", DOMAIN)), ("", Address("anonymous", "anonymous.invalid"))]
)
async def test_a_caller_from_outside_is_named_by_number(door: Door, number: str, sender: Address) -> None:
    phone = Phone(door.world)
    door.world.registry.add(Contact(BOB, "other", "page"))
    carrier = call(door, leg(door, None, Party("", number)), leg(door, BOB, Party("Bob", "1002"), called=True))
    door.chat.receive_inside(says(door, phone), carrier)
    assert door.world.other.told == [Message(sender, BOB, "Hi")]


async def test_text_to_a_carrier_is_taken_and_dropped(door: Door) -> None:
    phone = Phone(door.world)
    alice = call(door, leg(door, ALICE, Party("Alice", "1001")), leg(door, None, Party("", "+49"), called=True))
    door.chat.receive_inside(says(door, phone), alice)
    assert phone.answer.status == 200 and phone.asked == []


async def test_text_in_a_call_that_is_with_nobody_is_taken_and_dropped(door: Door) -> None:
    phone = Phone(door.world)
    door.chat.receive_inside(says(door, phone), leg(door, ALICE, Party("Alice", "1001")))
    assert phone.answer.status == 200


@pytest.mark.parametrize(("fields", "status"), [(TEXT, 480), (kind("text/html"), 415)])
async def test_text_beside_a_call_may_be_refused(door: Door, fields: Fields, status: int) -> None:
    phone = Phone(door.world)
    alice = call(door, leg(door, ALICE, Party("Alice", "1001")), leg(door, BOB, Party("Bob", "1002"), called=True))
    door.chat.receive_inside(says(door, phone, fields), alice)
    assert phone.answer.status == status
