"""A network line that can be cut, stalled and mended, so that its ends see what a real fault would show."""

import asyncio
import contextlib
from typing import Literal

_CHUNK = 65_536

Condition = Literal["sound", "stalled", "cut"]


class Cable:
    """Relays TCP from a port of its own to a target.

    Stalled, it keeps its connections and passes nothing: neither end can tell that the other is out of
    reach. Cut, it resets them and refuses new ones.
    """

    def __init__(self, host: str, port: int, *, own_port: int = 0) -> None:
        self.host = host
        self.port = own_port
        self.condition: Condition = "sound"
        self._target_port = port
        self._sound = asyncio.Event()
        self._sound.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listens; its port is known from then on."""
        self._server = await asyncio.start_server(self._relay, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stops listening and drops what is connected."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await asyncio.gather(*self._relays)
            self._server = None

    def cut(self) -> None:
        """Breaks every connection and refuses new ones."""
        self.condition = "cut"
        self._sound.set()
        self._drop()

    def stall(self) -> None:
        """Holds back everything from now on."""
        self.condition = "stalled"
        self._sound.clear()

    def mend(self) -> None:
        """Lets everything pass again, what was held back first."""
        self.condition = "sound"
        self._sound.set()

    def _drop(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)
        self._writers.add(writer)
        try:
            await self._sound.wait()
            if self.condition != "cut":
                await self._join(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes bytes both ways until either end is gone."""
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self._target_port)
        except OSError:
            return
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as group:
                there = group.create_task(self._pass_on(reader, far_writer))
                back = group.create_task(self._pass_on(far_reader, writer))
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
                there.cancel()
                back.cancel()
        finally:
            self._writers.discard(far_writer)
            far_writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self._sound.wait()
                writer.write(data)
                await writer.drain()
            await self._sound.wait()
