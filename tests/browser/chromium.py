"""Chromium processes with a known sound as microphone."""

import shutil
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Playwright

__all__ = ["REAL_ADDRESSES", "launch"]

REAL_ADDRESSES: Final = "--disable-features=WebRtcHideLocalIpsWithMdns"  # candidates without .local names

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
)


async def launch(playwright: Playwright, microphone: Path, *more: str) -> Browser:
    """Start one process; the capture file belongs to the process, so each phone with its own tone has its own."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")  # the first is half as dear
    if path is None:
        raise RuntimeError("no Chromium here: install the package `chromium-headless-shell`")
    capture = f"--use-file-for-fake-audio-capture={microphone}"
    return await playwright.chromium.launch(executable_path=path, args=[*_FLAGS, capture, *more])
