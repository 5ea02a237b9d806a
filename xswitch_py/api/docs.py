"""Beside the API: /openapi.json, /openrpc.json, the pages that show both, and what each problem means."""

import json
from collections.abc import Callable
from html import escape
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from xswitch_py.base.problem import PROBLEMS

__all__ = ["install"]

_READ: Final = ["GET", "HEAD"]

_PROBLEMS: Final = """<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src data:; \
base-uri 'none'; form-action 'none'">
    <title>XSwitch: problems</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/docs.css">
</head>
<body class="narrow">
    <header><h1>Problems</h1><nav><a href="/docs/">All operations</a></nav></header>
    <main>
    <p class="soft">Whoever is refused gets an <code>application/problem+json</code> body (RFC 9457) whose
    <code>code</code> is one of these words; in JSON-RPC the same word is <code>error.data.code</code>.
    New words may be added; none changes its meaning.</p>
    <div class="wide"><table>
        <thead><tr><th>Code</th><th>HTTP status</th><th>JSON-RPC</th><th>Meaning</th></tr></thead>
        <tbody>
{rows}
        </tbody>
    </table></div>
    </main>
</body>
</html>
"""


def install(app: FastAPI) -> None:
    """Serve the documents; `app.state.openrpc()` gives the OpenRPC document."""
    rest, scripts = _Document(lambda: app.openapi()), _Document(lambda: app.state.openrpc())

    # Not async: making a document takes longer than calls can wait, so it happens in a thread.
    @app.api_route("/openapi.json", methods=_READ, include_in_schema=False)
    def openapi() -> Response:
        return rest.response()

    @app.api_route("/openrpc.json", methods=_READ, include_in_schema=False)
    def openrpc() -> Response:
        return scripts.response()

    @app.api_route("/docs/problems", methods=_READ, include_in_schema=False)
    async def problems() -> HTMLResponse:
        return HTMLResponse(_problems())


class _Document:
    """A document that is made when it is asked for first, and kept."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._lock = Lock()
        self._text = b""

    def response(self) -> Response:
        with self._lock:
            self._text = self._text or json.dumps(self._make(), separators=(",", ":")).encode()
        return Response(self._text, media_type="application/json")


def _problems() -> str:
    rows = [
        f'            <tr id="{escape(code)}"><td><a href="#{escape(code)}"><code>{escape(code)}</code></a></td>'
        f"<td>{row.status}</td><td>{row.rpc}</td><td>{escape(row.title)}</td></tr>"
        for code, row in PROBLEMS.items()
    ]
    return _PROBLEMS.replace("{rows}", "\n".join(rows))
