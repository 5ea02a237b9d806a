"""The method REGISTER, for a user who has proven to be one."""

from collections.abc import Callable

from xswitch_py.base.user import User
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.location import Location
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, Response, new_tag, response_to
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Refused

__all__ = ["register"]


def register(request: Request, flow: Flow, user: User, location: Location, is_ours: Callable[[Uri], bool]) -> Response:
    """Carry out a REGISTER: 200 with all bindings of the user, or why nothing has changed.

    `is_ours` knows the listeners of this server, which nobody may register.
    """
    try:
        fields = location.register(request, flow, user.address, is_ours)
    except Refused as no:
        return response_to(request, no.status, no.reason, to_tag=new_tag(), fields=no.fields)
    except BadMessage as bad:
        return response_to(request, bad.status or 400, bad.text, to_tag=new_tag())
    return response_to(request, 200, to_tag=new_tag(), fields=fields)
