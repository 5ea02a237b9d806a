"""A REGISTER does to the bindings what it says, all of it or nothing (RFC 3261 section 10.3; S45 to S52)."""

import pytest

from tests.pysip.scenes import request
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.registrar import (
    Arrival,
    Binding,
    Registration,
    Rules,
    live,
    register,
    ring_order,
    without_flow,
)
from xswitch_py.pysip.usage import Fields, Refused

NOW = 1_700_000_000.0
HERE = Arrival("flow", "198.51.100.7:5070")
DEVICE = '+sip.instance="<urn:uuid:1>";reg-id=1'
OTHER = '+sip.instance="<urn:uuid:2>";reg-id=1'
OUTBOUND = ("Supported", "path, outbound")


def message(*contacts: str, cseq: int = 1, call_id: str = "r1", fields: Fields = (), from_: str = "alice") -> Request:
    return request(
        "REGISTER",
        uri="sip:pbx.example",
        from_=f"<sip:{from_}@pbx.example>;tag=x",
        to="<sip:alice@pbx.example>",
        call_id=call_id,
        cseq=cseq,
        contact="",
        fields=(*[("Contact", each) for each in contacts], *fields),
    )


def done(register_: Request, before: Registration | None = None, now: float = NOW, **more: object) -> Registration:
    rules, arrival = more.pop("rules", Rules()), more.pop("arrival", HERE)
    bindings = before.bindings if before else ()
    return register(register_, bindings, arrival, now, rules, **more)  # type: ignore[arg-type] # passed through


def uris(bindings: tuple[Binding, ...]) -> list[str]:
    return [str(each.contact.uri) for each in bindings]


def shown(registration: Registration) -> list[str]:
    return [value for name, value in registration.fields if name == "Contact"]


def refusal(register_: Request, before: Registration | None = None, **more: object) -> tuple[int, Fields]:
    with pytest.raises(Refused) as refused:
        done(register_, before, **more)  # type: ignore[arg-type] # passed through
    return refused.value.status, refused.value.fields


PHONE = done(message("<sip:alice@10.0.0.1;transport=udp>;q=0.5", fields=(("User-Agent", "x" * 200),)))


@pytest.mark.item("S45")
def test_a_binding_keeps_what_is_needed_to_call() -> None:
    (binding,) = PHONE.bindings
    assert PHONE.added == (binding,) and PHONE.removed == ()
    assert (binding.arrival, binding.call_id, binding.cseq, binding.since) == (HERE, "r1", 1, NOW)
    assert (binding.q, binding.instance, binding.reg_id, len(binding.user_agent)) == (0.5, "", "", 128)
    assert binding.expires_at == NOW + 600


@pytest.mark.item("S46")
def test_the_answer_lists_all_bindings_and_the_date() -> None:
    both = done(message("<sip:alice@10.0.0.2>;expires=120", cseq=1, call_id="r2"), PHONE, NOW + 100.5)
    assert shown(both) == ["<sip:alice@10.0.0.1;transport=udp>;q=0.5;expires=500", "<sip:alice@10.0.0.2>;expires=120"]
    assert dict(both.fields)["Date"] == "Tue, 14 Nov 2023 22:15:00 GMT"


@pytest.mark.item("S47")
def test_no_contact_is_a_question() -> None:
    asked = done(message(), PHONE)
    assert (asked.bindings, asked.added, asked.removed) == (PHONE.bindings, (), ())


@pytest.mark.item("S46")
@pytest.mark.parametrize(
    ("contact", "fields", "seconds"),
    [
        ("<sip:a@b>", (), 600),
        ("<sip:a@b>", (("Expires", "120"),), 120),
        ("<sip:a@b>;expires=90", (("Expires", "120"),), 90),
        ("<sip:a@b>;expires=99999", (), 3600),
        ("<sip:a@b>;expires=4294967296", (), 3600),
        ("<sip:a@b>;expires=soon", (), 600),
        ("<sip:a@b>", (("Expires", "soon"),), 600),
    ],
)
def test_how_long_a_binding_lasts(contact: str, fields: Fields, seconds: int) -> None:
    assert done(message(contact, fields=fields)).bindings[0].expires_at == NOW + seconds


@pytest.mark.item("S46")
def test_too_short_is_423() -> None:
    assert refusal(message("<sip:a@b>;expires=59")) == (423, (("Min-Expires", "60"),))
    assert done(message("<sip:a@b>;expires=60")).bindings


@pytest.mark.item("S46")
def test_a_listener_may_be_stricter() -> None:
    """WebSocket contacts live 600 s at most."""
    assert done(message("<sip:a@b>;expires=3600"), rules=Rules(most=600)).bindings[0].expires_at == NOW + 600


@pytest.mark.item("S45")
def test_the_same_uri_is_the_same_binding() -> None:
    """Compared as URIs are, and the new flow counts."""
    again = done(message("<sip:alice@10.0.0.1;TRANSPORT=UDP>", cseq=2), PHONE, NOW + 60, arrival=Arrival("new"))
    assert len(again.bindings) == 1 and again.added == again.removed == ()
    assert (again.bindings[0].arrival.flow, again.bindings[0].since) == ("new", NOW)


@pytest.mark.item("S45")
def test_a_device_replaces_its_binding() -> None:
    """Whatever its Contact says now."""
    first = done(message(f"<sip:x@a.invalid;transport=ws>;{DEVICE}", fields=(OUTBOUND,)))
    again = done(message(f"<sip:y@b.invalid;transport=ws>;{DEVICE}", call_id="r2", fields=(OUTBOUND,)), first)
    assert uris(again.bindings) == ["sip:y@b.invalid;transport=ws"]
    assert (again.bindings[0].instance, again.bindings[0].reg_id) == ("<urn:uuid:1>", "1")
    other = done(message(f"<sip:y@b.invalid;transport=ws>;{OTHER}", call_id="r3", fields=(OUTBOUND,)), again)
    assert len(other.bindings) == 2
    second = f"<sip:z@c.invalid;transport=ws>;{DEVICE.replace('reg-id=1', 'reg-id=2')}"
    assert len(done(message(second, call_id="r4", fields=(OUTBOUND,)), other).bindings) == 3


@pytest.mark.item("S45")
def test_without_outbound_the_uri_counts() -> None:
    first = done(message(f"<sip:x@a.invalid>;{DEVICE}"))
    assert len(done(message(f"<sip:y@b.invalid>;{DEVICE}", cseq=2), first).bindings) == 2
    mixed = done(message(f"<sip:x@a.invalid>;{DEVICE}", cseq=2, fields=(OUTBOUND,)), first)
    assert len(mixed.bindings) == 2


@pytest.mark.item("S47")
def test_zero_removes_and_removing_nothing_is_no_error() -> None:
    gone = done(message("<sip:alice@10.0.0.1;transport=udp>;expires=0", cseq=2), PHONE)
    assert gone.bindings == gone.added == () and gone.removed == PHONE.bindings
    assert done(message("<sip:alice@10.0.0.9>;expires=0", cseq=2), PHONE).bindings == PHONE.bindings


@pytest.mark.item("S47")
def test_a_star_removes_all() -> None:
    both = done(message("<sip:b@10.0.0.2>", call_id="r2"), PHONE)
    gone = done(message("*", call_id="r3", fields=(("Expires", "0"),)), both)
    assert gone.bindings == () and len(gone.removed) == 2
    assert shown(gone) == []


@pytest.mark.item("S47")
@pytest.mark.parametrize(
    ("contacts", "fields"),
    [
        (("*",), ()),
        (("*",), (("Expires", "60"),)),
        (("*", "<sip:a@b>"), (("Expires", "0"),)),
    ],
)
def test_a_star_stands_alone_with_expires_0(contacts: tuple[str, ...], fields: Fields) -> None:
    assert refusal(message(*contacts, fields=fields), PHONE)[0] == 400


@pytest.mark.item("S47")
def test_several_contacts_are_all_or_nothing() -> None:
    assert len(done(message("<sip:a@b>", "<sip:c@d>")).bindings) == 2
    assert refusal(message("<sip:a@b>", "<sip:c@d>;expires=5"))[0] == 423
    assert len(done(message("<sip:a@b>;expires=60", "<sip:a@b>;expires=90")).bindings) == 1


@pytest.mark.item("S48")
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("contact", "fields"),
    [
        ("<sip:alice@10.0.0.1;transport=udp>;expires=0", ()),
        ("*", (("Expires", "0"),)),
        ("<sip:alice@10.0.0.1;transport=udp>", ()),
    ],
)
def test_what_comes_late_changes_nothing(number: int, contact: str, fields: Fields) -> None:
    assert refusal(message(contact, cseq=number, fields=fields), PHONE)[0] == 500


@pytest.mark.item("S48")
def test_another_call_id_may_begin_anew() -> None:
    """A phone that has restarted."""
    again = done(message("<sip:alice@10.0.0.1;transport=udp>", cseq=0, call_id="r2"), PHONE)
    assert again.bindings[0].call_id == "r2"


def test_what_has_expired_is_gone() -> None:
    later = done(message(), PHONE, NOW + 600)
    assert later.bindings == () and shown(later) == []
    # an expired binding keeps no order either
    assert done(message("<sip:alice@10.0.0.1;transport=udp>"), PHONE, NOW + 601).added


@pytest.mark.item("S49")
def test_too_many_contacts_are_refused() -> None:
    two = done(message("<sip:a@b>", "<sip:c@d>"), rules=Rules(limit=2))
    assert refusal(message("<sip:e@f>", cseq=2), two, rules=Rules(limit=2))[0] == 403
    assert len(done(message("<sip:e@f>", "<sip:a@b>;expires=0", cseq=2), two, rules=Rules(limit=2)).bindings) == 2


@pytest.mark.item("S45")
@pytest.mark.item("S49")
def test_a_device_pushes_out_its_own_oldest() -> None:
    rules = Rules(limit=2)
    instance = '+sip.instance="<urn:uuid:1>"'
    both = done(message("<sip:x@y>"), rules=rules)
    both = done(message(f"<sip:a@b>;{instance}", cseq=2), both, NOW + 1, rules=rules)
    more = done(message(f"<sip:c@d>;{instance}", cseq=3), both, NOW + 2, rules=rules)
    assert uris(more.bindings) == ["sip:x@y", "sip:c@d"]
    assert uris(more.removed) == ["sip:a@b"]
    over = [f"<sip:{n}@d>;{instance}" for n in range(3)]
    assert refusal(message(*over, cseq=4), more, rules=rules)[0] == 403


@pytest.mark.item("S49")
@pytest.mark.parametrize(
    ("contact", "status"),
    [
        ("<tel:+4930>", 400),
        ("<http://evil.example>", 400),
        ("<sips:a@b>", 400),
        ("<sip:a@b?Route=%3Csip:evil%3E>", 403),
        ("<sip:a@192.0.2.1>", 403),
    ],
)
def test_hostile_contacts_are_refused(contact: str, status: int) -> None:
    assert refusal(message(contact), is_ours=lambda uri: uri.host == "192.0.2.1")[0] == status


def test_a_broken_contact_is_bad() -> None:
    with pytest.raises(BadMessage):
        done(message("<sip:"))


@pytest.mark.item("S49")
def test_sips_is_for_secure_listeners() -> None:
    assert done(message("<sips:a@b>"), arrival=Arrival("flow", secure=True)).bindings


@pytest.mark.item("S49")
def test_one_registers_oneself() -> None:
    assert refusal(message("<sip:a@b>", from_="mallory"))[0] == 403


@pytest.mark.item("S50")
def test_a_path_counts_from_a_trusted_proxy_only() -> None:
    path = (("Path", "<sip:edge.example;lr>, <sip:inner.example;lr>"),)
    trusted = done(message("<sip:a@b>", fields=path), arrival=Arrival("flow", trusted=True))
    assert [str(each) for each in trusted.bindings[0].path] == ["<sip:edge.example;lr>", "<sip:inner.example;lr>"]
    assert [value for name, value in trusted.fields if name == "Path"] == [
        "<sip:edge.example;lr>",
        "<sip:inner.example;lr>",
    ]
    stranger = done(message("<sip:a@b>", fields=path))
    assert stranger.bindings[0].path == () and "Path" not in dict(stranger.fields)


@pytest.mark.item("S51")
def test_no_gruu_is_made() -> None:
    """JsSIP would use it as its Contact at once."""
    registered = done(message(f"<sip:x@a.invalid>;{DEVICE}", fields=(("Supported", "gruu, outbound"),)))
    assert "gruu" not in str(registered.fields)
    assert shown(registered) == ['<sip:x@a.invalid>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=600']


def test_who_is_called_first() -> None:
    """By q, equals together, nothing that has expired."""
    contacts = (
        "<sip:a@x>;q=0.2",
        "<sip:b@x>",
        "<sip:c@x>;q=1.0",
        "<sip:d@x>;q=0.2",
        "<sip:e@x>;q=7",
        "<sip:f@x>;expires=60",
    )
    bindings = done(message(*contacts)).bindings
    assert [[each.contact.uri.user for each in group] for group in ring_order(bindings, NOW + 60)] == [
        ["b", "c", "e"],
        ["a", "d"],
    ]
    assert ring_order(bindings, NOW + 3600) == []


def test_bindings_go_with_their_flow() -> None:
    both = done(message("<sip:b@10.0.0.2>", call_id="r2"), PHONE, arrival=Arrival("socket"))
    assert uris(without_flow(both.bindings, "socket")) == uris(PHONE.bindings)
    assert live(both.bindings, NOW + 600) == ()
