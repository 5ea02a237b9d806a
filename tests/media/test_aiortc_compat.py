"""What aiortc and aioice keep private and we rely on: each test says which upgrade would break us, and how."""

import asyncio
import inspect
from collections.abc import Callable
from importlib.metadata import version

import pytest
from aioice import Candidate, Connection, stun
from aioice.ice import CandidatePair, StunProtocol
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, rtcdtlstransport

from tests.media.peer import until
from xswitch_py.media.aiortc_compat import (
    Address,
    Certificate,
    DtlsPath,
    DtlsTransport,
    IceAgent,
    IceSocket,
    Transactions,
    handshake,
    parse_stun,
)

ADDRESS = ("127.0.0.1", 4444)
PEER = ("127.0.0.1", 5555)


class Socket:
    """A socket that only remembers."""

    def __init__(self, address: Address = ADDRESS) -> None:
        self.address = address
        self.transactions: Transactions = {}
        self.sent: list[tuple[bytes, Address]] = []

    def send(self, data: bytes, to: Address) -> None:
        """Remember."""
        self.sent.append((data, to))


def agent(sock: Socket, *, controlling: bool = False, log: list[object] | None = None) -> IceAgent:
    events = [] if log is None else log

    def paired(where: IceSocket, address: Address) -> None:
        events.append(address)

    return IceAgent([sock], controlling=controlling, paired=paired, lost=lambda: events.append("lost"))


def check(of: IceAgent, *, key: str = "", nominate: bool = False, role: str = "ICE-CONTROLLING") -> stun.Message:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes |= {"USERNAME": f"{of.local_username}:peer", "PRIORITY": 1, role: 2**63}
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity((key or of.local_password).encode())
    read = parse_stun(bytes(message))
    assert read is not None
    return read


def answer(sock: Socket, pwd: str, controlled: IceAgent, address: Address = PEER) -> None:
    """Answer the last check that the agent sent."""
    asked = parse_stun(sock.sent[-1][0])
    assert asked is not None and asked.message_class is stun.Class.REQUEST
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, asked.transaction_id)
    response.attributes["XOR-MAPPED-ADDRESS"] = ADDRESS
    response.add_message_integrity(pwd.encode())
    read = parse_stun(bytes(response))
    assert read is not None
    sock.transactions[asked.transaction_id].response_received(read, address)


@pytest.mark.parametrize(("package", "minor"), [("aiortc", "1.16"), ("aioice", "0.13")])
def test_the_versions_are_those_that_were_looked_into(package: str, minor: str) -> None:
    assert version(package).startswith(minor + "."), f"{package} has changed: go through media/aiortc_compat.py"


@pytest.mark.parametrize(
    "name",
    [
        "_check_list",
        "_nominated",
        "_protocols",
        "_local_candidates",
        "_local_candidates_start",
        "_local_candidates_end",
    ],
)
def test_an_ice_connection_has_what_the_agent_sets_or_reads(name: str) -> None:
    assert hasattr(Connection(ice_controlling=False), name), f"aioice.Connection.{name} is gone"


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (Connection, "check_complete", ["self", "pair"]),
        (Connection, "switch_role", ["self", "ice_controlling"]),
        (Connection, "request_received", ["self", "message", "addr", "protocol"]),
        (Connection, "close", ["self"]),
        (StunProtocol, "connection_made", ["self", "transport"]),
        (StunProtocol, "connection_lost", ["self", "exc"]),
        (Candidate, "can_pair_with", ["self", "other"]),
        (stun.Transaction, "response_received", ["self", "message", "addr"]),
        (RTCDtlsTransport, "_set_role", ["self", "role"]),
        (RTCCertificate, "_create_ssl_context", ["self", "srtp_profiles"]),
    ],
)
def test_what_is_called_or_overridden_takes_what_it_took(owner: type, name: str, parameters: list[str]) -> None:
    method = getattr(owner, name, None)
    assert method is not None, f"{owner.__name__}.{name} is gone"
    assert list(inspect.signature(method).parameters) == parameters, f"{owner.__name__}.{name} takes other arguments"


async def test_an_agent_needs_no_gathering_and_its_protocols_share_one_table_of_transactions() -> None:
    sock = Socket()
    one = agent(sock)
    assert [candidate.host for candidate in one.local_candidates] == ["127.0.0.1"]
    protocol = one._protocols[0]
    assert protocol.transactions is sock.transactions, "StunProtocol.transactions is not what it answers from any more"
    assert len(one.local_username) >= 8 and len(one.local_password) >= 22
    await one.close()


async def test_a_nominating_check_is_answered_at_once_and_its_pair_is_told() -> None:
    log: list[object] = []
    sock = Socket()
    one = agent(sock, log=log)
    running = asyncio.create_task(one.run("peer", "p" * 22, []))
    assert one.check(check(one, nominate=True), PEER, sock)
    reply = parse_stun(sock.sent[0][0])
    assert reply is not None and reply.message_class is stun.Class.RESPONSE
    await until(lambda: len(sock.sent) > 1)
    answer(sock, "p" * 22, one)
    await until(lambda: log == [PEER])
    await running
    other = ("127.0.0.1", 6666)
    assert one.check(check(one, nominate=True), other, sock)
    await until(lambda: sock.sent[-1][1] == other and len(sock.transactions) == 1)
    answer(sock, "p" * 22, one, other)
    await until(lambda: log == [PEER, other])
    await one.close()
    assert log[-1] == "lost"


@pytest.mark.parametrize("key", ["wrong-password-of-22-chars", ""])
async def test_a_check_that_is_not_genuine_is_not_even_answered(key: str) -> None:
    """X13: name of another peer, or wrong key."""
    sock = Socket()
    one = agent(sock)
    one.remote_username = "peer" if key else "another"
    assert not one.check(check(one, key=key), PEER, sock)
    assert not sock.sent
    await one.close()


async def test_a_check_without_integrity_or_priority_is_not_answered() -> None:
    sock = Socket()
    one = agent(sock)
    bare = check(one)
    del bare.attributes["PRIORITY"]
    assert not one.check(bare, PEER, sock)
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes |= {"USERNAME": f"{one.local_username}:peer", "PRIORITY": 1}
    assert not one.check(unsigned, PEER, sock)
    assert not sock.sent
    await one.close()


async def test_roles_are_switched_a_few_times_at_most() -> None:
    """X13: a role conflict that never ends."""
    sock = Socket()
    one = agent(sock)
    answered = 0
    for n in range(20):
        role = "ICE-CONTROLLING" if one.ice_controlling else "ICE-CONTROLLED"
        message = check(one, role=role)
        message.attributes[role] = 0 if role == "ICE-CONTROLLED" else 2**64 - 1
        answered += one.check(message, ("127.0.0.1", 5000 + n), sock)
    assert 0 < answered < 20
    await one.close()


async def test_an_agent_remembers_a_bounded_number_of_addresses() -> None:
    sock = Socket()
    one = agent(sock)
    running = asyncio.create_task(one.run("peer", "p" * 22, []))
    await asyncio.sleep(0)
    taken = sum(one.check(check(one), ("127.0.0.1", 1024 + n), sock) for n in range(300))
    assert taken == 100
    await one.close()
    with pytest.raises(ConnectionError):
        await running


async def test_loopback_is_paired_with_loopback_only() -> None:
    one = agent(Socket())
    here = one.local_candidates[0]
    for host, fits in (("127.0.0.9", True), ("192.0.2.1", False), ("::1", False), ("x.local", False)):
        assert here.can_pair_with(Candidate("f", 1, "udp", 1, host, 1, "host")) is fits
    await one.close()


def test_a_pair_knows_its_protocol_and_where_it_leads() -> None:
    assert {"protocol", "remote_candidate"} <= set(inspect.signature(CandidatePair).parameters)
    assert hasattr(CandidatePair, "remote_addr"), "aioice.ice.CandidatePair.remote_addr is gone"


HEAD = b"\0\1\0\4\x21\x12\xa4\x42" + bytes(12)


@pytest.mark.parametrize("data", [b"", b"\0" * 20, HEAD + b"\0\x24\0\0", HEAD + b"\0\6\0\1\xff\0\0\0", HEAD])
def test_what_is_not_stun_is_nothing(data: bytes) -> None:
    """A short PRIORITY, a user name that is no UTF-8: aioice lets other errors out than `ValueError`."""
    assert parse_stun(data) is None


def test_the_tls_context_is_made_once() -> None:
    certificate = Certificate.generateCertificate()
    profiles = [rtcdtlstransport.SRTP_AEAD_AES_128_GCM]
    assert certificate._create_ssl_context(profiles) is certificate._create_ssl_context(profiles)
    assert len(certificate.sha256().split(":")) == 32


class Pair:
    """Two DTLS ends over paths of ours."""

    def __init__(self) -> None:
        self.certificates = Certificate.generateCertificate(), Certificate.generateCertificate()
        self.paths = DtlsPath(lambda data: self.deliver(1, data)), DtlsPath(lambda data: self.deliver(0, data))
        self.client = DtlsTransport(self.paths[0], self.certificates[0], client=True)
        self.server = DtlsTransport(self.paths[1], self.certificates[1], client=False)
        self.carried = 0
        self.before: Callable[[int, bytes], None] = lambda to, data: None

    def deliver(self, to: int, data: bytes) -> None:
        """Carry a datagram."""
        self.carried += 1
        self.before(to, data)
        self.paths[to].feed(data)

    async def shake(self) -> None:
        """Agree on keys."""
        client, server = (certificate.sha256() for certificate in self.certificates)
        await asyncio.gather(
            handshake(self.client, [("sha-256", server.lower())]), handshake(self.server, [("SHA-256", client)])
        )

    async def stop(self) -> None:
        """End both."""
        await self.client.stop()
        await self.server.stop()


async def test_dtls_runs_over_a_path_of_ours_and_prefers_gcm_128() -> None:
    pair = Pair()
    await pair.shake()
    assert pair.client._ssl is not None
    name = pair.client._ssl.get_selected_srtp_profile()
    assert name == b"SRTP_AEAD_AES_128_GCM", "the order of RTCDtlsTransport._srtp_profiles does not count any more"
    packet = b"\x80\x00" + bytes(10) + b"sound"
    received, sent = pair.server.sessions[0], pair.client.sessions[1]
    assert pair.server.suite == pair.client.suite == "ECDHE-ECDSA-AES128-GCM-SHA256 SRTP_AEAD_AES_128_GCM"
    assert received.unprotect(sent.protect(packet)) == packet
    await pair.stop()


async def test_alerts_and_nonsense_do_not_end_a_handshake_nor_what_follows_it() -> None:
    """X14."""
    pair = Pair()

    alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"

    def disturb(to: int, data: bytes) -> None:
        for junk in (alert, b"\x16" + bytes(30), b"\x17\xfe\xfd" + bytes(40), b"\x14"):
            pair.paths[to].feed(junk)

    pair.before = disturb
    await pair.shake()
    disturb(0, b"")
    disturb(1, b"")
    hello = b"\x16\xfe\xff" + bytes(8) + b"\x00\x10\x01" + bytes(15)
    pair.paths[1].feed(hello)
    await until(pair.paths[1]._queue.empty)
    assert pair.client.state == pair.server.state == "connected"
    await pair.stop()


async def test_another_certificate_is_refused() -> None:
    pair = Pair()
    wrong = RTCDtlsParameters([RTCDtlsFingerprint("sha-256", "00:11")])
    results = await asyncio.gather(
        handshake(pair.client, [("sha-256", "00:11")]), pair.server.start(wrong), return_exceptions=True
    )
    assert isinstance(results[0], ConnectionError)
    await pair.stop()


async def test_a_path_keeps_a_bounded_number_of_datagrams() -> None:
    path = DtlsPath(lambda data: None)
    assert sum(path.feed(b"\x16" + bytes(30)) for _ in range(1000)) == 64
    path.close()
    with pytest.raises(ConnectionError):
        for _ in range(100):
            await path._recv()
