"""What a dialplan can say: one file, one function, one word."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from xswitch_py.actions.answer import answer
from xswitch_py.actions.bridge import bridge
from xswitch_py.actions.control import control
from xswitch_py.actions.echo import echo
from xswitch_py.actions.flow import flow
from xswitch_py.actions.gather import gather
from xswitch_py.actions.hangup import hangup
from xswitch_py.actions.playback import playback
from xswitch_py.actions.record import record
from xswitch_py.actions.sleep import sleep
from xswitch_py.actions.tone import tone
from xswitch_py.actions.transfer import transfer
from xswitch_py.core.call import Action

__all__ = ["ACTIONS"]

_ACTIONS: Final = (
    answer, bridge, control, echo, flow, gather, hangup, playback, record, sleep, tone, transfer,
)  # fmt: skip
ACTIONS: Final[Mapping[str, Action]] = MappingProxyType({each.name: each for each in _ACTIONS})
