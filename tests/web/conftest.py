import asyncio
import contextlib
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from edge.reports.cdr import cdr
from edge.site.billing.office import Office
from edge.site.desk import Desk
from edge.site.jobs import Jobs
from edge.site.reservations import Reservations
from edge.site.tokens import Token, Tokens
from edge.web import serve
from tests.site.standing_site import MemoryJournal
from tests.web.standing_lot import (
    TIMEZONE,
    StandingArchive,
    StandingClock,
    StandingLot,
    StandingUpkeep,
    riverside,
    session,
)


class Served:
    """A lot, its archive and clock, and a client of the server that shows them."""

    def __init__(self, lot, archive, clock, client, server, stop):
        self.lot = lot
        self.archive = archive
        self.clock = clock
        self.client = client
        self.port = server.port
        self.url = f"http://127.0.0.1:{server.port}"
        self.stop = stop

    def get(self, path, **options):
        return self.client.get(self.url + path, **options)

    def post(self, path, **options):
        return self.client.post(self.url + path, **options)


@contextlib.asynccontextmanager
async def served(lot=None, **options):
    """The lot of the wireframe behind a real server on a free port of this machine."""
    lot = lot or StandingLot(riverside())
    archive = StandingArchive([session(0, ended=False), session(1), session(2, bay="bay-2")])
    clock = StandingClock()
    journal = MemoryJournal()
    desk = Desk(
        Tokens("known", [Token(token="04AABBCC", name="Ada", group="fleet")]),
        journal,
        {},
        jobs=Jobs(journal, clock),
        reservations=Reservations(journal, clock, lambda *_: None),
        wake=lambda: None,
    )
    office = Office(journal, archive, ZoneInfo(TIMEZONE), clock, group_of=desk.group_of, phases={}, write=cdr)
    standing = {"desk": desk, "office": office, "upkeep": StandingUpkeep()}
    options = {"port": 0, "host": "127.0.0.1", "timezone": TIMEZONE} | standing | options
    async with aiohttp.ClientSession() as client, contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(lot, archive, clock, **options))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(server.run())
            yield Served(lot, archive, clock, client, server, stack.aclose)
            running.cancel()


@pytest.fixture
async def box():
    async with served() as shown:
        yield shown
