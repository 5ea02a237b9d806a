"""Another library reads what we write: an oracle that knows nothing of ours."""

import sipmessage

from xswitch_py.pysip.message import Request, Response, serialise

__all__ = ["read_elsewhere"]


def read_elsewhere(message: Request | Response) -> sipmessage.Message:
    """Read a message of ours with the other library, and all it has types for.

    Raises:
        ValueError: it refuses the message.
    """
    other = sipmessage.Message.parse(serialise(message))
    _ = other.via, other.from_address, other.to_address, other.cseq, other.contact, other.route, other.record_route
    _ = other.call_id, other.max_forwards, other.supported, other.require, other.content_type
    _ = other.authorization, other.www_authenticate, other.proxy_authenticate, other.proxy_authorization
    return other
