"""Calls that we place with SIP peers: forks, failures, other ways, and that nothing stays."""

from dataclasses import replace

import pytest

from tests.core.world import Peer, answers
from tests.endpoints.sip.door_world import PLAIN, Phone, Talk, World, account, eventually, kinds, together, world
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallEnded
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Offer
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact
from xswitch_py.pysip.auth import Challenge

RELIABLE = (("Require", "100rel"),)


async def ringing(made: World) -> tuple[Talk, Talk]:
    """A call from 1000 that rings at 1001."""
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    return call, await callee.rings()


async def cause(made: World) -> Cause:
    """Why the one call ended."""
    await made.quiet()
    made.bus.close()
    (found,) = [event.cause async for event in made.events if isinstance(event, CallEnded)]
    return found


# Forks.


@pytest.mark.item("S61")
async def test_of_two_that_answer_the_first_wins_and_the_other_gets_ack_and_bye() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        for tag in ("a", "b", "c"):
            rung.says(180, tag=tag)
        rung.says(183, PLAIN, tag="c")
        assert (await call.phone.next(183)).body
        rung.says(200, PLAIN, tag="b")
        rung.says(200, PLAIN, tag="a")
        acks = [await rung.phone.next("ACK"), await rung.phone.next("ACK")]
        assert [ack.to.tag for ack in acks] == ["b", "a"]
        bye = await rung.phone.next("BYE")
        assert bye.to.tag == "a"
        assert len({acks[0].vias[0].branch, acks[1].vias[0].branch, rung.invite.vias[0].branch}) == 3
        await call.answered()
        await eventually(lambda: len(made.media.bridges) == 1)
        await call.bye()
        assert (await rung.phone.next("BYE")).to.tag == "b"
        await made.empty()


@pytest.mark.item("S61")
async def test_each_fork_may_ask_before_anybody_answers() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        rung.rings()
        rung.says(180, tag="other")
        await call.phone.next(180)
        assert (await rung.asked("UPDATE")).status == 200
        assert rung.dialog is not None
        rung.dialog.id = replace(rung.dialog.id, local_tag="stranger")
        rung.dialog.local = rung.dialog.local.with_tag("stranger")
        assert (await rung.asked("UPDATE")).status == 481
        rung.dialog.local = rung.dialog.local.with_tag("other")
        assert (await rung.asked("UPDATE")).status == 200


@pytest.mark.item("S61")
async def test_the_media_of_the_latest_fork_is_heard() -> None:
    async with world() as made:
        _, rung = await ringing(made)
        for port, tag in (("4002", "a"), ("4004", "b")):
            rung.says(183, PLAIN.replace("4000", port), tag=tag)
        heard = [track.sdps for track in made.media.tracks.values()]
        await eventually(lambda: any(len(sdps) == 2 and "4004" in sdps[-1] for sdps in heard))


@pytest.mark.item("S61")
async def test_a_2xx_that_is_repeated_gets_its_ack_again() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        await rung.answers()
        await call.answered()
        rung.says(200, PLAIN)
        rung.says(200, PLAIN)
        await eventually(lambda: rung.phone.repeats == 2)
        assert not rung.phone.waiting("BYE")


@pytest.mark.item("S60")
@pytest.mark.parametrize("tag", ["", "other"])
async def test_an_answer_after_our_cancel_gets_ack_and_bye(tag: str) -> None:
    async with world() as made:
        call, rung = await ringing(made)
        rung.phone.auto.pop("CANCEL")
        rung.rings()
        await call.phone.next(180)
        call.cancels()
        rung.phone.answers(await rung.phone.next("CANCEL"), 200)
        rung.says(200, PLAIN, tag=tag)
        await rung.phone.next("ACK")
        bye = await rung.phone.next("BYE")
        assert bye.headers.get("Reason") == 'SIP;cause=487;text="ORIGINATOR_CANCEL"'
        await made.empty()


@pytest.mark.item("S31")
@pytest.mark.item("S60")
async def test_a_cancel_waits_until_the_phone_has_said_something() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        call.cancels()
        assert (await call.phone.final("INVITE")).status == 487
        assert not rung.phone.waiting("CANCEL")
        rung.rings()
        await rung.phone.next("CANCEL")
        await made.quiet()


@pytest.mark.item("S60")
async def test_a_phone_that_says_nothing_leaves_nothing_when_the_caller_gives_up() -> None:
    async with world() as made:
        call, _ = await ringing(made)
        call.cancels()
        assert (await call.phone.final("INVITE")).status == 487
        await made.empty()


# Reliable provisional answers.


@pytest.mark.item("S62")
async def test_reliable_progress_is_acknowledged_in_its_order() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        rung.says(180, fields=(*RELIABLE, ("RSeq", "10")))
        prack = await rung.phone.next("PRACK")
        assert prack.headers.get("RAck") == f"10 {rung.invite.cseq.number} INVITE"
        assert prack.cseq.number == rung.invite.cseq.number + 1
        assert (prack.to.tag, prack.body) == (rung.tag, b"")
        rung.says(180, fields=(*RELIABLE, ("RSeq", "12")))  # out of turn
        rung.says(180, fields=(*RELIABLE, ("RSeq", "10")))  # again
        rung.says(183, PLAIN, (*RELIABLE, ("RSeq", "11")))
        assert (await rung.phone.next("PRACK")).headers.get("RAck") == f"11 {rung.invite.cseq.number} INVITE"
        assert (await call.phone.next(183)).body
        assert not rung.phone.waiting("PRACK")
        await rung.answers("")  # the SDP was in the 183
        await call.answered()
        await call.bye()
        await made.quiet()


@pytest.mark.item("S62")
async def test_our_invite_knows_what_we_know() -> None:
    async with world() as made:
        _, rung = await ringing(made)
        assert {"100rel", "timer", "replaces"} <= rung.invite.tokens("Supported")
        assert {"UPDATE", "PRACK", "REFER"} <= rung.invite.tokens("Allow")
        assert "Require" not in rung.invite.headers
        assert rung.invite.headers.get("Session-Expires") == "1800;refresher=uac"


# Refusals.


@pytest.mark.item("S63")
@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
async def test_a_redirection_is_not_followed(status: int) -> None:
    async with world() as made:
        call, rung = await ringing(made)
        other = made.phone("1002")
        rung.phone.contact = other.contact
        rung.says(status, fields=(("Contact", str(other.contact)),))
        response = await call.phone.final("INVITE")
        assert response.status == 480
        assert response.headers.get("Reason") == 'Q.850;cause=23;text="REDIRECTION_TO_NEW_DESTINATION"'
        assert other.seen == []
        assert "Contact" not in response.headers
        await made.quiet()


@pytest.mark.item("S35")
@pytest.mark.item("S90")
@pytest.mark.parametrize(
    ("status", "reason", "told", "why"),
    [
        (486, "", 486, "USER_BUSY"),
        (404, "", 404, "UNALLOCATED_NUMBER"),
        (480, "Q.850;cause=19", 480, "NO_ANSWER"),
        (480, "Q.850;cause=21", 603, "CALL_REJECTED"),
        (503, "", 503, "NORMAL_TEMPORARY_FAILURE"),
        (401, "", 603, "CALL_REJECTED"),
        (603, 'SIP;cause=603;text="DECLINE"', 603, "DECLINE"),
    ],
)
async def test_a_refusal_reaches_the_caller_with_its_cause(status: int, reason: str, told: int, why: str) -> None:
    async with world() as made:
        call, rung = await ringing(made)
        rung.says(status, fields=(("Reason", reason),) if reason else ())
        response = await call.phone.final("INVITE")
        assert response.status == told
        assert f'text="{why}"' in (response.headers.get("Reason") or "")
        assert await cause(made) is Cause[why]


@pytest.mark.item("S60")
async def test_a_phone_that_does_not_answer_at_all_fails_the_call() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        response = await call.phone.final("INVITE")
        assert response.status == 504
        assert rung.phone.repeats > 3
        await made.quiet()


async def test_a_phone_that_rings_for_too_long_is_cancelled_and_the_caller_told() -> None:
    async with world(ring_timeout=0.2) as made:
        call, rung = await ringing(made)
        rung.rings()
        response = await call.phone.final("INVITE")
        assert (response.status, response.headers.get("Reason")) == (480, 'Q.850;cause=19;text="NO_ANSWER"')
        assert (await rung.phone.next("CANCEL")).headers.get("Reason") == 'Q.850;cause=19;text="NO_ANSWER"'
        await made.quiet()


@pytest.mark.item("S60")
@pytest.mark.parametrize("sdp", ["bad", ""])
async def test_an_answer_that_cannot_be_used_ends_both_sides(sdp: str) -> None:
    async with world() as made:
        made.media.codec = lambda leg: ""  # nothing was agreed before
        call, rung = await ringing(made)
        await rung.answers(sdp)
        assert (await rung.phone.next("BYE")).headers.get("Reason") == 'Q.850;cause=88;text="INCOMPATIBLE_DESTINATION"'
        assert (await call.phone.final("INVITE")).status == 488
        await made.quiet()


@pytest.mark.item("S81")
async def test_a_session_that_is_too_short_for_the_phone_is_made_longer_once() -> None:
    async with world() as made:
        _, rung = await ringing(made)
        rung.says(422, fields=(("Min-SE", "3600"),))
        again = await rung.phone.rings()
        assert (again.invite.headers.get("Session-Expires"), again.invite.headers.get("Min-SE")) == (
            "3600;refresher=uac",
            "3600",
        )
        assert again.invite.cseq.number == rung.invite.cseq.number + 1
        assert (again.invite.call_id, again.invite.from_.tag) == (rung.invite.call_id, rung.invite.from_.tag)
        again.says(422, fields=(("Min-SE", "3600"),))
        await made.quiet()


# The end.


@pytest.mark.item("S90")
@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("", 'Q.850;cause=16;text="NORMAL_CLEARING"'),
        ("Q.850;cause=31", 'Q.850;cause=31;text="NORMAL_UNSPECIFIED"'),
        ('SIP;cause=480;text="MEDIA_TIMEOUT"', 'Q.850;cause=31;text="MEDIA_TIMEOUT"'),
        ("nonsense", 'Q.850;cause=16;text="NORMAL_CLEARING"'),
    ],
)
async def test_why_one_side_left_is_told_the_other(said: str, written: str) -> None:
    for side in (0, 1):
        async with world() as made:
            ends = await made.joined()
            leaves, stays = ends[side], ends[1 - side]
            await leaves.bye((("Reason", said),) if said else ())
            assert (await stays.phone.next("BYE")).headers.get("Reason") == written
            await made.quiet()


@pytest.mark.item("S60")
async def test_both_may_hang_up_at_once() -> None:
    async with world() as made:
        call, rung = await made.joined()
        call.asks("BYE")
        rung.asks("BYE")
        assert {(await talk.phone.final("BYE")).status for talk in (call, rung)} <= {200, 481}
        await made.quiet()


@pytest.mark.item("S21")
@pytest.mark.item("S60")
@pytest.mark.parametrize("gone", [{"caller"}, {"callee"}, {"caller", "callee"}])
async def test_a_connection_that_breaks_while_it_rings_ends_the_call(gone: set[str]) -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001", transport="WS")
        await caller.calls("1001")
        (await callee.rings()).rings()
        await caller.next(180)
        for phone in [phone for phone, name in ((caller, "caller"), (callee, "callee")) if name in gone]:
            phone.hangs()
        if "caller" not in gone:
            assert (await caller.final("INVITE")).status in (480, 502)
        if "callee" not in gone:
            await callee.next("CANCEL")
        await made.quiet()


@pytest.mark.item("S29")
async def test_a_phone_of_old_that_has_no_tags_is_served() -> None:
    async with world() as made:
        call, rung = await ringing(made)
        rung.phone.answers(rung.invite, 180)
        await call.phone.next(180)
        rung.phone.answers(rung.invite, 200, PLAIN)
        assert (await rung.phone.next("ACK")).to.tag == ""
        await call.answered()
        await call.bye()
        await rung.phone.next("BYE")
        await made.quiet()


# Several places.


@pytest.mark.item("S52")
async def test_what_is_preferred_alike_rings_at_once_and_the_rest_later() -> None:
    async with world() as made:
        (caller,) = await made.registered("1000")
        phones = [made.phone("1001") for _ in range(3)]
        for phone, q in zip(phones, ("0.5", "0.9", "0.5"), strict=True):
            phone.contact = replace(phone.contact, params={"q": q})
            await phone.register()
        call = await caller.calls("1001")
        first = await phones[1].rings()
        first.rings()
        await caller.next(180)
        assert not phones[0].waiting("INVITE") + phones[2].waiting("INVITE")
        first.says(486)
        second, third = await together(phones[0].rings(), phones[2].rings())
        third.rings()
        await third.answers()
        await call.answered()
        second.rings()
        cancel = await phones[0].next("CANCEL")
        assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
        await call.bye()
        await made.quiet()


class OtherDoor:
    """Another door, such as Verto's: its peers answer when they are told to."""

    name = "other"

    def __init__(self, made: World) -> None:
        self.made, self.scene = made, list[str]()
        self.peer = Peer("web", self.scene)

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """See `Endpoint`."""
        self.peer.leg = self.made.switch.new_leg(LegId("web"), self.peer, offer)
        return self.peer.leg

    def drop(self, contact: Contact) -> bool:
        """See `Endpoint`."""
        return False

    def deliver(self, to: Contact, message: Message) -> bool:
        """See `Endpoint`."""
        return False


@pytest.mark.item("S53")
@pytest.mark.parametrize("winner", ["phone", "web"])
async def test_phone_and_web_page_ring_together_and_the_loser_hears_of_it(winner: str) -> None:
    async with world() as made:
        other = made.doors["other"] = OtherDoor(made)
        made.registry.add(Contact(Address("1001", "pbx.test"), "other", "web"))
        call, rung = await ringing(made)
        rung.rings()
        await eventually(lambda: any("web < invite" in line for line in other.scene))
        if winner == "phone":
            await rung.answers()
        else:
            assert other.peer.leg is not None
            await answers(other.peer.leg)
            cancel = await rung.phone.next("CANCEL")
            assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
        await call.answered()
        assert ("web < bye LOSE_RACE" in other.scene) == (winner == "phone")
        await call.bye()
        await made.quiet()


# Carriers.


async def carriers(made: World, monkeypatch: pytest.MonkeyPatch, **values: object) -> tuple[Phone, Phone, Phone]:
    """A caller and two gateways, tried in their order."""
    (caller,) = await made.registered("1000")
    one, two = made.phone("one"), made.phone("two")
    await made.gateways(account("one", one, **values), account("two", two, **values))
    monkeypatch.setattr(made.sip.gateways, "order", list)
    return caller, one, two


@pytest.mark.item("S98")
@pytest.mark.parametrize("dialled", ["914711", "924711"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_gateway_that_fails_leaves_the_call_to_the_next(
    dialled: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world() as made:
        caller, one, two = await carriers(made, monkeypatch)
        call = await caller.calls(dialled)
        first = await one.rings()
        first.says(status, fields=(("Retry-After", "60"),))
        second = await two.rings()
        assert second.invite.call_id != first.invite.call_id
        assert second.invite.uri.host == two.remote[0]
        second.rings()
        await caller.next(180)
        await second.answers()
        await call.answered()
        await call.bye()
        assert (await two.next("BYE")).call_id == second.invite.call_id
        await made.quiet()


@pytest.mark.item("S98")
@pytest.mark.parametrize("dialled", ["914711"])
@pytest.mark.parametrize("status", [302, 403, 404, 480, 484, 486, 488, 600, 603, 604])
async def test_what_a_gateway_says_of_who_is_called_is_final(
    dialled: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world() as made:
        caller, one, two = await carriers(made, monkeypatch)
        call = await caller.calls(dialled)
        (await one.rings()).says(status)
        assert (await call.phone.final("INVITE")).status >= 400
        assert two.seen == []
        await made.quiet()


@pytest.mark.item("S98")
@pytest.mark.item("S97")
async def test_a_gateway_that_is_silent_or_gone_leaves_the_call_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for gone in (False, True):
        async with world() as made:
            caller, one, two = await carriers(made, monkeypatch, timeout=0.3)
            if gone:
                one.alive = False
            call = await caller.calls("914711")
            second = await two.rings()
            second.rings()
            await caller.next(180)
            assert gone or kinds(one.seen) == ["INVITE"]
            call.cancels()
            await two.next("CANCEL")
            await made.quiet()


@pytest.mark.item("S98")
async def test_the_media_of_the_next_gateway_takes_the_place_of_what_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as made:
        caller, one, two = await carriers(made, monkeypatch)
        call = await caller.calls("914711")
        first = await one.rings()
        first.says(183, PLAIN)
        early = await caller.next(183)
        first.says(503)
        second = await two.rings()
        later = PLAIN.replace("4000", "4008")
        second.says(183, later)
        await eventually(lambda: any(track.sdps[-1:] == [later] for track in made.media.tracks.values()))
        await second.answers(later)
        assert (await call.answered()).body == early.body
        await call.bye()
        await made.quiet()


@pytest.mark.item("S98")
async def test_a_caller_who_gave_up_is_not_offered_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as made:
        caller, one, two = await carriers(made, monkeypatch)
        call = await caller.calls("914711")
        first = await one.rings()
        one.auto.pop("CANCEL")
        first.rings()
        await caller.next(180)
        call.cancels()
        one.answers(await one.next("CANCEL"), 200)
        first.says(503)
        await caller.final("INVITE")
        await made.quiet()
        assert two.seen == []


@pytest.mark.item("S44")
async def test_the_challenge_of_a_carrier_is_answered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Challenge("carrier.test", "abc", "MD5")
    async with world() as made:
        caller, one, two = await carriers(made, monkeypatch, username="acct", password="secret")
        call = await caller.calls("914711")
        first = await one.rings()
        first.says(407, fields=(("Proxy-Authenticate", str(asked)),))
        again = await one.rings()
        assert 'username="acct"' in (again.invite.headers.get("Proxy-Authorization") or "")
        assert again.invite.cseq.number == first.invite.cseq.number + 1
        assert (again.invite.call_id, again.invite.to.tag) == (first.invite.call_id, "")
        again.says(407, fields=(("Proxy-Authenticate", str(asked)),))
        assert (await call.phone.final("INVITE")).status == 603
        assert two.seen == []
        await made.quiet()


@pytest.mark.item("S98")
async def test_a_call_that_went_on_is_with_the_gateway_that_took_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only one of them may be told, or asked, follows it."""
    async with world() as made:
        (caller,) = await made.registered("1000")
        one, two = made.phone("one"), made.phone("two")
        await made.gateways(account("one", one, trusted=True), account("two", two))
        monkeypatch.setattr(made.sip.gateways, "order", list)
        call = await caller.calls("914711")
        first = await one.rings()
        assert "P-Asserted-Identity" in first.invite.headers
        first.says(503)
        second = await two.rings()
        assert "P-Asserted-Identity" not in second.invite.headers
        await second.answers(fields=(("P-Asserted-Identity", '"Forged" <sip:110@two.test>'),))
        await call.answered()
        await eventually(lambda: bool(made.media.bridges))
        (line,) = [line for line in made.sip.house.lines if line.gateway]
        assert (line.gateway, line.trusted, line.leg.party.number) == ("two", False, "4711")
