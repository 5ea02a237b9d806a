"""One run of schemathesis against a demo: all its checks, all its phases, by one key."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import schemathesis
from schemathesis.core.result import Ok
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.schema.sense import Sense
from tests.schema.stock import PASSWORD, PHONES, Phones, Stock

__all__ = ["KEYS", "Reached", "Report", "run"]

KEYS: Final = ("admin", "user", "none")
_FAIR: Final = ["2xx", "3xx", "4xx", "502"]  # 502: the call failed, as calls do
_REFUSED: Final = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "416", "422", "428", "429"]
_ACCEPTED: Final = ["2xx", "3xx", "401", "403", "404", "409", "412", "416", "429", "502"]
# What is no request of JSON-RPC is refused in the words of JSON-RPC, with the status 200.
_RPC: Final = {"include-operation-id": "rpc", "checks": {"negative_data_rejection": {"enabled": False}}}
# Of what was seen before each thing is removed but once; `Sense` has more.
_REMOVALS: Final = {
    "include-method": "DELETE",
    "phases": {"fuzzing": {"extra-data-sources": {"responses": False}}},
}


@dataclass
class Reached:
    """What an operation answered."""

    examples: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def good(self) -> int:
        """How often it was done."""
        return sum(count for status, count in self.statuses.items() if status < 300)


@dataclass
class Report:
    """What came of a run: operations by their labels, and the faults that were found."""

    key: str
    operations: dict[str, Reached] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def missing(self) -> list[str]:
        """What was not reached, or what the administrator never got done."""
        return [
            label
            for label, each in self.operations.items()
            if not each.statuses or (self.key == "admin" and not each.good)
        ]

    def lines(self) -> Iterator[str]:
        """Write it for people."""
        for label, each in sorted(self.operations.items(), key=lambda pair: pair[0].split()[::-1]):
            said = " ".join(f"{status}:{count}" for status, count in sorted(each.statuses.items()))
            yield f"{self.key:5} {each.examples:5} {label:58} {said}"
        for (label, title), text in self.faults.items():
            yield f"\n{label}: {title}\n{text}"
        if self.missing:
            yield f"\n{self.key}: not reached, or never done: {', '.join(self.missing)}"
        done = sum(each.examples for each in self.operations.values())
        yield (
            f"{self.key}: {len(self.operations)} operations, {done} examples, {len(self.faults)} faults, "
            f"{self.seconds:.0f} s"
        )


def run(facts: Mapping[str, Any], key: str, examples: int, *, seed: int | None = None, thorough: bool = True) -> Report:
    """Ask a demo that runs; `facts` are what it says of itself."""
    base = f"{facts['http']}/api/v1"
    report, start = Report(key), time.monotonic()
    with contextlib.ExitStack() as stack:
        stack.enter_context(Phones(facts["ws"]))
        stock = stack.enter_context(Stock(base, facts["api_key"]))
        secret, name = _key(base, facts, key)
        stock.spared.add(name)
        stack.callback(schemathesis.hooks.unregister_all)
        Sense(stock).begin()
        schema = schemathesis.openapi.from_url(
            f"{facts['http']}/openapi.json", config=_config(secret, examples, seed, thorough)
        )
        for found in schema.get_all_operations():
            if isinstance(found, Ok):
                report.operations[found.ok().label] = Reached()
            else:
                report.faults["the schema", "cannot be used"] = str(found.err())
        for event in from_schema(schema).execute():
            _note(report, event)
        if secret and not _lives(base, secret):
            report.faults["the run", "lost its key"] = "what came after that proves nothing"
    report.seconds = time.monotonic() - start
    return report


def _key(base: str, facts: Mapping[str, Any], role: str) -> tuple[str, str]:
    """Make a key for the run: its secret and its id."""
    if role == "none":
        return "", ""
    headers = {"Authorization": f"Bearer {facts['api_key']}"}
    with httpx.Client(base_url=base, trust_env=False, timeout=20) as client:
        if role == "user":  # who may make no keys, but keep those of better days
            client.patch(f"/users/{PHONES[0]}", headers=headers, json={"role": "operator"}).raise_for_status()
            proof = {"user": PHONES[0], "password": PASSWORD}
            session = client.post("/auth/login", json=proof).raise_for_status()
            cookie = session.headers["Set-Cookie"].partition(";")[0]
            owner = {"Cookie": cookie, "X-CSRF-Token": session.json()["csrf"]}
        else:
            owner = headers
        wish = {"name": "schema", "scopes": ["__ANY__"]}
        made = client.post("/api-keys", headers=owner, json=wish).raise_for_status().json()
        if role == "user":
            client.patch(f"/users/{PHONES[0]}", headers=headers, json={"role": "user"}).raise_for_status()
    return made["secret"], made["id"]


def _lives(base: str, secret: str) -> bool:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.get(f"{base}/auth/me", headers=headers, trust_env=False).is_success


def _config(secret: str, examples: int, seed: int | None, thorough: bool) -> schemathesis.Config:
    made: dict[str, Any] = {
        "headers": {"Authorization": f"Bearer {secret}"} if secret else {},
        "continue-on-failure": True,
        "request-timeout": 20,
        "max-stream-events": 1,
        "generation": {"max-examples": examples, "database": "none", "allow-extra-parameters": False},
        "operations": [_RPC, _REMOVALS],
        "phases": {"coverage": {"enabled": thorough}},
        "checks": {
            "not_a_server_error": {"expected-statuses": _FAIR},
            "negative_data_rejection": {"expected-statuses": _REFUSED},
            "positive_data_acceptance": {"expected-statuses": _ACCEPTED},
        },
    }
    return schemathesis.Config.from_dict(made if seed is None else made | {"seed": seed})


def _note(report: Report, event: events.EngineEvent) -> None:
    match event:
        case events.ScenarioFinished(recorder=recorder):
            _count(report, recorder)
        case events.NonFatalError(label=label, value=error):
            report.faults[label, type(error).__name__] = str(error)
        case events.FatalError(exception=error):
            raise error
        case _:
            pass


def _count(report: Report, recorder: ScenarioRecorder) -> None:
    for case_id, node in recorder.cases.items():
        reached = report.operations.setdefault(node.value.operation.label, Reached())
        reached.examples += 1
        response = recorder.find_response(case_id=case_id)
        if response is not None:
            reached.statuses[response.status_code] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                text = f"{failure.message}\n{check.failure_info.code_sample}"
                if response is not None:
                    text = f"{response.status_code} {response.content[:600]!r}\n{text}"
                report.faults.setdefault((node.value.operation.label, failure.title), text[:3000])
