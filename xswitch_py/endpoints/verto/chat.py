"""Chat: a message of one user to another, wherever they are (verto.md 8.8)."""

from typing import Final

from xswitch_py.core.endpoint import Message
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.session import Session
from xswitch_py.endpoints.verto.wire import Code, Json
from xswitch_py.jsonrpc import RpcError

__all__ = ["send_chat"]

_EXTRA: Final = 16  # further members that are passed on


def send_chat(session: Session, said: Json) -> None:
    """Deliver a message to every place its addressee can be reached. The sender is the socket's user (V33).

    Raises:
        RpcError: it lacks an address or a body, or names a protocol that is not chat.
    """
    to, body = wire.text(said.get("to")), wire.text(said.get("body"))
    if not to or not body:
        raise RpcError(Code.CALL, "INVALID MESSAGE to and body params required")
    protocol, address = wire.chat_address(to)
    if not protocol:
        raise RpcError(Code.CALL, "INVALID MESSAGE unknown protocol")
    if protocol == "conf" or wire.flag(said.get("inDialog")):
        return  # for an application; none listens
    assert session.user is not None
    services = session.house.switch.services
    addressee = services.directory.address(address)
    message = Message(session.user.address, addressee, body, _extra(said))
    for contact in services.registry.find(addressee):
        services.doors[contact.door].deliver(contact, message)


def _extra(said: Json) -> dict[str, str]:
    wanted = ((name, value) for name, value in said.items() if name.startswith(("from_", "to_")))
    return dict([(name, value) for name, value in wanted if isinstance(value, str)][:_EXTRA])
