"""The listening end of OCPP-J: stations connect to any path whose last segment names them."""

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from edge.links.ocppj import CLOSE_S, PING_S, Connection, Observer
from edge.ocpp.envelope import MAX_BYTES

log = logging.getLogger(__name__)

_SHUTDOWN_S = 0.2  # for what is left when every connection was closed already
_MAX_IDENTITY = 255

Credentials = tuple[str, bytes]
"""User name and password of HTTP Basic authentication; the password may be any 20 bytes."""

Admit = Callable[[str, str, Credentials | None], int | None]
"""(identity, peer's address, credentials) -> None to let it in, else the HTTP status to answer."""

OnConnection = Callable[[Connection], Awaitable[None]]
"""Owns a connection; when it returns the connection is closed."""


@contextlib.asynccontextmanager
async def serve(
    host: str,
    port: int,
    *,
    subprotocols: Sequence[str],
    admit: Admit,
    on_connection: OnConnection,
    observer: Observer | None = None,
) -> AsyncIterator[int]:
    """Listen while the context lasts; it yields the bound port. Leaving closes every connection, in 1 s.

    Raises OSError when the address cannot be bound.
    """
    door = _Door(subprotocols, admit, on_connection, observer)
    runner = web.ServerRunner(web.Server(door.opened, access_log=None), shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        yield runner.addresses[0][1]
    finally:
        await door.close()
        await runner.cleanup()


class _Door:
    """Lets stations in, or tells them why not."""

    def __init__(
        self,
        subprotocols: Sequence[str],
        admit: Admit,
        on_connection: OnConnection,
        observer: Observer | None,
    ) -> None:
        self._subprotocols = subprotocols
        self._admit = admit
        self._on_connection = on_connection
        self._observer = observer
        self._open: set[Connection] = set()
        self._is_closing = False

    async def close(self) -> None:
        self._is_closing = True
        async with asyncio.TaskGroup() as group:
            for connection in self._open:
                group.create_task(connection.close())

    async def opened(self, request: web.BaseRequest) -> web.StreamResponse:
        identity = identity_of(request.raw_path)
        address = request.remote or "?"
        if identity is None or self._is_closing:
            return web.Response(status=404)
        refusal = self._admit(identity, address, credentials_of(request.headers.get("Authorization")))
        if refusal is not None:
            headers = {"WWW-Authenticate": 'Basic realm="ocpp"'} if refusal == 401 else None
            return web.Response(status=refusal, headers=headers)
        websocket = web.WebSocketResponse(
            protocols=self._subprotocols,
            heartbeat=PING_S,
            timeout=CLOSE_S,
            max_msg_size=MAX_BYTES,
            compress=False,
        )
        if not websocket.can_prepare(request):
            return web.Response(status=426, text="OCPP over WebSocket is spoken here")
        try:
            await websocket.prepare(request)
        except ConnectionError as error:
            log.debug("%s at %s left during the handshake: %s", identity, address, error)
            return web.Response()
        if websocket.ws_protocol is None:  # OCPP-J 1.6 section 3.2: complete the handshake, then close
            log.info("%s at %s speaks none of %s", identity, address, ", ".join(self._subprotocols))
            await websocket.close(code=aiohttp.WSCloseCode.PROTOCOL_ERROR)
            return websocket
        await self._own(websocket, identity, address)
        return websocket

    async def _own(self, websocket: web.WebSocketResponse, identity: str, address: str) -> None:
        connection = Connection(
            websocket,
            identity=identity,
            subprotocol=websocket.ws_protocol or "",
            address=address,
            observer=self._observer,
        )
        self._open.add(connection)
        try:
            await self._on_connection(connection)
        finally:
            self._open.discard(connection)
            await connection.close()


def identity_of(raw_path: str) -> str | None:
    """The station in a request's path: its last segment, percent-decoded (OCPP-J 1.6 section 3.1.1)."""
    segment = raw_path.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    try:
        identity = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
    return identity if identity.isprintable() and 0 < len(identity) <= _MAX_IDENTITY else None


def credentials_of(header: str | None) -> Credentials | None:
    """User and password of an Authorization header; None when there is none or it is none of Basic's."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
