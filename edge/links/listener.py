"""A listening socket that bears strangers: few sockets at a time, fewer from one address, none that idles."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

log = logging.getLogger(__name__)

MOST_SOCKETS = 512
TLS_S = 10.0
GREETING_S = 30.0  # from the first byte to the upgrade; passwords of a whole lot may wait to be checked
_BACKLOG = 128
_NO_FILES_S = 1.0
_TOLD_EVERY_S = 60.0
_DISTRUSTS = (
    "does not trust our certificate: give it the root that signed it, "
    "and as its backend the name or address that the certificate has"
)


class Listener:
    """Makes a protocol of every accepted socket; whoever is not `greeted` in time is cut."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, most: int = MOST_SOCKETS) -> None:
        """Of `most` sockets one address may have half."""
        self._tls = tls
        self._most = most
        self._open: dict[str, set[asyncio.BaseTransport]] = defaultdict(set)
        self._hurry: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._greeting: dict[str, int] = defaultdict(int)  # TLS handshakes under way
        self._told_s: dict[str, float] = {}

    @contextlib.asynccontextmanager
    async def listening(
        self, factory: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> AsyncIterator[int]:
        """Accept while the context lasts; it yields the bound port. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=_BACKLOG) as listening:
            listening.setblocking(False)
            async with asyncio.TaskGroup() as group:
                accepting = group.create_task(self._accept(factory, listening, group), name="ocpp accept")
                try:
                    yield listening.getsockname()[1]
                finally:
                    accepting.cancel()
                    for timer in self._hurry.values():
                        timer.cancel()

    def greeted(self, transport: asyncio.BaseTransport | None) -> None:
        """It has said what it came for, and may stay."""
        timer = self._hurry.pop(transport, None) if transport is not None else None
        if timer is not None:
            timer.cancel()

    async def _accept(
        self,
        factory: Callable[[], asyncio.BaseProtocol],
        listening: socket.socket,
        group: asyncio.TaskGroup,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, peer = await loop.sock_accept(listening)
            except OSError as error:
                log.warning("no socket can be accepted: %s", error.strerror)
                await asyncio.sleep(_NO_FILES_S)
                continue
            address = str(peer[0])
            if self._is_crowded(address):
                accepted.close()
                self._tell(address, "has too many sockets open: refused")
                continue
            self._greeting[address] += 1
            group.create_task(self._greet(factory, accepted, address))

    async def _greet(
        self, factory: Callable[[], asyncio.BaseProtocol], accepted: socket.socket, address: str
    ) -> None:
        loop = asyncio.get_running_loop()
        timeout_s = TLS_S if self._tls is not None else None
        try:
            transport, _ = await loop.connect_accepted_socket(
                factory, accepted, ssl=self._tls, ssl_handshake_timeout=timeout_s
            )
        except OSError as error:  # ssl's errors are such, too
            accepted.close()
            self._tell(address, _why(error))
        else:
            if self._tls is not None and transport.is_closing():  # asyncio calls a hang-up a handshake
                self._tell(address, _why(ConnectionResetError()))
                return
            self._open[address].add(transport)
            self._hurry[transport] = loop.call_later(GREETING_S, self._cut, transport)
        finally:
            self._greeting[address] -= 1
            if not self._greeting[address]:
                del self._greeting[address]

    def _cut(self, transport: asyncio.BaseTransport) -> None:
        self._hurry.pop(transport, None)
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    def _is_crowded(self, address: str) -> bool:
        mine = self._count(address)
        if mine >= self._most // 2:
            return True
        if sum(map(len, self._open.values())) + sum(self._greeting.values()) < self._most:
            return False
        for each in tuple(self._open):
            self._count(each)
        return sum(map(len, self._open.values())) + sum(self._greeting.values()) >= self._most

    def _count(self, address: str) -> int:
        """How many sockets of an address are open; what is closed is forgotten."""
        alive = {transport for transport in self._open.get(address, ()) if not transport.is_closing()}
        for transport in self._open.pop(address, set()) - alive:
            self.greeted(transport)
        if alive:
            self._open[address] = alive
        return len(alive) + self._greeting.get(address, 0)

    def _tell(self, address: str, what: str) -> None:
        """Once a minute for each address: a flood shall not fill the log."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s.get(address, -_TOLD_EVERY_S) < _TOLD_EVERY_S:
            return
        if len(self._told_s) >= 2 * MOST_SOCKETS:
            self._told_s.clear()
        self._told_s[address] = now_s
        log.warning("%s %s", address, what)


def _why(error: OSError) -> str:
    """In an installer's words, why TLS was not agreed upon."""
    reason = getattr(error, "reason", "") or ""
    if reason == "HTTP_REQUEST":
        return "speaks without TLS where TLS is asked: its backend must begin with wss://"
    if reason in {"UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER"}:
        return (
            "speaks no TLS of version 1.2 or later: its backend must begin with wss://, its firmware be new"
        )
    if reason == "NO_SHARED_CIPHER":
        return "has no cipher suite in common with us: update its firmware"
    if reason == "CERTIFICATE_VERIFY_FAILED":
        return f"shows a certificate that is not trusted here ({getattr(error, 'verify_message', '')})"
    if "ALERT" in reason:
        return f"{_DISTRUSTS} ({reason.lower().replace('_', ' ')})"
    if isinstance(error, ConnectionResetError):
        return f"left during the TLS handshake; perhaps it {_DISTRUSTS}"
    return f"left during the TLS handshake: {error.strerror or error or type(error).__name__}"
