"""The calling end of OCPP-J: a station's way to its central system, ours to a cloud included."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

import aiohttp

from edge.core.errors import PeerError
from edge.links.ocppj import CLOSE_S, PING_S, Connection, Observer
from edge.ocpp.envelope import MAX_BYTES


class ConnectRefused(PeerError):  # noqa: N818 - an outcome, named as its reader says it
    """Nobody there, or not willing. `status` is the HTTP status where one was given (401, 404, ...)."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@contextlib.asynccontextmanager
async def connect(
    url: str,
    *,
    identity: str,
    subprotocols: Sequence[str],
    password: str | bytes | None = None,
    timeout_s: float = 10.0,
    observer: Observer | None = None,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
) -> AsyncIterator[Connection]:
    """A connection to `url`/`identity` while the context lasts. Raises ConnectRefused.

    With a password HTTP Basic authentication names the identity as user (OCPP-J 1.6 section 6.2.2).
    `tls` None: whom this machine trusts, where the URL begins with wss. `proxy`: the URL of
    an HTTP proxy on the way, with user and password where it wants them.
    """
    headers = {} if password is None else {"Authorization": authorization(identity, password)}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            async with asyncio.timeout(timeout_s):
                websocket = await session.ws_connect(
                    f"{url.rstrip('/')}/{quote(identity, safe='')}",
                    protocols=subprotocols,
                    ssl=True if tls is None else tls,
                    headers=headers,
                    proxy=proxy,
                    heartbeat=PING_S,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                    max_msg_size=MAX_BYTES,
                )
        except TimeoutError:
            raise ConnectRefused(f"no answer within {timeout_s:g} s") from None
        except aiohttp.WSServerHandshakeError as fault:
            raise ConnectRefused(f"{fault.status} {fault.message}", fault.status) from None
        except (aiohttp.ClientError, OSError) as fault:
            raise ConnectRefused(str(fault) or type(fault).__name__) from None
        connection = Connection(
            websocket, identity=identity, subprotocol=websocket.protocol or "", address=url, observer=observer
        )
        try:
            if websocket.protocol is None:
                raise ConnectRefused(f"it speaks none of {', '.join(subprotocols)}")
            yield connection
        finally:
            await connection.close()


def authorization(identity: str, password: str | bytes) -> str:
    """The header of HTTP Basic authentication."""
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(identity.encode() + b":" + secret).decode()
