"""Recordings: begun on a leg, kept in a folder, and known to the database from their first moment."""

import asyncio
import time
from functools import partial
from pathlib import Path

import structlog

from xswitch_py.base import events
from xswitch_py.base.errors import StoreError
from xswitch_py.base.ids import CallId, LegId, new_id
from xswitch_py.base.records import Recording
from xswitch_py.core.bus import Bus
from xswitch_py.core.stores import RecordingStore
from xswitch_py.media.api import Media, Recorded, RecordingId

__all__ = ["Recorder"]

log = structlog.get_logger("xswitch.core")


class Recorder:
    """Begins and ends recordings."""

    def __init__(self, media: Media, bus: Bus, store: RecordingStore, folder: Path) -> None:
        self.folder = folder
        self._media = media
        self._bus = bus
        self._store = store
        self._going: dict[str, RecordingId] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def start(self, call: CallId, leg: LegId, users: tuple[str, ...], longest: float) -> str:
        """Record a leg for at most `longest` seconds; returns the recording's id, "rec_...".

        Raises:
            MediaError: the leg is over, or there can be no file.
            StoreError: it cannot be written down.
        """
        recording, now = f"rec_{new_id()}", time.time()
        file = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}-{recording}.wav"
        row = Recording(recording, call, leg, file, now, users)
        await self._store.begin(row)
        try:
            self._going[recording] = self._media.record(
                leg, self.folder / file, partial(self._over, row), longest=longest
            )
        except BaseException:
            await self._store.remove(recording)
            raise
        self._bus.publish(events.RecordingStarted(recording, call, leg, now))
        return recording

    def stop(self, recording: str) -> bool:
        """End a recording; false if it does not go on."""
        going = self._going.get(recording)
        if going is not None:
            self._media.stop_recording(going)
        return going is not None

    def goes_on(self, recording: str) -> bool:
        """Say whether a recording goes on."""
        return recording in self._going

    async def finish(self) -> None:
        """Wait until all that ended is written down."""
        while self._writing:
            await asyncio.wait(self._writing)

    def _over(self, row: Recording, done: Recorded) -> None:
        self._going.pop(row.id, None)
        task = asyncio.create_task(self._write(row, done), name=f"recording {row.id}")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, row: Recording, done: Recorded) -> None:
        now = time.time()
        try:
            await self._store.finish(row.id, ended=now, seconds=done.seconds, size=done.size, why=done.why)
        except StoreError as error:
            log.error("recording not written down", recording=row.id, error=str(error))
        self._bus.publish(events.RecordingEnded(row.id, row.call, row.leg, now, done.seconds, done.size, done.why))
