"""SIP messages: bytes to objects and back (RFC 3261 section 7). All that users of messages need stands here."""

from xswitch_py.pysip.compose import (
    new_branch,
    new_call_id,
    new_tag,
    note_source,
    reason_phrase,
    refusal,
    response_to,
)
from xswitch_py.pysip.errors import BadMessage, SipError
from xswitch_py.pysip.fields import Headers
from xswitch_py.pysip.model import Message, Request, Response
from xswitch_py.pysip.reader import parse
from xswitch_py.pysip.writer import serialise

__all__ = [
    "BadMessage",
    "Headers",
    "Message",
    "Request",
    "Response",
    "SipError",
    "new_branch",
    "new_call_id",
    "new_tag",
    "note_source",
    "parse",
    "reason_phrase",
    "refusal",
    "response_to",
    "serialise",
]
