"""Listens for HTTP on the network and on a Unix socket, and puts the routes together."""

import contextlib
import errno
import socket as sockets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
from aiohttp import web

from edge.core.errors import ConfigError
from edge.site.billing.office import Office
from edge.site.desk import Desk
from edge.site.durable import Archive
from edge.site.ports import Clock, SiteDoors
from edge.site.upkeep import Upkeep
from edge.web.adopting import Adopting
from edge.web.billing import Billing
from edge.web.commands import Commands
from edge.web.feed import Feed
from edge.web.grid import Grid
from edge.web.guard import add_headers, guard
from edge.web.history import History
from edge.web.journal import JournalDesk
from edge.web.metrics import Metrics
from edge.web.openapi import OpenApi
from edge.web.orders import Orders
from edge.web.passports import Passports
from edge.web.reading import Reading
from edge.web.rehearsal import Rehearsal
from edge.web.static_files import StaticFiles
from edge.web.tokens import TokenDesk
from edge.web.transactions import Transactions

MOST_BYTES = 16 * 1024  # of a request's body
SHUTDOWN_S = 0.3
SOCKET_MODE = 0o660


class PortTakenError(ConfigError):
    """Another program listens on this port."""


class SocketTakenError(ConfigError):
    """The Unix socket cannot be made, or another controller listens on it."""


class WebServer:
    """A server that listens. `port` is the bound one; `run` it in a group of tasks until cancelled."""

    def __init__(self, port: int, feed: Feed) -> None:
        self.port = port
        self._feed = feed

    async def run(self) -> None:
        """Follow the site, so that every open page does."""
        await self._feed.run()


@contextlib.asynccontextmanager
async def serve(
    doors: SiteDoors,
    archive: Archive,
    clock: Clock,
    *,
    desk: Desk,
    office: Office,
    port: int,
    host: str = "0.0.0.0",  # noqa: S104  the page is for the lot's network; orders are not, see guard
    socket: Path | None = None,
    timezone: str | None = None,
    rehearsal_url: str | None = None,
    upkeep: Upkeep,
    adopting: Adopting | None = None,
) -> AsyncIterator[WebServer]:
    """Listen while the context lasts, page and API. Leaving takes less than 1 s, whoever still reads.

    `socket`: also listen there, for the command line. `rehearsal_url`: where the simulator takes orders.
    `adopting`: where new chargers may be given a place. `upkeep`: the journal, for people.
    Raises PortTakenError, SocketTakenError, and ConfigError for whatever else keeps it from listening.
    """
    history = History()
    feed = Feed(doors, history)
    rehearses = rehearsal_url is not None
    reading = Reading(doors, archive, history, clock=clock, timezone=timezone, has_rehearsal=rehearses)
    app = web.Application(middlewares=[guard], client_max_size=MOST_BYTES)
    app.on_response_prepare.append(add_headers)
    rooms = (
        StaticFiles(),
        reading,
        Orders(doors, clock),
        Commands(doors, desk),
        TokenDesk(desk),
        Transactions(doors, archive, desk),
        Passports(doors),
        Grid(doors),
        Metrics(doors),
        Billing(doors, archive, office, clock),
        JournalDesk(upkeep),
        OpenApi(app),
    )
    app.add_routes([route for room in rooms for route in room.routes()])
    if adopting is not None:
        app.add_routes(adopting.routes())
    app.router.add_get("/api/events", feed.stream)
    async with contextlib.AsyncExitStack() as stack:
        if rehearsal_url is not None:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            app.add_routes(Rehearsal(rehearsal_url, session).routes())
        listener = None if socket is None else stack.enter_context(_unix_socket(socket))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.callback(feed.close)
        bound = await _listen(runner, host, port)
        if listener is not None:
            await web.SockSite(runner, listener).start()
        yield WebServer(bound, feed)


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"port {port} is taken by another program") from None
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot listen on port {port}: {reason}") from None
    bound: int = runner.addresses[0][1]
    return bound


@contextlib.contextmanager
def _unix_socket(path: Path) -> Iterator[sockets.socket]:
    """A bound socket that owner and group may use; the file goes when the context ends."""
    listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    try:
        _clear(path)
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {path}: {error.strerror or error}") from None
    except ConfigError:
        listener.close()
        raise
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    """Remove what a killed process left; leave alone what somebody listens on, and what is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise SocketTakenError(f"{path} is there already, and is no socket")
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise SocketTakenError(f"another controller listens on {path}")
