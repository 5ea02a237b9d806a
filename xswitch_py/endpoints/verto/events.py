"""The methods about event channels (verto.md section 11)."""

from functools import partial
from typing import Any, Final

from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.channels import main_part
from xswitch_py.endpoints.verto.presence import channel_of
from xswitch_py.endpoints.verto.session import Asked, Session
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["broadcast", "subscribe", "unsubscribe"]

_REFUSED: Final = "Permission Denied"


async def subscribe(asked: Asked, /, **params: Any) -> Json:
    """Subscribe to one channel or several."""
    session = asked.session
    heard: list[str] = []
    known: list[str] = []
    refused: list[str] = []
    for name in wire.names(params.get("eventChannel")):
        if name in session.subscriptions:
            known.append(name)
        elif not _allowed(session, name) or not session.subscribe(name):
            refused.append(name)
            continue
        # The stock client hears only channels listed here, also when it subscribes again (V43).
        heard.append(name)
        if main_part(name) == "presence":
            asked.after(partial(_show_presence, session, name))
    lists = _lists(unauthorizedChannels=refused, alreadySubscribedChannels=known)
    if not heard:
        raise RpcError(Code.CALL, _REFUSED, **lists)
    return {"subscribedChannels": heard, **lists}


async def unsubscribe(asked: Asked, /, **params: Any) -> Json:
    """End the subscription of one channel or several."""
    session = asked.session
    ended: list[str] = []
    unknown: list[str] = []
    for name in wire.names(params.get("eventChannel")):
        (ended if session.house.channels.unsubscribe(session, name) else unknown).append(name)
    lists = _lists(unsubscribedChannels=ended, notSubscribedChannels=unknown)
    if unknown and not ended:
        raise RpcError(Code.CALL, "Not subscribed", **lists)
    return lists


async def broadcast(asked: Asked, /, **params: Any) -> Json:
    """Send an event to a channel; other clients get it if the sender wishes so."""
    session, channel = asked.session, params.get("eventChannel")
    if not isinstance(channel, str) or not channel:
        raise RpcError(Code.CALL, "eventChannel not specified.")
    if not _allowed(session, channel):
        raise RpcError(Code.CALL, f"{_REFUSED}.")
    if wire.flag(params.get("localBroadcast")):
        asked.after(partial(session.house.publish, channel, {**params, **_sender(session)}))
    return {}


def _allowed(session: Session, name: str) -> bool:
    if name == session.sessid or name in session.calls.dialogs:
        return True
    return main_part(name) != "FSevent" and session.permissions.allows("channels", name)  # that one is not served


def _sender(session: Session) -> Json:
    """Say who sent an event; clients may not (V44)."""
    user = session.user
    assert user is not None
    shown = {"fromDisplay": user.display_name} if user.display_name else {}
    return {"userid": str(user.address), "sessid": session.sessid, **shown}


def _show_presence(session: Session, name: str) -> None:
    """Tell a new subscriber what is up now."""
    for user, data in session.house.presence.now(name.partition(".")[2]):
        session.show(name, channel_of(user), {"data": data})


def _lists(**lists: list[str]) -> Json:
    return {name: members for name, members in lists.items() if members}
