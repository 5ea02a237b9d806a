"""What the files beside the config say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xswitch_py.actions import ACTIONS
from xswitch_py.base.errors import ConfigError, MediaError
from xswitch_py.base.permissions import Permissions
from xswitch_py.config import Config, permissions, read_table
from xswitch_py.core import dialplan
from xswitch_py.core.access import all_scopes
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig
from xswitch_py.endpoints.sip.gateways.config import load as load_gateways
from xswitch_py.media import tones
from xswitch_py.media.player import read_wav

__all__ = ["Files", "read_files"]

_SECRETS: Final = ("password", "password_file")


@dataclass(frozen=True, slots=True)
class Files:
    """What the files beside the config say."""

    rules: tuple[dialplan.Rule, ...]
    gateways: tuple[GatewayConfig, ...]
    tables: Mapping[str, Mapping[str, Any]]  # the gateways as they are written, without passwords
    permissions: dict[str, Permissions]  # by role
    tones: tones.Tones


def read_files(config: Config) -> Files:
    """Read the dialplan, the gateways, the permissions and the tones.

    Raises:
        ConfigError: with all that is wrong in them, and with what the config names and is not there.
    """
    files, problems = config.files, list[str]()
    rules: tuple[dialplan.Rule, ...] = ()
    gateways: tuple[GatewayConfig, ...] = ()
    tables: Mapping[str, Mapping[str, Any]] = {}
    granted: dict[str, Permissions] = {}
    known: tones.Tones = {config.call.ringback: tones.Tone(())}  # if they cannot be read, one problem is enough
    with _collected(problems):
        granted = permissions(files.permissions)
        scopes = {scope for role in granted.values() for scope in role.api} - all_scopes()
        problems += [f"{files.permissions}: there is no scope {scope!r}" for scope in sorted(scopes)]
    with _collected(problems):
        rules = read_table(files.dialplan, lambda table: dialplan.load(table, ACTIONS))
    with _collected(problems):
        gateways, tables = read_table(files.gateways, lambda table: _gateways(table, files.gateways.parent))
    with _collected(problems):
        known = read_table(files.tones, tones.load)
    if config.call.ringback not in known:
        problems.append(f"call.ringback: there is no tone {config.call.ringback} in {files.tones}")
    if config.media.music.name:
        try:
            read_wav(config.media.music, most=0)
        except MediaError as error:
            problems.append(f"media.music: {error}")
    if problems:
        raise ConfigError(problems)
    return Files(rules, gateways, tables, granted, known)


def _gateways(
    table: Mapping[str, Any], folder: Path
) -> tuple[tuple[GatewayConfig, ...], Mapping[str, Mapping[str, Any]]]:
    gateways = load_gateways(table, folder)
    plain = {
        name: {key: value for key, value in entry.items() if key not in _SECRETS}
        for name, entry in table.get("gateway", {}).items()
    }
    return gateways, plain


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        problems += error.problems
