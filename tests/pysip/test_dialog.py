"""Dialogs know their way, their order and their end (RFC 3261 section 12)."""

import pytest

from tests.pysip.scenes import OURS, addr, answer, contact, new_vias, request, sip
from xswitch_py.pysip.dialog import Dialog, DialogId, DialogState, dialog_id, dialog_of_request, dialog_of_response
from xswitch_py.pysip.errors import BadMessage, SipError
from xswitch_py.pysip.usage import Refused

ROUTES = (("Record-Route", "<sip:near.example;lr>, <sip:far.example;lr>"),)
INSIDE = "<sip:bob@pbx.example>;tag=ours"


def called(**more: object) -> Dialog:
    """They invited us."""
    dialog = dialog_of_request(request(**more), "ours", OURS, 100)  # type: ignore[arg-type] # passed through
    dialog.confirm()
    return dialog


@pytest.mark.item("S54")
def test_a_dialog_of_their_request() -> None:
    """The way is that of the Record-Routes in order, and the target their Contact."""
    dialog = dialog_of_request(request(fields=ROUTES), "ours", OURS, 100)
    assert dialog.id == DialogId("call-1", "ours", "alice")
    assert (dialog.local.tag, dialog.remote.tag, dialog.remote_cseq) == ("ours", "alice", 1)
    assert dialog.target == sip("sip:alice@198.51.100.7:5070")
    assert [route.uri.host for route in dialog.routes] == ["near.example", "far.example"]
    assert dialog.state is DialogState.EARLY


@pytest.mark.item("S54")
def test_a_dialog_of_their_answer() -> None:
    """The way back is the Record-Routes reversed; a 2xx brings the final one."""
    invite = request()
    early = answer(invite, 180, fields=(*ROUTES, contact()))
    dialog = dialog_of_response(invite, early)
    assert dialog.id == dialog_id(early) == DialogId("call-1", "alice", "bob")
    assert [route.uri.host for route in dialog.routes] == ["far.example", "near.example"]
    dialog.confirm(answer(invite, 200, fields=(contact("<sip:bob@moved.example>"),)))
    assert (dialog.state, dialog.routes, dialog.target.host) == (DialogState.CONFIRMED, (), "moved.example")
    dialog.confirm(answer(invite, 200, fields=(contact("<sip:bob@again.example>"),)))
    assert dialog.target.host == "moved.example"


def test_their_request_finds_the_dialog() -> None:
    assert dialog_id(request("BYE", to=INSIDE)) == called().id


@pytest.mark.item("S54")
def test_a_request_inside_goes_the_way_of_the_dialog() -> None:
    """Loose routing."""
    bye = called(fields=ROUTES).request("BYE", new_vias()(), fields=(("Reason", "Q.850;cause=16"),))
    assert bye.uri == sip("sip:alice@198.51.100.7:5070")
    assert [str(route) for route in bye.routes] == ["<sip:near.example;lr>", "<sip:far.example;lr>"]
    assert (str(bye.cseq), bye.from_.tag, bye.to.tag) == ("101 BYE", "ours", "alice")
    assert bye.headers.get("Contact") is None
    assert bye.headers.get("Reason") == "Q.850;cause=16"


@pytest.mark.item("S54")
def test_a_first_hop_without_lr_becomes_the_request_uri() -> None:
    """Strict routing, section 12.2.1.1."""
    strict = (("Record-Route", "<sip:old.example>, <sip:far.example;lr>"),)
    bye = called(fields=strict).request("BYE", new_vias()())
    assert bye.uri == sip("sip:old.example")
    assert [route.uri.host for route in bye.routes] == ["far.example", "198.51.100.7"]


def test_numbers_rise_and_an_ack_has_its_invites() -> None:
    dialog, via = called(), new_vias()
    assert [dialog.request(method, via()).cseq.number for method in ("INVITE", "INFO", "UPDATE")] == [101, 102, 103]
    ack = dialog.ack(101, via(), b"v=0")
    assert (str(ack.cseq), ack.body, ack.content_type) == ("101 ACK", b"v=0", "application/sdp")


def test_what_refreshes_the_target_has_a_contact_and_a_body_its_type() -> None:
    invite = called().request("INVITE", new_vias()(), b"v=0")
    assert invite.contacts == (OURS,)
    assert invite.content_type == "application/sdp"


@pytest.mark.item("S55")
def test_their_number_must_rise() -> None:
    """Lower is 500, gaps are legal, and the same again is no new request."""
    dialog = called()
    dialog.check(request("INFO", to=INSIDE, cseq=7))
    for number, status in ((6, 500), (7, 482)):
        with pytest.raises(Refused) as refused:
            dialog.check(request("INFO", to=INSIDE, cseq=number))
        assert refused.value.status == status
    assert str(refused.value) == "482 "
    dialog.check(request("ACK", to=INSIDE, cseq=1))
    dialog.check(request("INFO", to=INSIDE, cseq=8))
    assert dialog.remote_cseq == 8


def test_the_first_request_of_the_called_may_have_any_number() -> None:
    invite = request()
    dialog = dialog_of_response(invite, answer(invite, 200))
    dialog.check(request("BYE", cseq=0))
    assert dialog.remote_cseq == 0


def test_nothing_follows_the_end() -> None:
    dialog = called()
    dialog.end()
    with pytest.raises(Refused) as refused:
        dialog.check(request("INFO", to=INSIDE, cseq=9))
    assert refused.value.status == 481
    with pytest.raises(SipError):
        dialog.request("BYE", new_vias()())
    dialog.confirm()
    assert dialog.state is DialogState.ENDED


@pytest.mark.parametrize(("method", "may"), [("PRACK", True), ("UPDATE", True), ("BYE", True), ("INFO", False)])
def test_little_may_be_asked_before_the_answer(method: str, may: bool) -> None:
    dialog = dialog_of_request(request(), "ours", OURS, 1)
    if may:
        assert dialog.request(method, new_vias()()).method == method
    else:
        with pytest.raises(SipError):
            dialog.request(method, new_vias()())
        assert dialog.local_cseq == 1


def test_an_invite_or_update_moves_the_target() -> None:
    """Section 12.2; others do not, nor does a Contact that cannot be called."""
    dialog = called()
    dialog.refresh(request("INFO", contact="<sip:alice@new.example>"))
    dialog.refresh(request("UPDATE", contact="<tel:+1>"))
    dialog.refresh(request("UPDATE", contact=""))
    assert dialog.target.host == "198.51.100.7"
    dialog.refresh(request("UPDATE", contact="<sip:alice@new.example>"))
    assert dialog.target.host == "new.example"


def test_answers_have_our_tag_and_contact() -> None:
    """One tag, whatever the answer; the Record-Routes go back."""
    invite = request(fields=ROUTES)
    dialog = dialog_of_request(invite, "ours", OURS, 1)
    ringing, ok = dialog.response(invite, 180), dialog.response(invite, 200, body=b"v=0")
    for response in (ringing, ok):
        assert (response.to.tag, response.contacts) == ("ours", (OURS,))
        assert [route.uri.host for route in response.record_routes] == ["near.example", "far.example"]
    assert (ok.content_type, ok.body, ringing.body) == ("application/sdp", b"v=0", b"")
    busy = dialog.response(invite, 486, "Busy", fields=(("Reason", "Q.850;cause=17"),))
    assert (busy.to.tag, busy.contacts, busy.reason) == ("ours", (), "Busy")
    assert busy.headers.get("Reason") == "Q.850;cause=17"
    assert dialog.response(invite, 100).to.tag == ""


@pytest.mark.parametrize("broken", ["", "<tel:+4930>", "*"])
def test_an_invite_without_a_contact_begins_nothing(broken: str) -> None:
    with pytest.raises(BadMessage):
        dialog_of_request(request(contact=broken), "ours", OURS, 1)


@pytest.mark.parametrize("broken", ["<sip:", "*", "<sip:near.example;lr>, <tel:1>"])
def test_a_way_that_nobody_can_go_begins_nothing(broken: str) -> None:
    fields = (("Record-Route", broken),)
    with pytest.raises(BadMessage):
        dialog_of_request(request(fields=fields), "ours", OURS, 1)
    assert dialog_of_response(request(), answer(request(), 200, fields=fields)).routes == ()


def test_an_answer_may_be_sloppy() -> None:
    """Better a call that goes where the first request went than none."""
    invite = request(contact="")
    response = answer(invite, 200, fields=(contact("<sip:"), ("Record-Route", "<sip:")))
    dialog = dialog_of_response(invite, response)
    assert (dialog.target, dialog.routes) == (invite.uri, ())
    assert dialog.contact == addr("<sip:alice@pbx.example>")
