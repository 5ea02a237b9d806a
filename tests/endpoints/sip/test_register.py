"""What a REGISTER is answered, from the bytes that came to the bytes that leave."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.endpoints.sip.phones import DOMAIN, TestFlow, request
from xswitch_py.base.user import User
from xswitch_py.core.bus import Bus
from xswitch_py.core.guard import Guard
from xswitch_py.core.registry import Registry
from xswitch_py.endpoints.sip.location import Location
from xswitch_py.endpoints.sip.register import register
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.pysip.message import BadMessage, Response, parse, serialise

ANN = User("1001", DOMAIN, number="+3589")
DESK, MOBILE = "Contact: <sip:1001@10.0.0.1>", "Contact: <sip:1001@10.0.0.2;transport=tcp>;q=0.5"


class Registrar:
    """One user's."""

    def __init__(self) -> None:
        self.location = Location(Registry(Bus()), Guard(), Settings(domain=DOMAIN))

    def answer(self, *lines: str, flow: TestFlow | None = None, **more: Any) -> Response:
        """Answer a REGISTER, and read what stands on the wire."""
        message = request("REGISTER", *lines, **more)
        made = register(message, flow or TestFlow(), ANN, self.location, lambda uri: uri.host == DOMAIN)
        read = parse(serialise(made))
        assert isinstance(read, Response)
        return read

    @property
    def count(self) -> int:
        return len(self.location)


@pytest.fixture
async def registrar() -> AsyncIterator[Registrar]:
    made = Registrar()
    yield made
    made.location.close()


def contacts(response: Response) -> list[str]:
    return [str(contact) for contact in response.contacts]


@pytest.mark.item("S45")
@pytest.mark.item("S46")
@pytest.mark.item("S47")
async def test_the_200_lists_all_bindings_and_the_date(registrar: Registrar) -> None:
    registrar.answer(DESK, call_id="a")
    response = registrar.answer(f"{MOBILE};expires=120", call_id="b")
    assert response.status == 200 and response.to.tag
    assert contacts(response) == [
        "<sip:1001@10.0.0.1>;expires=600",
        "<sip:1001@10.0.0.2;transport=tcp>;q=0.5;expires=120",
    ]
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", response.headers.get("Date") or "")
    assert contacts(registrar.answer(call_id="c")) == contacts(response)


@pytest.mark.item("S46")
async def test_too_short_an_interval_is_refused_with_the_least(registrar: Registrar) -> None:
    response = registrar.answer(f"{DESK};expires=59")
    assert (response.status, response.headers.get("Min-Expires")) == (423, "60")
    assert registrar.count == 0


@pytest.mark.item("S47")
@pytest.mark.parametrize("lines", [("Contact: *",), ("Contact: *", "Expires: 60")])
async def test_a_star_stands_alone_and_with_nothing_left(registrar: Registrar, lines: tuple[str, ...]) -> None:
    registrar.answer(DESK)
    assert registrar.answer(*lines, call_id="x").status == 400
    assert registrar.count == 1
    assert contacts(registrar.answer("Contact: *", "Expires: 0", call_id="x")) == []
    assert registrar.count == 0


@pytest.mark.item("S47")
def test_a_star_beside_others_is_not_even_read() -> None:
    with pytest.raises(BadMessage, match="400"):
        request("REGISTER", "Contact: *", DESK, "Expires: 0")


@pytest.mark.item("S47")
async def test_of_several_contacts_all_are_taken_or_none(registrar: Registrar) -> None:
    assert registrar.answer(DESK, f"{MOBILE};expires=1").status == 423
    assert registrar.count == 0
    assert registrar.answer(DESK, MOBILE).status == 200
    assert registrar.count == 2


@pytest.mark.item("S47")
async def test_who_is_not_there_can_leave(registrar: Registrar) -> None:
    for cseq in (1, 2):
        response = registrar.answer(f"{DESK};expires=0", cseq=cseq)
        assert (response.status, contacts(response)) == (200, [])


@pytest.mark.item("S48")
async def test_what_comes_late_does_not_undo_what_came_after_it(registrar: Registrar) -> None:
    registrar.answer(DESK, cseq=8)
    for cseq in (7, 8):
        assert registrar.answer(f"{DESK};expires=0", cseq=cseq).status == 500
    assert registrar.count == 1
    assert registrar.answer(f"{DESK};expires=0", cseq=9).status == 200
    assert registrar.count == 0


@pytest.mark.item("S49")
@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Contact: <sip:1001@pbx.test>", 403),
        ("Contact: <sip:1001@10.0.0.1?Route=%3Csip:10.0.0.9%3E>", 403),
        ("Contact: <sips:1001@10.0.0.1>", 400),
        ("Contact: <tel:+3589>", 400),
        ("Contact: <mailto:a@b>", 400),
    ],
)
async def test_contacts_that_would_do_harm_are_refused(registrar: Registrar, line: str, status: int) -> None:
    assert registrar.answer(line).status == status
    assert registrar.count == 0


@pytest.mark.item("S49")
async def test_nobody_registers_for_another(registrar: Registrar) -> None:
    assert registrar.answer(DESK, user="1002", to="1001").status == 403
    assert registrar.count == 0


@pytest.mark.item("S45")
async def test_a_user_has_one_set_of_bindings_by_name_and_by_number(registrar: Registrar) -> None:
    registrar.answer(DESK, call_id="a")
    response = registrar.answer(MOBILE, call_id="b", user="+3589")
    assert len(contacts(response)) == 2
    assert len(registrar.location.of(ANN.address)) == 2


@pytest.mark.item("S51")
async def test_a_page_that_can_gruu_gets_its_contact_back_without_one(registrar: Registrar) -> None:
    line = 'Contact: <sip:t7k2@q8.invalid;transport=ws>;+sip.ice;reg-id=1;+sip.instance="<urn:uuid:6a>";expires=600'
    response = registrar.answer(line, "Supported: path,gruu,outbound", flow=TestFlow("WSS"))
    (contact,) = response.contacts
    assert str(contact.uri) == "sip:t7k2@q8.invalid;transport=ws"
    assert set(contact.params) == {"+sip.ice", "reg-id", "+sip.instance", "expires"}


@pytest.mark.item("S49")
async def test_a_contact_that_cannot_be_read_is_a_bad_request(registrar: Registrar) -> None:
    message = request("REGISTER")
    message.headers.add("Contact", "<sip:")
    response = register(message, TestFlow(), ANN, registrar.location, lambda uri: False)
    assert (response.status, registrar.count) == (400, 0)
