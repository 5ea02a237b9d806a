"""What all transports do with what they read: parse it, note where it came from, and tell who listens."""

from collections import Counter

import structlog

from xswitch_py.endpoints.sip.flow import Ears, Flow
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, Response, note_source, parse

__all__ = ["Intake"]

log = structlog.get_logger("xswitch.sip")


class Intake:
    """The way in. Nothing that a peer sends makes it raise."""

    def __init__(self, ears: Ears, settings: Settings, counts: Counter[str]) -> None:
        self.ears, self.settings = ears, settings
        self.counts = counts  # "in UDP", "out TCP", "dropped TLS", "malformed Bad Via"...

    def admits(self, host: str, transport: str) -> bool:
        """Ask whether to read what came from this address; what is not read is counted."""
        if self.ears.admits(host):
            return True
        self.counts[f"dropped {transport}"] += 1
        return False

    def read(self, data: bytes, flow: Flow) -> None:
        """Take a whole message as bytes."""
        try:
            message = parse(data)
        except BadMessage as bad:
            self.malformed(bad, flow)
        except Exception:
            log.exception("not parsed", remote=flow.remote[0])  # must not cost other peers theirs
        else:
            self.received(message, flow)

    def received(self, message: Request | Response, flow: Flow) -> None:
        """Take a whole message that was parsed."""
        self.counts["in " + flow.transport] += 1
        try:
            if isinstance(message, Request):
                note_source(message, *flow.remote)
            self.ears.received(message, flow)
        except Exception:
            log.exception("not served", remote=flow.remote[0])

    def malformed(self, bad: BadMessage, flow: Flow) -> None:
        """Take what is no message."""
        self.counts["malformed " + bad.text] += 1
        log.debug("malformed", remote=flow.remote[0], transport=flow.transport, why=bad.text)
        try:
            self.ears.malformed(bad, flow)
        except Exception:
            log.exception("not refused", remote=flow.remote[0])

    def lost(self, flow: Flow) -> None:
        """A flow has ended, or what was sent on it came back."""
        try:
            self.ears.lost(flow)
        except Exception:
            log.exception("loss not served", remote=flow.remote[0])
