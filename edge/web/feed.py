"""The latest status as server-sent events: a slow reader misses the ones between, and hinders nobody."""

import asyncio
import contextlib
import socket
from http import HTTPStatus

import msgspec
from aiohttp import web

from edge.site.ports import SiteDoors
from edge.web.history import History
from edge.web.problems import ProblemError

PACE_S = 0.5
KEEP_ALIVE_S = 10
STUCK_S = 30
MOST_STREAMS = 32
BUFFER_BYTES = 64 * 1024  # what the kernel keeps for a slow reader is already old when it arrives
RETRY_MS = 2_000


class Feed:
    """Reads the site's status once, for all who watch. `run` until cancelled; `close` ends every stream."""

    def __init__(self, doors: SiteDoors, history: History) -> None:
        self._doors = doors
        self._history = history
        self._frame = b""
        self._number = 0
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._streams = 0

    async def run(self) -> None:
        """Follow the site."""
        async for status in self._doors.watch():
            self._history.note(status)
            self._number += 1
            self._frame = b""
            self._wake()

    def close(self) -> None:
        """Let every stream end."""
        self._closing.set()
        self._wake()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """One reader, until it goes or the feed closes."""
        if self._streams >= MOST_STREAMS:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_STREAMS} pages are open already", "close one of them"
            )
        self._streams += 1
        try:
            return await self._serve(request)
        finally:
            self._streams -= 1

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        _keep_buffer_small(request.transport)
        await response.prepare(request)
        try:
            await response.write(f"retry: {RETRY_MS}\n\n".encode())
            await self._follow(response)
        except (TimeoutError, asyncio.CancelledError) as stuck:
            if request.transport is not None:
                request.transport.abort()  # closing would wait until a reader that does not read has read
            if isinstance(stuck, asyncio.CancelledError):
                raise
        except ConnectionError:
            pass  # the reader has gone
        return response

    async def _follow(self, response: web.StreamResponse) -> None:
        seen = -1
        while not self._closing.is_set():
            news = self._news
            if seen == self._number:
                frame = await self._wait(news)
                if frame is not None:
                    await _write(response, frame)
                continue
            seen = self._number
            await _write(response, self._latest())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PACE_S):
                    await self._closing.wait()

    async def _wait(self, news: asyncio.Event) -> bytes | None:
        """Wait for news; when there are none for long, what keeps the line alive."""
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                await news.wait()
        except TimeoutError:
            return b": nothing new\n\n"
        return None

    def _latest(self) -> bytes:
        """The frame of the latest status, made when the first reader wants it."""
        if not self._frame:
            body = msgspec.json.encode(self._doors.status())
            self._frame = b"event: status\ndata: " + body + b"\n\n"
        return self._frame

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _write(response: web.StreamResponse, frame: bytes) -> None:
    async with asyncio.timeout(STUCK_S):
        await response.write(frame)


def _keep_buffer_small(transport: asyncio.Transport | None) -> None:
    if transport is None:
        return
    transport.set_write_buffer_limits(high=BUFFER_BYTES)
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
