"""A browser without a window, that takes pictures of pages."""

import asyncio
import base64
import contextlib
import itertools
import os
import pathlib
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_START_SECONDS, _ANSWER_SECONDS = 60, 30
_SAID = "DevTools listening on "
_MOST_BYTES = 64 << 20  # of one answer: a picture


class NoBrowser(Exception):
    """There is none on this machine, or it does not start."""


class Browser:
    """One that runs, spoken to by its own protocol (chromedevtools.github.io/devtools-protocol)."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._page: str | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator["Browser"]:
        """The first browser of this machine, for the length of a block.

        Raises:
            NoBrowser: there is none, or it does not start.
        """
        async with contextlib.AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            address = await stack.enter_async_context(_started(program(), folder))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            line = await stack.enter_async_context(session.ws_connect(address, max_msg_size=_MOST_BYTES))
            browser = cls(line)
            target = (await browser._call("Target.createTarget", url="about:blank"))["targetId"]
            attached = await browser._call("Target.attachToTarget", targetId=target, flatten=True)
            browser._page = attached["sessionId"]
            yield browser

    async def picture(self, page: pathlib.Path, *, width: int, scale: float) -> bytes:
        """All of a page as PNG.

        Args:
            page: A file with HTML.
            width: Of the page, in its own pixels; the picture is `scale` times as wide.
            scale: Pixels of the picture for one of the page.
        """
        metrics = {"width": width, "height": 1, "deviceScaleFactor": scale, "mobile": False}
        await self._call("Emulation.setDeviceMetricsOverride", **metrics)
        await self._call("Page.navigate", url=page.as_uri())
        while await self._value("document.readyState + document.fonts.status") != "completeloaded":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        height = await self._value("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        taken = await self._call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    async def _value(self, script: str) -> Any:
        return (await self._call("Runtime.evaluate", expression=script))["result"]["value"]

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        said = {"id": number, "method": method, "params": params}
        await self._line.send_json(said | ({"sessionId": self._page} if self._page else {}))
        async with asyncio.timeout(_ANSWER_SECONDS):
            while (answer := await self._line.receive_json()).get("id") != number:
                pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result


def program() -> str:
    """The browser of this machine.

    Raises:
        NoBrowser: there is none.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise NoBrowser(f"There is no browser to make the pictures with. Install one of these: {', '.join(NAMES)}.")


@contextlib.asynccontextmanager
async def _started(browser: str, folder: str) -> AsyncIterator[str]:
    """A browser for the length of a block, and where it listens."""
    flags = [
        "--headless",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "--no-first-run",
        "--disable-gpu",
        "--disable-lcd-text",
        "--hide-scrollbars",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # as root it does not start otherwise; it opens nothing but our own pages
    process = await asyncio.create_subprocess_exec(browser, *flags, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    try:
        yield await _address(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr  # noqa: S101 - it is piped
    said = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            async for line in process.stderr:
                said += line.decode(errors="replace")
                if _SAID in said:
                    return said.split(_SAID)[1].strip()
    raise NoBrowser(f"The browser does not start:\n{said}")
