"""What a dialplan can say: one file, one function, one word."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from xswitch_py.actions.answer import answer
from xswitch_py.actions.bridge import bridge
from xswitch_py.actions.echo import echo
from xswitch_py.actions.hangup import hangup
from xswitch_py.actions.playback import playback
from xswitch_py.actions.sleep import sleep
from xswitch_py.actions.tone import tone
from xswitch_py.actions.transfer import transfer
from xswitch_py.core.call import Action

__all__ = ["ACTIONS"]

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {each.name: each for each in (answer, bridge, echo, hangup, playback, sleep, tone, transfer)}
)
