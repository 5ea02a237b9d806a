"""`xswitch status`: how a running switch is."""

from xswitch_py.cli import out, shown
from xswitch_py.cli.remote import Server, asking

__all__ = ["status"]


@asking
def status(server: Server, as_json: out.AsJson = False) -> None:
    """Say how the switch is."""
    facts = server.get("/status")
    if as_json:
        out.json_line(facts)
    else:
        out.pairs(shown.status(facts))
