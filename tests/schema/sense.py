"""What a schema cannot say: requests that are right by it are made to make sense, too, and to name what there is."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import schemathesis
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from tests.schema.stock import CARRIER, KICKED, PASSWORD, PHONES, Stock, a_wav

__all__ = ["Sense"]

AnyCase = Case[Any]

_NAMED: Final = 0.75  # of the requests name something that is there


@dataclass(frozen=True, slots=True)
class Wish:
    """A body to be changed, and what helps with that."""

    body: dict[str, Any]
    place: Mapping[str, Any]  # the parameters of the path
    stock: Stock
    chance: random.Random


class Sense:
    """Looks at each request before it is sent."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    def begin(self) -> None:
        """Look at all requests from now on."""

        def before_call(context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
            self._look(case)

        schemathesis.hook(before_call)

    def _look(self, case: AnyCase) -> None:
        name = case.operation.definition.raw.get("operationId", "")
        chance = random.Random(case.id)
        if _is_right(case, ParameterLocation.PATH):
            self._name(case, chance, name == "registrations.kick")
        if _is_right(case, ParameterLocation.QUERY):
            _QUERIES.get(name, _plain_query)(case.query)
        if _is_right(case, ParameterLocation.HEADER):
            if chance.random() < _NAMED:
                case.headers.pop("If-Match", None)
            if "Idempotency-Key" in case.headers:
                case.headers["Idempotency-Key"] = case.id
        if _is_right(case, ParameterLocation.BODY) and isinstance(case.body, dict) and name in _BODIES:
            _BODIES[name](Wish(case.body, case.path_parameters, self._stock, chance))

    def _name(self, case: AnyCase, chance: random.Random, kicks: bool) -> None:
        """Let the path name what is there; where a state machine named something it stays."""
        where = case.path.removeprefix("/api/v1")
        grown = case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL
        for parameter, value in case.path_parameters.items():
            quoted = {each: quote(str(text), safe="") for each, text in case.path_parameters.items()}
            collection = where.partition("/{" + parameter)[0].format_map(quoted)
            names = [KICKED] if kicks and parameter == "name" else self._stock.names(collection)
            if names and (value in self._stock.spared or (chance.random() < _NAMED and not grown)):
                case.path_parameters[parameter] = chance.choice(names)
            elif value in self._stock.spared:
                case.path_parameters[parameter] = "nobody"


def _is_right(case: AnyCase, place: ParameterLocation) -> bool:
    if case.meta is None:
        return True
    part = case.meta.components.get(place)
    return part is None or part.mode is GenerationMode.POSITIVE


def _plain_query(query: dict[str, Any]) -> None:
    """Take no cursor: only those that were handed out lead anywhere."""
    query.pop("cursor", None)


def _events_query(query: dict[str, Any]) -> None:
    """Ask for what is already there, which ends the wait."""
    query["types"], query["after"] = "", "evt_0_0"
    query.pop("call", None)


def _recording_query(query: dict[str, Any]) -> None:
    """Bring a key, not a link's proof."""
    query.clear()


_QUERIES: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "events.stream": _events_query,
    "recordings.content": _recording_query,
}


def _login(wish: Wish) -> None:
    if wish.chance.random() < 0.5:
        wish.body.update(user=PHONES[0], password=PASSWORD)


def _password(wish: Wish) -> None:
    """Change it to what it was."""
    wish.body["new_password"] = PASSWORD
    if wish.chance.random() < _NAMED:
        wish.body["old_password"] = PASSWORD


def _key(wish: Wish) -> None:
    wish.body["scopes"] = wish.chance.sample(["calls:read", "calls:write", "users:read", "cdr:read"], 2)
    wish.body["networks"] = wish.chance.sample(
        ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"], wish.chance.randrange(3)
    )
    wish.body.pop("expires", None)


def _user(wish: Wish) -> None:
    if "role" in wish.body:
        wish.body["role"] = wish.chance.choice(["admin", "operator", "user"])
    if wish.body.get("number"):
        wish.body["number"] = wish.stock.fresh("87")


def _new_user(wish: Wish) -> None:
    _user(wish)
    wish.body["name"] = wish.stock.fresh("guest")


def _reset(wish: Wish) -> None:
    if wish.body.get("password"):
        wish.body["password"] = "long-enough-word"


def _gateway(wish: Wish) -> None:
    """Those that reach nobody; what patterns and networks are is told in words only."""
    right = {"allow": ["192.0.2.0/24"], "rewrite": [{"match": "0(.*)", "replace": "$1"}], "codecs": ["PCMA"]}
    for member in ("allow", "rewrite", "normalise", "codecs", "contact_params", "srtp", "realm", *CARRIER):
        if member in wish.body:
            wish.body.pop(member)
            if member in right and wish.chance.random() < 0.5:
                wish.body[member] = right[member]
    wish.body.update(CARRIER if wish.chance.random() < 0.5 else {"proxy": CARRIER["proxy"]}, transport="udp", ping=0)


def _new_gateway(wish: Wish) -> None:
    _gateway(wish)
    wish.body["name"] = wish.stock.fresh("trunk")


def _route(wish: Wish) -> None:
    """Rules that no call of the run fits."""
    right = {"number": f"55{wish.chance.randrange(1000)}", "caller": "66.*", "hours": "mon-fri 09:00-17:30"}
    wish.body.update({member: text for member, text in right.items() if wish.body.get(member)})
    if "steps" in wish.body:
        wish.body["steps"] = wish.chance.sample(["answer", "playback music", "sleep 100", "hangup", "bridge $0"], 2)
    wish.body["context"] = "elsewhere"


def _explain(wish: Wish) -> None:
    if wish.body.get("user"):
        wish.body["user"] = PHONES[0]
    wish.body.pop("at", None)


def _webhook(wish: Wish) -> None:
    if "url" in wish.body:
        wish.body["url"] = "http://127.0.0.1:9999/hook"
    if wish.body.get("secret"):
        wish.body["secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    if "events" in wish.body:
        wish.body["events"] = wish.chance.sample(
            ["call.*", "config.reloaded", "gateway.changed"], wish.chance.randrange(1, 3)
        )


def _block(wish: Wish) -> None:
    wish.body["source"] = wish.chance.choice(["198.51.100.7", "2001:db8::1", "2001:db8:1::/64", "203.0.113.250"])


def _originate(wish: Wish) -> None:
    """Ring a phone of ours for a while, and do not make the run wait for what nobody answers."""
    wish.body["from"] = wish.chance.choice([*PHONES, f"{PHONES[0]},{PHONES[1]}"])
    wish.body["to"] = wish.chance.choice([None, "9196", "9198"])
    wish.body["context"] = "default"
    wish.body["ring_for"] = 2


def _bridging(wish: Wish) -> None:
    wish.body["to"] = wish.chance.choice([*PHONES, f"user/{PHONES[2]}"])
    wish.body["ring_for"] = 2


def _supervise(wish: Wish) -> None:
    wish.body["by"] = PHONES[2]


def _play(wish: Wish) -> None:
    """Do not wait: who listens has no sound yet, and would not hear the end."""
    wish.body.update(source=wish.chance.choice(["music", "tone:ringback", "silence:20"]), wait=False)


def _gather(wish: Wish) -> None:
    wish.body.update(timeout=0.1, between=0.1, tries=1, play=[], most=4, least=wish.chance.randrange(1, 5))


def _digits(wish: Wish) -> None:
    wish.body.update(digits="12", ms=40)


def _new_bridge(wish: Wish) -> None:
    calls = wish.stock.names("/calls")
    wish.body["calls"] = wish.chance.sample(calls, min(len(calls), wish.chance.randrange(1, 3))) or ["call_none"]


def _leaving(wish: Wish) -> None:
    found = (wish.stock.show("/bridges") or {"items": []})["items"]
    calls = [call for each in found if each["id"] == wish.place["bridge"] for call in each["calls"]]
    wish.body["call"] = wish.chance.choice(calls or ["call_none"])


def _member(wish: Wish) -> None:
    wish.body["call"] = wish.chance.choice(wish.stock.names("/calls") or ["call_none"])


def _sound(wish: Wish) -> None:
    wish.body.update(file=a_wav().decode("ascii"), name=wish.stock.fresh("noise"))


def _heard(wish: Wish) -> None:
    wish.body["leg"] = None


_BODIES: Final[Mapping[str, Callable[[Wish], None]]] = {
    "auth.login": _login,
    "me.password": _password,
    "keys.create": _key,
    "users.create": _new_user,
    "users.change": _user,
    "users.reset_password": _reset,
    "gateways.create": _new_gateway,
    "gateways.change": _gateway,
    "routes.create": _route,
    "routes.change": _route,
    "routes.explain": _explain,
    "webhooks.create": _webhook,
    "webhooks.change": _webhook,
    "blocks.create": _block,
    "calls.originate": _originate,
    "calls.bridge": _bridging,
    "calls.supervise": _supervise,
    "calls.play": _play,
    "calls.gather": _gather,
    "calls.dtmf": _digits,
    "calls.report_quality": _heard,
    "media.add": _sound,
    "bridges.create": _new_bridge,
    "bridges.add": _member,
    "bridges.remove": _leaving,
}
