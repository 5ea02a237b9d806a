"""One offer at a time, and a fair way out when both offer at once (RFC 3264, RFC 3261 section 14)."""

import pytest

from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.offers import (
    NEXT,
    Consequence,
    Negotiation,
    OfferEvent,
    OfferState,
    after_refusal,
    glare_wait,
)
from xswitch_py.pysip.usage import Refused


@pytest.mark.item("S64")
@pytest.mark.parametrize("state", OfferState)
@pytest.mark.parametrize("event", OfferEvent)
def test_offers_follow_their_table(state: OfferState, event: OfferEvent) -> None:
    negotiation = Negotiation(state)
    if (state, event) in NEXT:
        negotiation.receive(event)
        assert negotiation.state is NEXT[state, event]
    else:
        with pytest.raises(SipError) as wrong:
            negotiation.receive(event)
        assert isinstance(wrong.value, Refused) == (event is OfferEvent.THEY_OFFER)
        assert negotiation.state is state


@pytest.mark.item("S64")
def test_an_offer_that_meets_ours_is_491() -> None:
    negotiation = Negotiation()
    negotiation.receive(OfferEvent.WE_OFFER)
    with pytest.raises(Refused) as refused:
        negotiation.receive(OfferEvent.THEY_OFFER)
    assert (refused.value.status, refused.value.fields) == (491, ())


@pytest.mark.item("S64")
@pytest.mark.parametrize(("chance", "seconds"), [(0.0, "0"), (0.5, "5"), (0.999, "10")])
def test_an_offer_that_meets_their_own_is_500(chance: float, seconds: str) -> None:
    negotiation = Negotiation()
    negotiation.receive(OfferEvent.THEY_OFFER)
    with pytest.raises(Refused) as refused:
        negotiation.receive(OfferEvent.THEY_OFFER, chance)
    assert (refused.value.status, refused.value.fields) == (500, (("Retry-After", seconds),))


@pytest.mark.item("S64")
def test_one_invite_at_a_time() -> None:
    """With or without offers."""
    negotiation = Negotiation()
    negotiation.we_invite()
    with pytest.raises(Refused) as refused:
        negotiation.they_invite()
    assert refused.value.status == 491
    with pytest.raises(SipError):
        negotiation.we_invite()
    negotiation.settled()
    negotiation.they_invite()
    with pytest.raises(Refused) as again:
        negotiation.they_invite()
    assert again.value.status == 500
    with pytest.raises(SipError):
        negotiation.we_invite()


@pytest.mark.item("S64")
def test_an_invite_waits_for_an_offer_made_otherwise() -> None:
    """Such as that of an UPDATE."""
    negotiation = Negotiation()
    negotiation.receive(OfferEvent.WE_OFFER)
    with pytest.raises(Refused) as refused:
        negotiation.they_invite()
    assert refused.value.status == 491
    with pytest.raises(SipError):
        negotiation.we_invite()


@pytest.mark.item("S65")
def test_who_made_the_call_id_waits_longer() -> None:
    """2.1 to 4 s against 0 to 2 s, in steps of 10 ms."""
    assert [glare_wait(True, chance) for chance in (0.0, 0.9999999)] == [2.1, 4.0]
    assert [glare_wait(False, chance) for chance in (0.0, 0.9999999)] == [0.0, 2.0]
    waits = {glare_wait(own, step / 1000) for own in (True, False) for step in range(1000)}
    assert len(waits) == 191 + 201
    assert all(wait == round(wait, 2) for wait in waits)


@pytest.mark.item("S66")
@pytest.mark.parametrize(
    ("status", "consequence"),
    [
        (488, Consequence.KEEP),
        (500, Consequence.KEEP),
        (408, Consequence.END),
        (481, Consequence.END),
        (491, Consequence.RETRY),
    ],
)
def test_what_a_refusal_means(status: int, consequence: Consequence) -> None:
    assert after_refusal(status) is consequence
