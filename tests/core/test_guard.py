"""Who is kept out, for how long, and who never is."""

from ipaddress import ip_network

import pytest

from xswitch_py.core.guard import SCANNERS, Delays, Guard, Limits, Offence

HERE, THERE = ("192.0.2.1", "1000"), ("192.0.2.2", "1000")
HOST, OTHER = "192.0.2.1", "192.0.2.2"
BAN, DAY = 300.0, 86_400.0


def offend(guard: Guard, offence: Offence, times: int, now: float = 0.0, host: str = HOST, **more: bool) -> list[str]:
    """Offend once for each of so many users; give the lines of the bans that follow."""
    bans = [guard.failed(offence, host, now, f"user{number}", **more) for number in range(times)]
    return [ban.line for ban in bans if ban is not None]


@pytest.mark.item("S101")
def test_an_office_that_comes_back_passes_and_a_flood_is_thinned_without_a_ban() -> None:
    guard = Guard()
    assert sum(guard.admits(HOST, 100.0) for _ in range(600)) == 500
    assert guard.admits(OTHER, 100.0)
    assert sum(guard.admits(HOST, 100.5) for _ in range(600)) == 50
    assert guard.bans(100.5) == ()
    assert sum(guard.admits(HOST, 200.0) for _ in range(600)) == 500


@pytest.mark.item("S101")
@pytest.mark.parametrize(
    ("offence", "most", "window", "reason"),
    [
        (Offence.DIGEST, 10, 300.0, "digest"),
        (Offence.MALFORMED, 20, 60.0, "malformed"),
        (Offence.STRANGER, 5, 60.0, "unknown-user"),
        (Offence.LOGIN, 100, 600.0, "login"),
    ],
)
def test_so_many_offences_in_their_window_are_a_ban(offence: Offence, most: int, window: float, reason: str) -> None:
    guard = Guard()
    assert offend(guard, offence, most - 1, 0.0) == []
    assert offend(guard, offence, most - 1, window) == []  # the first ones are over
    assert guard.admits(HOST, window)
    ban = guard.failed(offence, HOST, window, "one more")
    assert ban is not None and ban.line == f"sip-guard ban ip=192.0.2.1 reason={reason} count={most}"
    assert not guard.admits(HOST, window)


@pytest.mark.item("S101")
def test_a_stranger_counts_once_for_each_name() -> None:
    guard = Guard()
    assert [guard.failed(Offence.STRANGER, HOST, 0.0, "nobody") for _ in range(50)] == [None] * 50
    assert offend(guard, Offence.STRANGER, 4) == ["sip-guard ban ip=192.0.2.1 reason=unknown-user count=5"]


@pytest.mark.item("S101")
def test_a_ban_lasts_five_minutes_and_then_twice_as_long_up_to_a_day() -> None:
    guard, now, lasted = Guard(), 0.0, []
    for _ in range(12):
        offend(guard, Offence.DIGEST, 10, now)
        (ban,) = guard.bans(now)
        assert not guard.admits(HOST, now) and not guard.admits(HOST, ban.until - 0.1)
        assert guard.admits(HOST, ban.until) and guard.bans(ban.until) == ()
        lasted.append(ban.until - ban.since)
        now = ban.until
    assert lasted == [300.0 * 2**turn for turn in range(9)] + [DAY] * 3
    offend(guard, Offence.DIGEST, 10, now + DAY)
    assert guard.bans(now + DAY)[0].until == now + DAY + BAN  # a day of peace is enough


@pytest.mark.item("S101")
def test_a_right_digest_forgives_what_came_before_it() -> None:
    guard = Guard()
    for _ in range(5):
        assert offend(guard, Offence.DIGEST, 9) == []
        guard.passed(HOST, "user1")
    while guard.admits(HOST, 0.0):
        pass
    guard.passed(HOST, "user1")
    assert guard.admits(HOST, 0.0)


@pytest.mark.item("S101")
def test_logins_with_the_password_itself_are_not_forgiven_by_another_users() -> None:
    """X6: who has one account may not try all others."""
    guard = Guard()
    for number in range(99):
        assert guard.failed(Offence.LOGIN, HOST, 0.0, f"user{number}") is None
        guard.passed(HOST, "mine")
    assert guard.failed(Offence.LOGIN, HOST, 0.0, "user99") is not None


@pytest.mark.item("S101")
def test_a_network_of_ipv6_is_one_source_and_a_mapped_address_is_that_of_ipv4() -> None:
    guard = Guard()
    for number in range(10):
        guard.failed(Offence.DIGEST, f"2001:db8:1:2::{number:x}", 0.0, "a")
    assert [ban.line for ban in guard.bans(0.0)] == ["sip-guard ban ip=2001:db8:1:2::/64 reason=digest count=10"]
    assert not guard.admits("2001:db8:1:2:ffff::1", 1.0) and guard.admits("2001:db8:1:3::1", 1.0)
    offend(guard, Offence.DIGEST, 10)
    assert not guard.admits(f"::ffff:{HOST}", 1.0)


@pytest.mark.item("S101")
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.9"])
def test_who_is_allowed_by_name_is_never_kept_out(host: str) -> None:
    guard = Guard(Limits(allowed=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))))
    for offence in Offence:
        assert offend(guard, offence, 200, host=host) == []
    assert all(guard.admits(host, 0.0) for _ in range(1000))
    assert not guard.refuses(host, "user1", 0.0)
    assert offend(guard, Offence.DIGEST, 10, host="203.0.113.1") != []


@pytest.mark.item("S101")
def test_where_somebody_lives_nobody_gets_a_ban_by_forging_the_address() -> None:
    guard = Guard()
    guard.settled(HOST, "1001", until=1000.0)
    guard.settled(HOST, "1001", until=900.0)  # another phone, for less long
    for offence in Offence:
        assert offend(guard, offence, 200, 10.0, forgeable=True) == []
    for _ in range(20):
        guard.failed(Offence.DIGEST, HOST, 20.0, "1001", forgeable=True)
    assert not guard.refuses(HOST, "1001", 20.0)  # nor must wait who lives there
    assert offend(guard, Offence.DIGEST, 10, 20.0) != []  # a connection proves its address


@pytest.mark.item("S101")
def test_who_lived_somewhere_once_is_a_stranger_again() -> None:
    guard = Guard()
    guard.settled(HOST, "1001", until=1000.0)
    assert offend(guard, Offence.DIGEST, 10, 1000.0, forgeable=True) != []


@pytest.mark.item("S101")
def test_whoever_lives_beside_somebody_may_not_guess_his_password() -> None:
    guard = Guard()
    guard.settled(HOST, "1001", until=1000.0)
    for _ in range(6):
        guard.failed(Offence.DIGEST, HOST, 0.0, "1002", forgeable=True)
    assert guard.refuses(HOST, "1002", 0.5)


@pytest.mark.item("S101")
@pytest.mark.item("S110")
@pytest.mark.parametrize(
    ("host", "named"), [(HOST, HOST), ("2001:db8::7", "2001:db8::7"), ("2001:db8::7", "2001:db8::/64")]
)
def test_a_ban_can_be_taken_back(host: str, named: str) -> None:
    guard = Guard()
    for _ in range(10):
        guard.failed(Offence.DIGEST, host, 0.0, "a")
    assert guard.refuses(host, "a", 1.0)
    assert guard.unban(named, 1.0)
    assert guard.admits(host, 1.0) and not guard.refuses(host, "a", 1.0) and guard.bans(1.0) == ()
    assert not guard.unban(named, 1.0)
    for _ in range(10):
        guard.failed(Offence.DIGEST, host, 2.0, "a")
    assert guard.bans(2.0)[0].until == 2.0 + BAN  # as if it had never been


@pytest.mark.item("S101")
@pytest.mark.parametrize("name", SCANNERS)
def test_programs_that_look_for_switches_are_known(name: str) -> None:
    assert Guard().is_scanner(f"{name.upper()}/1.8")
    assert not Guard(Limits(scanners=())).is_scanner(name)
    assert not Guard().is_scanner("") and not Guard().is_scanner(f"My {name}")


@pytest.mark.item("S101")
def test_a_site_has_its_own_list_of_scanners() -> None:
    guard = Guard(Limits(scanners=("BadPhone",)))
    assert guard.is_scanner("badphone 2") and not guard.is_scanner("sipvicious")


@pytest.mark.item("S101")
def test_memory_is_bounded_and_a_flood_of_addresses_does_not_wash_a_ban_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "KNOWN", 50)
    guard = Guard()
    offend(guard, Offence.DIGEST, 10)
    for number in range(500):
        address = f"10.0.{number // 250}.{number % 250}"
        guard.admits(address, 1.0)
        guard.failed(Offence.DIGEST, address, 1.0, "x" * 10_000)
        guard.settled(address, "1001", 1000.0)
    assert len(guard._sources) == 50 and len(guard._settled) == 100
    assert not guard.admits(HOST, 1.0)
    assert max(len(part) for who in guard._delays._guessers for part in who) <= 64
    for number in range(500):
        offend(guard, Offence.DIGEST, 10, 1.0, f"10.0.{number // 250}.{number % 250}")
    assert len(guard.bans(1.0)) == 50


@pytest.mark.item("S101")
def test_an_address_that_a_proxy_made_up_is_counted_as_it_is_written() -> None:
    guard = Guard(Limits(allowed=(ip_network("10.0.0.0/8"),)))
    for host in ("unknown", "a:b", ""):
        assert guard.admits(host, 0.0)
        assert offend(guard, Offence.DIGEST, 10, host=host) == [f"sip-guard ban ip={host} reason=digest count=10"]


def test_a_few_failures_cost_nothing_and_each_further_one_twice_as_much_up_to_a_minute() -> None:
    """V15."""
    guard, now, waits = Delays(), 100.0, []
    for _ in range(15):
        guard.failed(HERE, now)
        wait = next(wait for wait in (0, 1, 2, 4, 8, 16, 32, 60) if not guard.refuses(HERE, now + wait))
        waits.append(wait)
        now += wait
    assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32] + [60] * 4
    assert not guard.refuses(THERE, now)


def test_somebody_may_keep_an_address_out_for_as_long_as_they_say() -> None:
    guard = Guard(Limits(allowed=(ip_network("192.0.2.0/24"),)))
    ban = guard.block(HOST, 60.0, "noise", 100.0)
    assert (ban.source, ban.reason, ban.count, ban.since, ban.until) == (HOST, "noise", 0, 100.0, 160.0)
    assert not guard.admits(HOST, 159.0) and guard.refuses(HOST, "1000", 159.0)
    assert guard.admits(OTHER, 159.0)
    assert guard.admits(HOST, 160.0)


def test_a_block_takes_the_place_of_the_ban_there_was_and_can_be_taken_back() -> None:
    guard = Guard()
    guard.block("2001:db8:1:2::3", 60.0, "one", 0.0)
    guard.block("2001:db8:1:2::/64", 10.0, "two", 1.0)
    assert [(ban.source, ban.reason, ban.until) for ban in guard.bans(1.0)] == [("2001:db8:1:2::/64", "two", 11.0)]
    assert not guard.admits("2001:db8:1:2::4", 1.0)
    assert guard.unban("2001:db8:1:2::5", 2.0)
    assert guard.admits("2001:db8:1:2::4", 2.0)


def test_only_so_many_blocks_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "KNOWN", 3)
    guard = Guard()
    for number in range(5):
        guard.block(f"192.0.2.{number}", 60.0, "", 0.0)
    assert [ban.source for ban in guard.bans(0.0)] == ["192.0.2.2", "192.0.2.3", "192.0.2.4"]


def test_who_gets_it_right_starts_anew() -> None:
    guard = Delays()
    for _ in range(6):
        guard.failed(HERE, 0.0)
    assert guard.refuses(HERE, 0.5)
    guard.passed(HERE)
    guard.failed(HERE, 0.5)
    assert not guard.refuses(HERE, 0.5)


def test_only_so_many_guessers_are_remembered_and_the_longest_quiet_is_forgotten() -> None:
    """X2, X6: a flood from many addresses takes bounded memory."""
    guard = Delays()
    for _ in range(6):
        guard.failed(HERE, 0.0)
    for number in range(Delays.KNOWN - 1):
        guard.failed((str(number), "1000"), 0.0)
    assert guard.refuses(HERE, 0.5)
    guard.failed(("one more", "1000"), 0.0)
    assert not guard.refuses(HERE, 0.5)
