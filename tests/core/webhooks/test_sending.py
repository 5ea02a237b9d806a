"""One attempt to tell something, to servers that mean no good."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network

import pytest

from tests.core.webhooks.receiver import OK, Receiver, Told, receiving, status
from xswitch_py.core.webhooks import sending
from xswitch_py.core.webhooks.sending import Outcome, Sender
from xswitch_py.listen import certificate

LOOPBACK = (ip_network("127.0.0.1/32"),)
BODY = b'{"a":1}'


class Names:
    """A name server: the answers to each question in their order, the last one again and again."""

    def __init__(self, *answers: str) -> None:
        self.answers = [each.split() for each in answers]
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender(LOOPBACK, agent="xswitch/1", patience=1.0)
    yield made
    await made.close()


async def test_the_body_arrives_as_it_is_with_the_headers(sender: Sender) -> None:
    async with receiving(Receiver()) as receiver:
        assert await sender.send(f"{receiver.url}?a=b", {"webhook-id": "msg_1"}, BODY) == Outcome(204)
        (told,) = receiver.told
        assert (told.path, told.body, told.id) == ("/hook?a=b", BODY, "msg_1")
        assert told.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert told.headers["content-type"] == "application/json"
        assert told.headers["user-agent"] == "xswitch/1"
        assert "cookie" not in told.headers


@pytest.mark.parametrize("code", [200, 201, 204, 299])
async def test_any_2xx_is_delivered(sender: Sender, code: int) -> None:
    async with receiving(Receiver(status(code))) as receiver:
        assert (await sender.send(receiver.url, {}, BODY)).delivered


@pytest.mark.parametrize("code", [300, 400, 401, 410, 429, 500, 503])
async def test_nothing_else_is(sender: Sender, code: int) -> None:
    async with receiving(Receiver(status(code))) as receiver:
        outcome = await sender.send(receiver.url, {}, BODY)
        assert (outcome.delivered, outcome.code) == (False, code)


async def test_a_redirect_is_not_followed(sender: Sender) -> None:
    async with receiving(Receiver()) as trap:
        async with receiving(Receiver(status(302, f"Location: {trap.url}"))) as receiver:
            assert await sender.send(receiver.url, {}, BODY) == Outcome(302)
            assert await sender.send(receiver.url, {}, BODY) == Outcome(302)
        assert trap.connections == 0


async def test_cookies_are_not_kept(sender: Sender) -> None:
    async with receiving(Receiver(status(200, "Set-Cookie: a=b; Path=/"))) as receiver:
        for _ in range(2):
            await sender.send(receiver.url, {}, BODY)
        assert "cookie" not in receiver.told[1].headers


async def test_a_connection_is_used_again(sender: Sender) -> None:
    async with receiving(Receiver()) as receiver:
        for _ in range(3):
            assert (await sender.send(receiver.url, {}, BODY)).delivered
        assert receiver.connections == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "no answer in time"),
        (b"", "no answer in time"),
        (b"HTTP/1.1 200", "no answer in time"),
        (b"nonsense\r\n\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "the answer is no HTTP"),
    ],
)
async def test_a_server_that_does_not_answer_well_ends_the_attempt(answer: bytes | None, error: str) -> None:
    sender = Sender(LOOPBACK, patience=0.3)
    async with receiving(Receiver(answer)) as receiver:
        assert await sender.send(receiver.url, {}, BODY) == Outcome(error=error)
    await sender.close()


async def test_an_answer_without_end_is_read_only_so_far(sender: Sender) -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1_000_000
    async with receiving(Receiver(endless)) as receiver:
        began = time.monotonic()
        assert (await sender.send(receiver.url, {}, BODY)).delivered
        assert time.monotonic() - began < 0.9


async def test_an_answer_whose_body_never_comes_is_one_all_the_same() -> None:
    sender = Sender(LOOPBACK, patience=0.2)
    async with receiving(Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")) as receiver:
        assert await sender.send(receiver.url, {}, BODY) == Outcome(200)
    await sender.close()


async def test_a_server_that_is_not_there_is_said_so(sender: Sender) -> None:
    async with receiving(Receiver()) as receiver:
        url = receiver.url
    assert await sender.send(url, {}, BODY) == Outcome(error="the connection was refused")


async def test_a_host_that_is_not_there_is_said_so() -> None:
    sender = Sender()
    for host in ("no-such-host.invalid", "a" * 70 + ".invalid"):
        assert (await sender.send(f"https://{host}/", {}, BODY)).error in ("there is no such host", "this is no URL")
    await sender.close()


@pytest.mark.parametrize("found", ["127.0.0.1", "10.0.0.1 ::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1%lo"])
async def test_a_name_that_leads_inside_is_not_connected_to(found: str) -> None:
    sender = Sender(resolve=Names(found))
    async with receiving(Receiver()) as receiver:
        outcome = await sender.send(f"https://hooks.example:{receiver.port}/", {}, BODY)
        assert outcome == Outcome(error="this address is not allowed")
        assert receiver.connections == 0
    await sender.close()


async def test_a_name_that_leads_elsewhere_the_second_time_gets_no_further() -> None:
    names = Names("127.0.0.2", "127.0.0.1")  # the first stands for a public one
    sender = Sender((ip_network("127.0.0.2/32"),), resolve=names)
    async with receiving(Receiver()) as receiver:
        url = f"https://hooks.example:{receiver.port}/"
        assert (await sender.send(url, {}, BODY)).error == "the connection was refused"
        assert len(names.asked) == 1  # what was looked at is what was connected to
        assert (await sender.send(url, {}, BODY)).error == "this address is not allowed"
        assert receiver.connections == 0
    await sender.close()


async def test_plain_http_goes_only_where_the_operator_allows() -> None:
    sender = Sender(LOOPBACK, resolve=Names("8.8.8.8"), patience=0.3)
    assert (await sender.send("http://hooks.example/", {}, BODY)).error == "this address is not allowed"
    await sender.close()


async def test_the_next_address_of_a_name_is_tried() -> None:
    sender = Sender((ip_network("127.0.0.0/8"),), resolve=Names("127.0.0.9 127.0.0.1"))
    async with receiving(Receiver()) as receiver:
        assert (await sender.send(f"http://hooks.example:{receiver.port}/", {}, BODY)).delivered
        assert receiver.told[0].headers["host"] == f"hooks.example:{receiver.port}"
    await sender.close()


def trusting(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca)


async def test_tls_is_checked_against_the_name_and_not_the_address() -> None:
    server, ca = certificate.temporary_context("hooks.example")
    sender = Sender(LOOPBACK, resolve=Names("127.0.0.1"), tls=trusting(ca))
    async with receiving(Receiver(), server) as receiver:
        assert (await sender.send(f"https://hooks.example:{receiver.port}/", {}, BODY)).delivered
        wrong = await sender.send(f"https://other.example:{receiver.port}/", {}, BODY)
        assert wrong == Outcome(error="the certificate is not trusted")  # also where a connection is open
        assert len(receiver.told) == 1
    await sender.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    server, _ = certificate.temporary_context("hooks.example")
    sender = Sender(LOOPBACK, resolve=Names("127.0.0.1"))
    async with receiving(Receiver(), server) as receiver:
        outcome = await sender.send(f"https://hooks.example:{receiver.port}/", {}, BODY)
        assert outcome == Outcome(error="the certificate is not trusted")
    await sender.close()


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving(Receiver()) as proxy, receiving(Receiver()) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        sender = Sender(LOOPBACK)
        assert (await sender.send(receiver.url, {}, BODY)).delivered
        assert proxy.connections == 0
        await sender.close()


async def test_many_at_once_do_not_mix() -> None:
    sender = Sender(LOOPBACK, agent="xswitch/1")  # as patient as in earnest: fifty take their time

    def echo(told: Told) -> bytes:
        return OK if told.id == f"msg_{told.body.decode()}" else status(500)

    async with receiving(Receiver(echo)) as receiver:
        sent = [sender.send(receiver.url, {"webhook-id": f"msg_{one}"}, str(one).encode()) for one in range(50)]
        assert all(outcome.delivered for outcome in await asyncio.gather(*sent))
    await sender.close()


async def test_connections_are_kept_to_so_many_servers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PLACES", 2)
    sender = Sender(LOOPBACK, resolve=Names("127.0.0.1"))
    async with receiving(Receiver()) as receiver:
        for host in ("one.example", "two.example", "three.example", "one.example"):
            assert (await sender.send(f"http://{host}:{receiver.port}/", {}, BODY)).delivered
        assert len(sender._kept) == 2
        assert receiver.connections == 4
    await sender.close()
