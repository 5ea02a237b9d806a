"""A program that keeps changing things over REST, and knows exactly what it was told to be done."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import httpx

__all__ = ["KINDS", "Kind", "Ledger"]

Json = dict[str, Any]
State = dict[str, str]  # a thing's name -> what was said of it last; in the order of the list

_FEW: Final = 10  # things of a kind; with more than that one is removed
_OURS: Final = "made-"
_BREATH: Final = 0.005  # seconds between two changes: phones of the same process want to be heard, too


@dataclass(frozen=True, slots=True)
class Kind:
    """Things of one kind: where they are, and how a name and a value are said and read."""

    path: str
    make: Callable[[str, str], Json]
    change: Callable[[str], Json] | None
    read: Callable[[Json], tuple[str, str]]
    moves: bool = False


class Ledger:
    """What there must be of one kind; of the change that was under way when the switch died it may be either."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.state: State = {}
        self.wanted: State | None = None  # what there will be once the answer is there
        self.secrets: dict[str, str] = {}
        self.answers = 0
        self._ids: dict[str, str] = {}  # what the switch calls them
        self._numbers = count(1)

    async def write(self, api: httpx.AsyncClient) -> None:
        """Change things one after the other, until the switch is gone."""
        try:
            while True:
                for step in self._round(api):
                    await step
                    await asyncio.sleep(_BREATH)
        except httpx.TransportError:
            return

    async def check(self, api: httpx.AsyncClient) -> None:
        """Find what there must be, no more and no less, in its order."""
        found = await self._found(api)
        states = [state for state in (self.state, self.wanted) if state is not None]
        assert list(found.items()) in [_listed(state, self.kind.moves) for state in states], (found, states)
        self.state, self.wanted = found, None

    def _round(self, api: httpx.AsyncClient) -> Iterable[Any]:
        """Make two things, change one and let one go."""
        for _ in range(2):
            yield self._make(api, f"{_OURS}{next(self._numbers)}")
        name, value = next(reversed(self.state)), str(1024 + next(self._numbers))
        if self.kind.change is not None:
            body = self.kind.change(value)
            yield self._do(api, "PATCH", self._place(name), body, self.state | {name: value})
        if self.kind.moves:
            order = {name: self.state[name], **self.state}
            yield self._do(api, "POST", f"{self._place(name)}/move", {"position": 1}, order)
        if len(self.state) > _FEW:
            name, *rest = self.state
            yield self._do(api, "DELETE", self._place(name), None, {each: self.state[each] for each in rest})

    async def _make(self, api: httpx.AsyncClient, name: str) -> None:
        value = str(1024 + next(self._numbers))
        made = await self._do(api, "POST", self.kind.path, self.kind.make(name, value), self.state | {name: value})
        self._ids[name] = made.get("id", name)
        self.secrets[name] = made.get("secret", "")

    async def _do(self, api: httpx.AsyncClient, method: str, path: str, body: Json | None, after: State) -> Json:
        self.wanted = after
        answer = await api.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, (method, path, answer.text)
        self.state, self.wanted = after, None
        self.answers += 1
        return dict(answer.json()) if answer.content else {}

    async def _found(self, api: httpx.AsyncClient) -> State:
        answer = await api.get(f"/api/v1{self.kind.path}", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        pairs = [(*self.kind.read(item), item) for item in answer.json()["items"]]
        ours = [pair for pair in pairs if pair[0].startswith(_OURS)]
        self._ids = {name: item.get("id", name) for name, _, item in ours}
        return dict(sorted(((name, value) for name, value, _ in ours), key=_order(self.kind.moves)))

    def _place(self, name: str) -> str:
        return f"{self.kind.path}/{self._ids[name]}"


def _listed(state: State, ordered: bool) -> list[tuple[str, str]]:
    return sorted(state.items(), key=_order(ordered))


def _order(given: bool) -> Callable[[tuple[str, str]], int]:
    """Sort as they were made, or leave the order that is given."""
    return lambda pair: 0 if given else int(pair[0].removeprefix(_OURS))


KINDS: Final = (
    Kind(
        "/users",
        lambda name, value: {"name": name, "display_name": value},
        lambda value: {"display_name": value},
        lambda item: (item["name"], item["display_name"]),
    ),
    Kind(
        "/routes",
        lambda name, value: {"name": name, "number": value, "steps": ["hangup"]},
        lambda value: {"number": value},
        lambda item: (item["name"], item["number"]),
        moves=True,
    ),
    Kind(
        "/gateways",
        lambda name, value: {"name": name, "proxy": f"127.0.0.1:{value}"},
        lambda value: {"proxy": f"127.0.0.1:{value}"},
        lambda item: (item["name"], item["proxy"].rpartition(":")[2]),
    ),
    Kind(
        "/api-keys",
        lambda name, value: {"name": f"{name}:{value}", "scopes": ["status:read"]},
        None,
        lambda item: item["name"].partition(":")[::2],
    ),
    Kind(
        "/webhooks",
        lambda name, value: {"url": f"https://example.org/{value}", "description": name, "enabled": False},
        lambda value: {"url": f"https://example.org/{value}"},
        lambda item: (item["description"], item["url"].rpartition("/")[2]),
    ),
)
"""All that is kept because a program said so."""
