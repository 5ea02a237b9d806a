"""A running switch, as the command line asks it: where it is, who asks, and what its refusals mean."""

import functools
import inspect
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Concatenate, Final, ParamSpec, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import typer

from xswitch_py.base.errors import XSwitchError
from xswitch_py.base.problem import Code
from xswitch_py.cli import out

__all__ = [
    "API",
    "DEFAULT",
    "LONG",
    "OPTIONS",
    "Authority",
    "Key",
    "KeyFile",
    "RemoteError",
    "Server",
    "Unreachable",
    "Url",
    "address",
    "asking",
    "clear_errors",
    "connect",
    "given_key",
    "hand_over",
    "handing",
    "part",
    "usual_key",
]

P = ParamSpec("P")
T = TypeVar("T")

API: Final = "/api/v1"
DEFAULT: Final = "http://127.0.0.1:8081"
LONG: Final = 3660.0  # seconds for what waits: the server ends it after an hour
_SHORT: Final = 30.0
_PAGE: Final = 500  # items that are asked for at a time
_USAGE: Final = frozenset({Code.INVALID, Code.MALFORMED})

Url = Annotated[str | None, typer.Option("--url", help=f"Where the switch is; else XSWITCH_URL, or {DEFAULT}.")]
Key = Annotated[str | None, typer.Option("--key", help="An API key; others can see it, so better a file.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file", help="A file with an API key; else XSWITCH_KEY, XSWITCH_KEY_FILE or ~/.config/xswitch/key."
    ),
]
Authority = Annotated[Path | None, typer.Option("--ca", help="A PEM file with the certificate to trust by https.")]


class RemoteError(XSwitchError):
    """The switch refused, or cannot be reached; the text is for people. `code` is the problem's, or empty."""

    def __init__(self, text: str, code: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.code, self.facts = code, dict(facts or {})

    @property
    def exit(self) -> int:
        """Say how a program ends that cannot go on."""
        return 2 if self.code in _USAGE else 1


class Unreachable(RemoteError):
    """Nothing answers there."""


class Server:
    """A switch to be asked. Every method raises RemoteError."""

    def __init__(self, url: str, key: str = "", ca: Path | None = None) -> None:
        self.url, self.key, self.ca = url, key, ca
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.client = httpx.Client(
            base_url=url, headers=headers, verify=self.trust() or False, trust_env=False, timeout=_SHORT
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def trust(self) -> ssl.SSLContext | None:
        """Say whom to trust by https; None where nothing is encrypted."""
        if not self.url.startswith("https:"):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise RemoteError(f"--ca: {self.ca} cannot be used: {error.strerror or error}", Code.INVALID) from error

    def get(self, path: str, **query: Any) -> Any:
        """Read something of the API."""
        return self.ask("GET", f"{API}{path}", params=query)

    def post(self, path: str, body: Any = None, *, patience: float = _SHORT) -> Any:
        """Tell the API something; `patience` in seconds."""
        return self.ask("POST", f"{API}{path}", body=body, timeout=patience)

    def delete(self, path: str, **query: Any) -> Any:
        """Let the API end or remove something."""
        return self.ask("DELETE", f"{API}{path}", params=query)

    def items(self, path: str, most: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """Read a list, page by page."""
        left, cursor = most, None
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            page = self.get(path, **query, limit=size, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            left, cursor = None if left is None else left - len(page["items"]), page["next_cursor"]
            if cursor is None:
                return

    def rpc(self, method: str, params: Mapping[str, Any]) -> Any:
        """Do a command by its name; waits as long as it takes."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        reply = self.ask("POST", "/rpc", body=body, timeout=LONG)
        if "error" not in reply:
            return reply["result"]
        error = reply["error"]
        data = error.get("data") or {}
        raise self._refused(data.get("code", ""), {**data, "detail": error["message"]}, None)

    def ask(self, method: str, path: str, *, body: Any = None, **options: Any) -> Any:
        """Send a request; gives what JSON is in the answer, or None."""
        with self.reaching():
            response = self.client.request(method, path, **({} if body is None else {"json": body}), **options)
        if response.is_success:
            return self._json(response) if response.content else None
        raise self.refused(response)

    def refused(self, response: httpx.Response) -> RemoteError:
        """Make an error of a response that is one."""
        if not response.headers.get("content-type", "").startswith("application/problem+json"):
            return RemoteError(
                f"{self.url} answers {response.status_code}, but not as xswitch does: --url names another"
            )
        problem = self._json(response)
        return self._refused(problem["code"], problem, response.headers.get("retry-after"))

    @contextmanager
    def reaching(self) -> Iterator[None]:
        """Say clearly what became of a request that had no answer."""
        try:
            yield
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                text = f"the certificate of {self.url} is not trusted: name it, or who signed it, with --ca FILE"
                raise RemoteError(text) from error
            text = f"nothing answers at {self.url}; is `xswitch serve` running? --url names another"
            raise Unreachable(text) from error
        except httpx.TimeoutException as error:
            raise RemoteError(f"{self.url} does not answer in time") from error
        except httpx.HTTPError as error:
            raise RemoteError(f"the connection to {self.url} was lost") from error

    def _json(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise RemoteError(f"{self.url} answers, but not as xswitch does: --url names another") from None

    def _refused(self, code: str, problem: Mapping[str, Any], after: str | None) -> RemoteError:
        said = problem.get("detail") or problem.get("title") or "it was refused"
        for fault in problem.get("errors") or ():
            said += f"; {fault['pointer'].lstrip('/') or 'all of it'}: {fault['detail']}"
        text = _MEANINGS.get(code, "{said}").format(said=said, cause=problem.get("cause", said), after=after or "some")
        if code == Code.NOT_AUTHENTICATED:
            text = _STRANGER if self.key else _NO_KEY
        if code == Code.CONFLICT and isinstance(problem.get("state"), str):
            text += f" (it is: {problem['state']})"
        return RemoteError(out.clean(text), code, problem)


_NO_KEY: Final = "this needs an API key: --key-file FILE, or XSWITCH_KEY; `xswitch key add` makes them"
_STRANGER: Final = "the API key is not known there, has expired, or may not be used from here"
_MEANINGS: Final[Mapping[str, str]] = {
    Code.FORBIDDEN: "not allowed: {said}",
    Code.TOO_MANY: "too many requests: try again in {after} seconds",
    Code.CALL_FAILED: "the call failed: {cause}",
    Code.UNAVAILABLE: "not at the moment: {said}",
    Code.INTERNAL: "an error of the switch: its log says more",
}


def handing(
    make: Callable[..., AbstractContextManager[T]], options: Mapping[str, Any]
) -> Callable[[Callable[Concatenate[T, P], None]], Callable[..., None]]:
    """Let commands have more options, and as their first parameter what `make` makes of these."""

    def decorate(function: Callable[Concatenate[T, P], None]) -> Callable[..., None]:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        kind = inspect.Parameter.KEYWORD_ONLY
        more = [inspect.Parameter(name, kind, default=None, annotation=each) for name, each in options.items()]

        @functools.wraps(function)
        def run(*args: Any, **given: Any) -> None:
            with clear_errors(), make(*(given.pop(name) for name in options)) as made:
                function(made, *args, **given)

        signature = inspect.Signature([*parameters, *more])
        run.__signature__ = signature  # type: ignore[attr-defined]  # what typer makes the command of
        run.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
        return run

    return decorate


@contextmanager
def clear_errors() -> Iterator[None]:
    """Say in one line what is wrong, and end."""
    try:
        with out.clear_errors():
            yield
    except RemoteError as error:
        out.fail(error.exit, str(error))


def connect(url: str | None, key: str | None, key_file: Path | None, ca: Path | None) -> Server:
    """Make the server that options and environment name."""
    return Server(address(url), given_key(key, key_file), ca)


OPTIONS: Final[Mapping[str, Any]] = {"url": Url, "key": Key, "key_file": KeyFile, "ca": Authority}
"""Those that `connect` takes."""

asking: Final = handing(connect, OPTIONS)
"""Lets a command ask a server: its first parameter is one, and it has the options that say which."""


def address(url: str | None) -> str:
    """Say where the switch is; ends the program if that makes no sense."""
    given = url or os.environ.get("XSWITCH_URL") or DEFAULT
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        out.fail(2, f"--url: {out.clean(given)} is no address such as {DEFAULT}")
    return given.rstrip("/")


def given_key(key: str | None, file: Path | None) -> str:
    """Find the API key: options before the environment, and that before the file that is always looked for."""
    if key is not None and file is not None:
        out.fail(2, "give --key or --key-file, not both")
    if key is None and file is None:
        key = os.environ.get("XSWITCH_KEY") or None
    named = file or (Path(path) if (path := os.environ.get("XSWITCH_KEY_FILE")) else None)
    if key is None and named is None and (usual := usual_key()).exists():
        named = usual
    found = key if key is not None else _read(named) if named is not None else ""
    if found and not (found.isascii() and found.isprintable() and " " not in found):
        out.fail(2, "the API key is not one: it looks like xs_...")
    return found


def hand_over(secret: str, name: str) -> None:
    """Show a new key this once: the key alone on standard output, and beside it what to do with it."""
    out.line(secret)
    out.note(f"this is {name}, and is not shown again. Keep it in a file that only you can read, such as")
    out.note(f"(umask 077; mkdir -p {usual_key().parent}; cat > {usual_key()}), where xswitch finds it")


def usual_key() -> Path:
    """Say where the key is looked for at last."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path(os.environ.get("HOME", "/")) / ".config"
    return Path(folder) / "xswitch/key"


def part(name: str) -> str:
    """Write a name as a part of a path."""
    return quote(name, safe="")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        out.fail(2, f"the key file {file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}")
