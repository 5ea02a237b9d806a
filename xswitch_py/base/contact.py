"""Where a phone can be reached, as it is kept over a restart."""

from dataclasses import dataclass

from xswitch_py.base.address import Address

__all__ = ["KeptContact"]


@dataclass(frozen=True, slots=True)
class KeptContact:
    """One registration; `key` is the one in the registry. Texts are as in a SIP message, times Unix seconds."""

    key: str
    user: Address
    url: str  # with its parameters
    transport: str
    host: str  # where messages go, whatever `url` says
    port: int
    call_id: str
    cseq: int
    since: float
    until: float
    path: tuple[str, ...] = ()
    agent: str = ""
    outbound: bool = False
