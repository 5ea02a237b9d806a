"""Webhooks at work: what happens is written down for each webhook, and told until it arrives or a day is over."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final
from uuid import uuid4

import structlog

from xswitch_py.base.errors import StoreError
from xswitch_py.base.records import Delivery, Webhook
from xswitch_py.core.envelope import GAP, Envelope
from xswitch_py.core.feed import Feed, Subscription, wanted
from xswitch_py.core.stores import DeliveryStore, WebhookStore
from xswitch_py.core.webhooks.sending import Outcome, Sender
from xswitch_py.core.webhooks.signing import key_of, signed

__all__ = ["WAITS", "Webhooks", "next_attempt"]

log = structlog.get_logger("xswitch.webhooks")

WAITS: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 21_600.0)  # seconds after each failure: a day in all
BEHIND: Final = 10_000  # events that may wait to be written down
GATHER: Final = 0.1  # seconds in which events gather: to look for webhooks costs as much for twenty as for one
AT_ONCE: Final = 32  # attempts at a time, to all webhooks
TO_ONE: Final = 4  # and to one; to one that failed last, a single one
REST: Final = 60.0  # seconds, at most, between two attempts to a webhook that takes nothing
LOOK: Final = 1.0  # seconds between two looks at the database for what others put there
TIDY: Final = 600.0  # seconds between two looks for what waits in vain
GRACE: Final = 3.0  # seconds that attempts have to end when the switch stops
GONE: Final = 410  # HTTP's word for: never again
STORES: Final = 5  # times that it is tried to write events down


class Webhooks:
    """Tells events to webhooks at least once; the order is not kept, which is what `seq` is for."""

    def __init__(self, hooks: WebhookStore, deliveries: DeliveryStore, sender: Sender) -> None:
        self._hooks, self._deliveries, self._sender = hooks, deliveries, sender
        self._heard: Subscription | None = None
        self._closing = False
        self._wake = asyncio.Event()
        self._flying: dict[str, str] = {}  # delivery -> webhook, of attempts under way
        self._landed: list[str] = []  # attempts that are written down, since we looked
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing: dict[str, tuple[int, float]] = {}  # webhook -> failures in a row, and until when it rests
        self._tidy_at = 0.0

    def problem(self, url: str) -> str:
        """Say why events cannot be told to a URL; "" if nothing is known that speaks against it."""
        return self._sender.problem(url)

    async def run(self, feed: Feed) -> None:
        """Write down and tell what happens, until the feed ends or `close`; then all that happened is written down."""
        self._heard = feed.subscribe(most=BEHIND)
        if self._closing:
            self._heard.close()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(group), name="webhooks")
                while batch := await self._heard.batch():
                    await self._keep(batch)
                    if not self._closing:
                        await asyncio.sleep(GATHER)
                self._closing = True
                self._wake.set()
        finally:
            self._heard.close()
            await self._sender.close()

    def close(self) -> None:
        """Let `run` end. What is not told by then is told after the next start."""
        self._closing = True
        if self._heard is not None:
            self._heard.close()
        self._wake.set()

    async def _keep(self, batch: Sequence[Envelope]) -> None:
        """Write down what is to be told to whom."""
        if any(each.type == GAP for each in batch):
            log.error("events lost, the database is too slow for webhooks")
        for left in reversed(range(STORES)):
            try:
                if rows := _rows(batch, await self._hooks.list()):
                    await self._deliveries.add(rows)
                    self._wake.set()
                return
            except StoreError as error:
                log.error("events not written down for webhooks", events=len(batch), tries_left=left, error=str(error))
                await asyncio.sleep(LOOK if left else 0)

    async def _tell(self, group: asyncio.TaskGroup) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                await self._tidy()
                while await self._start(group):
                    pass
            except StoreError as error:
                log.error("webhooks cannot be looked up", error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        for task in tuple(self._tasks):
            task.cancel()

    async def _start(self, group: asyncio.TaskGroup) -> int:
        """Begin as many attempts as there is room for; returns how many."""
        for id in self._landed:  # only now: what the database says from here on knows of them
            del self._flying[id]
        self._landed.clear()
        flights = Counter(self._flying.values())
        busy = [hook for hook in {*flights, *self._failing} if flights[hook] >= self._most(hook)]
        if len(self._flying) >= AT_ONCE or self._closing:
            return 0
        due = await self._deliveries.due(time.time(), AT_ONCE, busy)
        hooks = {hook.id: hook for hook in await self._hooks.list()} if due else {}
        started = 0
        for each in due:
            hook = hooks.get(each.webhook)
            room = len(self._flying) < AT_ONCE and flights[each.webhook] < self._most(each.webhook)
            if hook is not None and room and each.id not in self._flying:
                self._flying[each.id] = hook.id
                flights[hook.id] += 1
                started += 1
                task = group.create_task(self._attempt(hook, each), name=f"webhook {hook.id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return started

    def _most(self, hook: str) -> int:
        """Say how many attempts may be under way to a webhook now."""
        failures, until = self._failing.get(hook, (0, 0.0))
        if not failures:
            return TO_ONE
        return 1 if time.monotonic() >= until else 0

    def _judge(self, hook: str, delivered: bool) -> None:
        """Let a server that takes nothing rest, longer each time: much may wait for it."""
        if delivered:
            self._failing.pop(hook, None)
            return
        failures = self._failing.get(hook, (0, 0.0))[0] + 1
        rest = min(REST, 2.0 ** min(failures - 2, 10)) if failures > 1 else 0.0
        self._failing[hook] = failures, time.monotonic() + rest

    async def _attempt(self, hook: Webhook, delivery: Delivery) -> None:
        try:
            outcome = await self._send(hook, delivery)
            self._judge(hook.id, outcome.delivered)
            await self._write(hook, delivery, outcome)
        except StoreError as error:
            log.error("a delivery's outcome is not written down", delivery=delivery.id, error=str(error))
            await asyncio.sleep(LOOK)  # it is due still, and shall not be sent again at once
        finally:
            self._landed.append(delivery.id)
            self._wake.set()

    async def _send(self, hook: Webhook, delivery: Delivery) -> Outcome:
        try:
            key = key_of(hook.secret)
        except ValueError:
            return Outcome(error="the secret cannot be used")
        body = delivery.body.encode()
        return await self._sender.send(hook.url, signed(key, delivery.id, int(time.time()), body), body)

    async def _write(self, hook: Webhook, delivery: Delivery, outcome: Outcome) -> None:
        now, attempt = time.time(), delivery.attempts + 1
        again = None if outcome.delivered or outcome.code == GONE else next_attempt(attempt, now)
        await self._deliveries.attempted(
            delivery.id, now, delivered=outcome.delivered, next_at=again, code=outcome.code, error=outcome.error
        )
        if not outcome.delivered:
            facts = {"code": outcome.code, "error": outcome.error, "last": again is None}
            log.info("not delivered", webhook=hook.id, delivery=delivery.id, attempt=attempt, **facts)
        if outcome.code == GONE:
            await self._disable(hook)

    async def _disable(self, hook: Webhook) -> None:
        """Tell a webhook nothing more: its server said so, of the URL that it had."""
        now = await self._hooks.get(hook.id)
        if now is not None and now.enabled and now.url == hook.url:
            await self._hooks.change(replace(now, enabled=False, changed=time.time()))
            log.warning("webhook disabled, its server says that it is gone", webhook=hook.id)

    async def _tidy(self) -> None:
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY
            if given_up := await self._deliveries.expire(time.time()):
                log.warning("deliveries given up after a day", deliveries=given_up)
            there = {hook.id for hook in await self._hooks.list()}
            self._failing = {hook: each for hook, each in self._failing.items() if hook in there}


def next_attempt(attempts: int, now: float) -> float | None:
    """Say when to try again after so many attempts, a little earlier than the table so that not all come together."""
    if attempts > len(WAITS):
        return None
    return now + WAITS[attempts - 1] * random.uniform(0.9, 1.0)


def _rows(batch: Sequence[Envelope], hooks: Sequence[Webhook]) -> list[Delivery]:
    now = time.time()
    return [
        Delivery(f"msg_{uuid4().hex}", hook.id, each.id, each.type, each.text(), now, next_at=now)
        for each in batch
        for hook in hooks
        if hook.enabled and (not hook.events or wanted(each.type, hook.events))
    ]
