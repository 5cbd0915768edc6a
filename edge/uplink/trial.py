"""A way to a CSMS, tried step by step: where it ends, and what somebody can do about it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec

from edge.core.errors import PeerError
from edge.links.ocppj import Connection
from edge.links.ocppj_client import ConnectRefused, connect
from edge.site.events import BootAnswer, ChargerBooted
from edge.uplink.versions import Version

STEP_S = 10.0
_STATUSES = {
    401: (
        "it refuses the password",
        "sudo ampyard secret set {csms}, with what the cloud shows for {identity}",
    ),
    403: (
        "it lets nobody in with this identity",
        "ask the operator of the cloud whether {identity} is enabled",
    ),
    404: (
        "it does not know this identity",
        "add {identity} in the cloud, or correct identity or url in the site file",
    ),
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the way: whether it went well, in a sentence, and what to try where not."""

    name: str
    is_well: bool
    sentence: str
    remedy: str = ""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, and as whom. `boot`: what the station says that it is."""

    csms: str
    url: str
    identity: str
    password: str | None
    version: Version
    boot: ChargerBooted
    tls: ssl.SSLContext | None = None
    proxy: str | None = None


async def tried(route: Route) -> AsyncIterator[Step]:
    """Each step as it was done; the first that is not well is the last."""
    steps = (_websocket,) if route.proxy else (_name, _port, _tls, _websocket)
    for step in steps:
        async for done in step(route):
            yield done
            if not done.is_well:
                return


def _place(route: Route) -> tuple[str, int, bool]:
    parts = urlsplit(route.url)
    is_tls = parts.scheme == "wss"
    return parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls


async def _name(route: Route) -> AsyncIterator[Step]:
    host, port, _ = _place(route)
    try:
        async with asyncio.timeout(STEP_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        yield Step(
            name="name",
            is_well=False,
            sentence=f"{host} is not found: {_words(error)}",
            remedy="check the url; does this box reach a name server? `getent hosts " + host + "`",
        )
        return
    yield Step(name="name", is_well=True, sentence=f"{host} is {found[0][4][0]}")


async def _port(route: Route) -> AsyncIterator[Step]:
    host, port, _ = _place(route)
    try:
        async with asyncio.timeout(STEP_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        yield Step(
            name="port",
            is_well=False,
            sentence=f"nobody answers on port {port}: {_words(error)}",
            remedy=f"check the url's port; may this box reach the internet, and its firewall port {port}?",
        )
        return
    writer.close()
    yield Step(name="port", is_well=True, sentence=f"port {port} answers")


async def _tls(route: Route) -> AsyncIterator[Step]:
    host, port, is_tls = _place(route)
    if not is_tls:
        yield Step(
            name="tls", is_well=True, sentence="none: ws:// is not encrypted, passwords are read on the way"
        )
        return
    try:
        async with asyncio.timeout(STEP_S):
            _, writer = await asyncio.open_connection(
                host, port, ssl=route.tls or ssl.create_default_context()
            )
    except ssl.SSLCertVerificationError as error:
        yield Step(
            name="tls",
            is_well=False,
            sentence=f"its certificate is not believed: {error.verify_message}",
            remedy=_certificate_remedy(error),
        )
        return
    except (OSError, TimeoutError) as error:
        yield Step(
            name="tls",
            is_well=False,
            sentence=f"no TLS there: {_words(error)}",
            remedy="is it ws:// instead? Or does the cloud want a certificate of ours (certificate and key)?",
        )
        return
    cipher = writer.get_extra_info("ssl_object").version()
    writer.close()
    yield Step(name="tls", is_well=True, sentence=f"{cipher}, its certificate is believed")


def _certificate_remedy(error: ssl.SSLCertVerificationError) -> str:
    """By OpenSSL's number of what is wrong (X509_V_ERR_...)."""
    if error.verify_code in {9, 10}:
        return "not yet valid, or expired: is the clock of this box right? `timedatectl`; else ask the cloud"
    if error.verify_code in {62, 64}:
        return "it is made out to another name: use the name in the certificate in the url"
    return 'a private authority? ca = "secret:NAME" in the uplink, with its certificate in PEM'


async def _websocket(route: Route) -> AsyncIterator[Step]:
    try:
        async with connect(
            route.url,
            identity=route.identity,
            subprotocols=[route.version.subprotocol],
            password=route.password,
            tls=route.tls,
            proxy=route.proxy,
        ) as connection:
            yield Step(
                name="websocket",
                is_well=True,
                sentence=f"{route.identity} is let in, {connection.subprotocol}",
            )
            yield await _boot(route, connection)
    except ConnectRefused as error:
        yield refusal_step(error, route)


def refusal_step(error: ConnectRefused, route: Route) -> Step:
    """What a refused connection means."""
    sentence, remedy = plain_words(error)
    return Step(
        name="websocket",
        is_well=False,
        sentence=sentence,
        remedy=remedy.format(csms=route.csms, identity=route.identity),
    )


def plain_words(error: ConnectRefused) -> tuple[str, str]:
    """What is wrong, and what to try; `{csms}` and `{identity}` stand for those."""
    if error.status in _STATUSES:
        sentence, remedy = _STATUSES[error.status]
        return f"{error.status}: {sentence}", remedy
    if error.status is not None:
        return (
            f"{error.status}: it answers, but with no WebSocket",
            "check the url's path; else ask the cloud",
        )
    if "speaks none of" in str(error):
        return str(error), "set version in the site file to one that the cloud speaks"
    return str(error), "ampyard uplink test {csms}"


async def _boot(route: Route, connection: Connection) -> Step:
    """BootNotification, as the station that it is."""
    events = route.version.events
    action, payload = events.call_of(route.boot)
    running = asyncio.create_task(connection.run(_refuse_all))
    try:
        answer = events.answer_of(action, await connection.call(action, payload, timeout_s=STEP_S))
    except PeerError as error:
        return Step(
            name="boot",
            is_well=False,
            sentence=f"BootNotification is not answered well: {error}",
            remedy=f"tell the operator of the cloud what {route.identity} sent, and this answer",
        )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    status = answer.status if isinstance(answer, BootAnswer) else "unreadable"
    if status == "accepted":
        return Step(name="boot", is_well=True, sentence="the boot is accepted")
    wait = (
        "wait until it is approved there" if status == "pending" else f"add or enable {route.identity} there"
    )
    return Step(name="boot", is_well=False, sentence=f"the boot is {status}", remedy=f"in the cloud: {wait}")


async def _refuse_all(action: str, _raw: msgspec.Raw) -> bytes:
    raise ConnectRefused(f"{action}: this is a trial")


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {STEP_S:g} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
