"""Which rows of the table of calls are wanted, in SQL."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from xswitch_py.base.address import Address
from xswitch_py.base.records import CdrFilter

__all__ = ["Part", "parts", "query"]

_ANY_PARTY: Final = "(caller_number = ? OR callee_number = ? OR user_name = ? OR user = ?)"
_USERS_NUMBER: Final = "(SELECT number FROM users WHERE domain = ? AND name = ? AND number NOT IN ('', name))"


class Part(NamedTuple):
    """Some of the rows that are wanted: a condition, and the values of its question marks."""

    where: str
    values: tuple[object, ...]


def parts(filter: CdrFilter) -> Sequence[Part]:
    """Return conditions that no row meets two of; each can be met by walking down one index."""
    rest = _rest(filter)
    if filter.user is not None:
        ways = _of_user(filter.user)
        if filter.party:
            rest = _both(rest, Part(_ANY_PARTY, (filter.party,) * 4))
    elif filter.party:
        ways = _of_party(filter.party)
    else:
        ways = [Part("1", ())]
    return [_both(way, rest) for way in ways]


def query(columns: str, among: Sequence[Part], limit: int, after: tuple[float, int] | None = None) -> Part:
    """Return the query of the newest rows, or the newest that come after the one of a start and an id.

    It sorts by `started` and `id`, so these must be among the columns.
    """
    if after is not None:
        # The row value alone is right; that `started` is bounded too lets the walk begin there.
        place = Part("started <= ? AND (started, id) < (?, ?)", (after[0], *after))
        among = [_both(part, place) for part in among]
    selects = " UNION ALL ".join(f"SELECT {columns} FROM cdrs WHERE {part.where}" for part in among)
    values = (value for part in among for value in part.values)
    return Part(f"{selects} ORDER BY started DESC, id DESC LIMIT ?", (*values, limit))


def _of_party(party: str) -> list[Part]:
    """Return the calls from or to a number, and those placed by a user: `1001` or `1001@example.org`."""
    name, at, _ = party.partition("@")
    own = Part("user_name = ? AND user = ?", (name, party)) if at else Part("user_name = ?", (party,))
    return [
        Part("caller_number = ?", (party,)),
        Part("callee_number = ? AND caller_number <> ?", (party, party)),
        _both(own, Part("caller_number <> ? AND callee_number <> ?", (party, party))),
    ]


def _of_user(user: Address) -> list[Part]:
    """Return the calls a user placed, those that reached them, and those to their name or number that reached nobody.

    A caller's number is not asked: from outside it is whatever they claim. And what was dialled on a call that left
    by a gateway is a number of other people.
    """
    own, not_own = str(user), "reached IS NULL AND direction <> 'outbound' AND user IS NOT ?"
    return [
        Part("user_name = ? AND user = ?", (user.user, own)),
        Part("reached = ? AND user IS NOT ?", (own, own)),
        Part(f"callee_number = ? AND {not_own}", (user.user, own)),
        Part(f"callee_number = {_USERS_NUMBER} AND {not_own}", (user.domain, user.user, own)),
    ]


def _rest(filter: CdrFilter) -> Part:
    """Return what every row must meet."""
    wishes: list[tuple[str, object]] = []
    if filter.since is not None:
        wishes.append(("started >= ?", filter.since))
    if filter.until is not None:
        wishes.append(("started < ?", filter.until))
    if filter.cause is not None:
        wishes.append(("cause = ?", filter.cause))
    if filter.direction:
        wishes.append(("direction = ?", filter.direction))
    if filter.min_billsec > 0:
        wishes.append(("ended - answered >= ?", filter.min_billsec))
    return Part(" AND ".join(wish[0] for wish in wishes) or "1", tuple(wish[1] for wish in wishes))


def _both(one: Part, other: Part) -> Part:
    return Part(f"{one.where} AND {other.where}", one.values + other.values)
