"""The web server of the harness: its own pages, and the clients that npm fetched, on one loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

__all__ = ["serve_pages"]

_HERE: Final = Path(__file__).parent
_CLIENTS: Final = _HERE.parent / "node_modules"


class _Handler(SimpleHTTPRequestHandler):
    """`/npm/...` is node_modules, everything else is `pages/`."""

    def translate_path(self, path: str) -> str:
        root = _CLIENTS if path.startswith("/npm/") else _HERE / "pages"
        self.directory = str(root)
        return super().translate_path(path.removeprefix("/npm"))

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_pages() -> Iterator[str]:
    """Serve until the block is left; yields the address, like `http://127.0.0.1:40001`."""
    if not (_CLIENTS / "verto").is_dir():
        raise RuntimeError("the browser clients are not there: run `npm ci` in tests/ first")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(_HERE / "pages")))
    thread = Thread(target=server.serve_forever, name="harness pages", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
