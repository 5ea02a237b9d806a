"""What is looked at before it matters who asks, and in which order (sip.md 6)."""

import pytest

from tests.endpoints.sip.door_world import DOMAIN, PLAIN, WEBRTC, Phone, world
from xswitch_py.endpoints.sip.abilities import METHODS
from xswitch_py.pysip.headers import parse_address
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.usage import Fields

INSIDE = ("BYE", "INFO", "NOTIFY", "PRACK", "UPDATE")


async def refused(phone: Phone, request: Request) -> Response:
    """The answer to a request that nobody has proven."""
    response = await phone.final(request.method)
    assert response.to.tag
    assert not phone.world.sip.house.lines
    return response


@pytest.mark.item("S34")
@pytest.mark.parametrize(
    ("fields", "more", "status", "answer"),
    [
        ((), {"uri": "http:x"}, 416, {}),
        ((), {"max_forwards": 0}, 483, {}),
        ((("Require", "timer, nosuch, other"),), {}, 420, {"Unsupported": "nosuch, other"}),
        ((("Proxy-Require", "sec-agree"),), {}, 420, {"Unsupported": "sec-agree"}),
        ((), {"content_type": "text/plain"}, 415, {"Accept": "application/sdp"}),
        ((("Content-Encoding", "gzip"),), {}, 415, {"Accept-Encoding": "identity"}),
        ((("Accept", "text/plain, audio/*"),), {}, 406, {}),
        ((), {"routes": (parse_address("<sip:elsewhere.test;lr>"),)}, 403, {}),
    ],
)
async def test_an_invite_that_is_not_in_order_is_refused_before_the_challenge(
    fields: Fields, more: dict[str, object], status: int, answer: dict[str, str]
) -> None:
    async with world() as made:
        phone = made.phone()
        for to in ("1001", "4711"):  # who exists, and who does not
            response = await refused(phone, phone.asks("INVITE", to, fields, PLAIN, **more))  # type: ignore[arg-type]
            assert response.status == status
            assert {name: ", ".join(response.headers.all(name)) for name in answer} == answer


@pytest.mark.item("S34")
@pytest.mark.parametrize(
    "fields",
    [
        (("Require", "100REL, timer, replaces, norefersub, path, outbound"),),
        (("Accept", "application/sdp;level=1, text/plain"),),
        (("Accept", "*/*"),),
        (("Supported", "nosuch"),),
    ],
)
async def test_an_invite_that_is_in_order_is_challenged(fields: Fields) -> None:
    async with world() as made:
        phone = made.phone()
        for to in ("1001", "4711"):
            assert (await refused(phone, phone.asks("INVITE", to, fields, PLAIN))).status == 407


@pytest.mark.item("S34")
async def test_checks_come_in_their_order() -> None:
    """Each request has every fault from its own on; the first of them is answered."""
    require, typed = ("Require", "nosuch"), {"content_type": "text/plain"}
    foreign = (parse_address("<sip:elsewhere.test;lr>"),)
    async with world() as made:
        phone = made.phone()
        for status, request in (
            (416, phone.asks("INVITE", "1001", (require,), "x", uri="http:x", max_forwards=0, **typed)),  # type: ignore[arg-type]
            (483, phone.asks("INVITE", "1001", (require,), "x", max_forwards=0, routes=foreign, **typed)),  # type: ignore[arg-type]
            (501, phone.asks("NOSUCH", "1001", (require,))),
            (405, phone.asks("PUBLISH", "1001", (require,))),
            (420, phone.asks("INVITE", "1001", (require,), "x", routes=foreign, **typed)),  # type: ignore[arg-type]
            (415, phone.asks("INVITE", "1001", (("Accept", "a/b"),), "x", routes=foreign, **typed)),  # type: ignore[arg-type]
            (406, phone.asks("INVITE", "1001", (("Accept", "a/b"),), PLAIN, routes=foreign)),
            (403, phone.asks("INVITE", "1001", (), PLAIN, routes=foreign)),
        ):
            assert (await refused(phone, request)).status == status


@pytest.mark.item("S1")
@pytest.mark.parametrize(("method", "status"), [("PUBLISH", 405), ("NOSUCH", 501), ("invite", 501)])
async def test_methods_that_are_not_served_are_refused_with_those_that_are(method: str, status: int) -> None:
    async with world() as made:
        phone = made.phone()
        response = await refused(phone, phone.asks(method, "1001"))
        assert response.status == status
        assert response.tokens("Allow") == set(METHODS)


@pytest.mark.item("S1")
async def test_each_method_of_allow_is_served() -> None:
    async with world() as made:
        phone = made.phone()
        for method in sorted({*METHODS} - {"ACK", "CANCEL"}):
            response = await refused(phone, phone.asks(method, "1001"))
            assert response.status == (481 if method in INSIDE else {"REGISTER": 401, "REFER": 403}.get(method, 407))


@pytest.mark.item("S34")
async def test_what_belongs_to_a_dialog_that_is_not_there_is_481_whatever_else_is_wrong() -> None:
    async with world() as made:
        phone = made.phone()
        for method in ("INVITE", "SUBSCRIBE", *INSIDE):
            request = phone.asks(method, "1001", (("Require", "nosuch"),))
            assert (await refused(phone, request)).status in (481, 407, 420)
            request.headers.set("To", f"<sip:1001@{DOMAIN}>;tag=gone")
            request.headers.set("Via", str(phone.via()))
            phone.says(request)
            assert (await refused(phone, request)).status == 481


@pytest.mark.item("S26")
async def test_options_to_the_server_is_answered_and_to_a_user_challenged() -> None:
    async with world() as made:
        phone = made.phone()
        phone.asks("OPTIONS", "", uri=f"sip:{DOMAIN}", max_forwards=0)
        answer = await phone.final("OPTIONS")
        assert answer.status == 200
        assert answer.tokens("Allow") == set(METHODS)
        assert answer.headers.get("Accept") == "application/sdp"
        for to in ("1001", "4711"):
            assert (await refused(phone, phone.asks("OPTIONS", to))).status == 407


@pytest.mark.item("S37")
async def test_each_request_outside_of_calls_is_challenged_and_ack_and_cancel_are_not() -> None:
    async with world() as made:
        phone = made.phone()
        for method, status, name in (
            ("REGISTER", 401, "WWW-Authenticate"),
            ("INVITE", 407, "Proxy-Authenticate"),
            ("MESSAGE", 407, "Proxy-Authenticate"),
            ("SUBSCRIBE", 407, "Proxy-Authenticate"),
            ("OPTIONS", 407, "Proxy-Authenticate"),
        ):
            response = await refused(phone, phone.asks(method, "1001"))
            assert response.status == status
            assert [value.split()[0] for value in response.headers.lines(name)] == ["Digest"]
        phone.asks("CANCEL", "1001")
        assert (await phone.final("CANCEL")).status == 481
        before = len(phone.seen)
        phone.asks("ACK", "1001")
        phone.asks("OPTIONS", "")
        await phone.final("OPTIONS")
        assert len(phone.seen) == before + 1


@pytest.mark.item("S102")
async def test_users_that_exist_are_not_told_from_those_that_do_not() -> None:
    """Before the digest every answer is the same but for what it repeats; a wrong password is no different either."""
    async with world() as made:
        one, other = made.phone("1000"), made.phone("4711")
        for method in ("INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "REGISTER"):
            answers = []
            for phone in (one, other):
                phone.login.password = "wrong"
                asked = phone.asks(method, phone.user)
                first = await phone.final(method)
                phone.login.challenged(first)
                for name, value in phone.login.fields(method, str(asked.uri)):
                    asked.headers.set(name, value)
                phone.login.accepted()
                asked.headers.set("Via", str(phone.via()))
                asked.headers.set("CSeq", f"2 {method}")
                phone.says(asked)
                answers.append((first, await phone.final(method)))
            (known, wrong), (unknown, nobody) = answers
            assert (
                known.status
                == wrong.status
                == unknown.status
                == nobody.status
                == (401 if method == "REGISTER" else 407)
            )
            assert {*known.headers.by_name()} == {*wrong.headers.by_name()} == {*unknown.headers.by_name()}
            assert {*wrong.headers.by_name()} == {*nobody.headers.by_name()}
            assert known.reason == wrong.reason == unknown.reason == nobody.reason


@pytest.mark.item("S106")
@pytest.mark.parametrize("uri", ["sip:1001@elsewhere.test", "sip:1001@203.0.113.9:5060", "sips:110@carrier.test"])
async def test_a_call_to_another_host_goes_nowhere(uri: str) -> None:
    async with world() as made:
        (phone, callee) = await made.registered("1000", "1001")
        response = await phone.asked("INVITE", "1001", (), PLAIN, uri=uri)
        assert response.status == 404
        assert not callee.waiting("INVITE")
        await made.quiet()


@pytest.mark.item("S106")
@pytest.mark.parametrize(
    "uri", [f"sip:1001@{DOMAIN.upper()}", "sip:1001@192.0.2.1", "sip:1001@192.0.2.1:5060", "tel:1001"]
)
async def test_our_own_names_and_routes_to_us_are_taken(uri: str) -> None:
    async with world() as made:
        (phone, callee) = await made.registered("1000", "1001")
        ours = (parse_address("<sip:192.0.2.1:5060;lr>"), parse_address(f"<sip:{DOMAIN};lr>"))
        await phone.calls("1001", uri=uri, routes=ours)
        rung = await callee.rings()
        assert rung.invite.routes == ()


@pytest.mark.item("S72")
@pytest.mark.parametrize("sdp", [PLAIN, WEBRTC])
async def test_a_body_that_no_media_can_use_is_refused_with_its_cause(sdp: str) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        response = await phone.asked("INVITE", "9196", (), sdp + "bad")
        assert response.status == 488
        assert response.headers.get("Reason") == 'Q.850;cause=88;text="INCOMPATIBLE_DESTINATION"'
        await made.quiet()
