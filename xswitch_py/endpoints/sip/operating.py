"""What an operator may see of the SIP door, and do with it."""

import time
from dataclasses import dataclass
from pathlib import Path

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.core.guard import Ban, Guard
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.endpoints.sip.abilities import DOOR
from xswitch_py.endpoints.sip.calls.line import House, Line
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.location import Location
from xswitch_py.endpoints.sip.trace import Trace
from xswitch_py.endpoints.sip.transport.links import Wires

__all__ = ["DialogRow", "Operator"]


@dataclass(frozen=True, slots=True)
class DialogRow:
    """One call's end at a SIP peer."""

    leg: str
    call_id: str
    user: str
    gateway: str
    transport: str
    host: str
    state: str
    outbound: bool
    held: bool
    adrift: bool  # its connection is lost, and it waits for another


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's hands; `gateways` and `trace` have more words of their own."""

    house: House
    location: Location
    registry: Registry
    gateways: Gateways
    guard: Guard
    trace: Trace
    wires: Wires

    def registrations(self) -> list[Contact]:
        """List where users can be reached by SIP."""
        return [contact for contact in self.registry if contact.door == DOOR]

    def flush(self, user: Address) -> int:
        """Remove all registrations of a user; returns how many there were. Calls that are up go on."""
        return self.location.forget_user(user)

    def dialogs(self) -> list[DialogRow]:
        """List all calls' ends at SIP peers."""
        return [_row(line) for line in self.house.lines]

    def end(self, leg: str) -> bool:
        """End a call by the id of its leg; false if there is none."""
        found = next((line.leg for line in self.house.lines if line.leg.id == leg), None)
        if found is not None:
            found.hangup(Cause.MANAGER_REQUEST)
        return found is not None

    def bans(self) -> tuple[Ban, ...]:
        """List the addresses that nothing is taken from."""
        return self.guard.bans(time.monotonic())

    def unban(self, host: str) -> bool:
        """Listen to an address again; false if it was not banned."""
        return self.guard.unban(host, time.monotonic())

    def renew_certificate(self, path: Path) -> None:
        """Load key and chain anew, for connections that come from now on.

        Raises:
            ConfigError: the file cannot be used; the old one stays.
        """
        self.wires.renew_certificate(path)


def _row(line: Line) -> DialogRow:
    leg = line.leg
    return DialogRow(
        leg=leg.id,
        call_id=line.dialog.id.call_id if line.dialog is not None else "",
        user=str(line.user) if line.user is not None else "",
        gateway=line.gateway,
        transport=line.flow.transport,
        host=line.flow.remote[0],
        state=leg.state.value,
        outbound=leg.outbound,
        held=leg.held,
        adrift=line.adrift is not None,
    )
