"""The listening end of OCPP-J: stations connect to any path whose last segment names them."""

import asyncio
import base64
import binascii
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from edge.links.listener import MOST_SOCKETS, Listener
from edge.links.ocppj import CLOSE_S, PING_S, Connection, Observer
from edge.links.tls import PeerCertificate, peer_certificate
from edge.ocpp.envelope import MAX_BYTES

log = logging.getLogger(__name__)

_http_log = log.getChild("http")
_http_log.addFilter(lambda record: not _is_noise(record))  # who sends noise shall not fill the log

_SHUTDOWN_S = 0.2  # for what is left when every connection was closed already
_MAX_IDENTITY = 255

Credentials = tuple[str, bytes]
"""User name and password of HTTP Basic authentication; the password may be any 20 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Who asks to be let in. `certificate`: of its own, signed by whom we trust; None: it showed none."""

    identity: str
    address: str
    credentials: Credentials | None
    certificate: PeerCertificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An HTTP status and why, for whoever reads the station's log."""

    status: int
    sentence: str = ""
    retry_after_s: int | None = None


Admit = Callable[[Knock], Awaitable[Refusal | None]]
"""Whether to let somebody in: None, or why not."""

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
    tls: ssl.SSLContext | None = None,
    most: int = MOST_SOCKETS,
) -> AsyncIterator[int]:
    """Listen while the context lasts; it yields the bound port. Leaving closes every connection, in 1 s.

    `most` sockets are open at a time, half of them from one address. Raises OSError when the address
    cannot be bound.
    """
    listener = Listener(tls=tls, most=most)
    door = _Door(subprotocols, admit, on_connection, observer, listener)
    server = web.Server(door.opened, access_log=None, logger=_http_log)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        async with listener.listening(server, host, port) as bound:
            yield bound
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
        listener: Listener,
    ) -> None:
        self._listener = listener
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
            return _refused(Refusal(status=404, sentence="the path ends with no station"))
        knock = Knock(
            identity=identity,
            address=address,
            credentials=credentials_of(request.headers.get("Authorization")),
            certificate=peer_certificate(request.transport),
        )
        refusal = await self._admit(knock)
        if refusal is not None:
            return _refused(refusal)
        websocket = web.WebSocketResponse(
            protocols=self._subprotocols,
            heartbeat=PING_S,
            timeout=CLOSE_S,
            max_msg_size=MAX_BYTES,
            compress=self._may_compress(request),
        )
        if not _is_handshake(request) or not websocket.can_prepare(request):
            return _refused(Refusal(status=426, sentence="OCPP over WebSocket is spoken here"))
        try:
            await websocket.prepare(request)
            self._listener.greeted(request.transport)
        except ConnectionError as error:
            log.debug("%s at %s left during the handshake: %s", identity, address, error)
            return web.Response()
        if websocket.ws_protocol is None:  # OCPP-J 1.6 section 3.2: complete the handshake, then close
            log.info("%s at %s speaks none of %s", identity, address, ", ".join(self._subprotocols))
            await websocket.close(code=aiohttp.WSCloseCode.PROTOCOL_ERROR)
            return websocket
        await self._own(websocket, identity, address)
        return websocket

    def _may_compress(self, request: web.BaseRequest) -> bool:
        """Who offers it may, where the version knows of it: OCPP-J 2.0.1 does, 1.6 does not."""
        wished = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        spoken = next((word for word in wished if word in self._subprotocols), "ocpp1.6")
        return spoken != "ocpp1.6"

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


def _is_noise(record: logging.LogRecord) -> bool:
    return record.exc_info is not None and isinstance(record.exc_info[1], HttpProcessingError)


def _is_handshake(request: web.BaseRequest) -> bool:
    """What aiohttp does not look at (RFC 6455 sections 4.1 and 4.2.1; it takes drafts 7 and 8, too)."""
    is_old = request.version != aiohttp.HttpVersion11
    return request.method == "GET" and not is_old and request.headers.get("Sec-WebSocket-Version") == "13"


def _refused(refusal: Refusal) -> web.Response:
    headers = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ocpp"'
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    response = web.Response(status=refusal.status, text=refusal.sentence, headers=headers)
    response.force_close()
    return response


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
