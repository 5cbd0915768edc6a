"""A real site with a real journal and its uplink, beneath a simulated CSMS on a real socket."""

import asyncio
import contextlib
import time

from edge.journal.opening import open_journal
from edge.simulator.csms import Csms
from edge.site.events import Sampled
from edge.uplink.uplink import Uplink
from tests.site.standing_site import SITE, StandingSite
from tests.site.virtual_time import LoopClock, running
from tests.uplink.cloud_201 import Csms201

RETRY_S = 0.1
CLOUD = """
[uplink.cloud]
url = "{url}"
"""


def cloud_text(url, version="1.6"):
    """The uplink in a site file."""
    return CLOUD.format(url=url) + f'version = "{version}"\n'


class CloudLot(StandingSite):
    """A site whose uplink is at work. `cloud` may be killed and started."""

    def __init__(self, cloud, journal, text):
        super().__init__(text, journal=journal)
        self.cloud = cloud
        self.outbox = journal.outbox

    def uplink(self):
        """An uplink of this lot, to be run."""
        return self.uplinks()[0]

    def uplinks(self):
        """All of them, to be run."""
        return [self._uplink(each) for each in self.settings.uplinks]

    def _uplink(self, uplink):
        return Uplink(
            uplink,
            self.settings,
            password=None,
            evse_ids=self.blueprint.evse_ids,
            doors=self.site,
            outbox=self.outbox,
            clock=self.clock,
            store=self.journal,
            retry_interval_s=RETRY_S,
        )

    @property
    def books(self):
        return self.cloud.books

    def seen(self, station="CP-1"):
        return self.cloud.stations[station]

    def told(self, station="CP-1"):
        """The transaction messages that arrived, in order, repeats left out."""
        return [
            delivery.action
            for delivery in self.books.deliveries
            if delivery.station == station and not delivery.is_repeat
        ]

    async def session(self, charger="bay-1", token="04AB", samples=1, **start):  # noqa: S107  a card
        """A whole transaction at a charger; its id here."""
        begun = await self.start(charger, token, **start)
        for number in range(samples):
            await self.tell(
                Sampled,
                charger,
                evse=1,
                transaction_id=begun.transaction_id,
                energy_wh=2_000 + number,
                current_ma=(10_000, 10_000, 10_000),
            )
        await self.stop(begun.transaction_id, charger, meter_wh=2_500)  # it takes no time
        return begun.transaction_id

    async def until(self, is_so, timeout_s=10):
        """For what shows in the books or the backlog; there is one bell for neither."""
        async with asyncio.timeout(timeout_s):
            while True:
                answer = is_so()
                if await answer if asyncio.iscoroutine(answer) else answer:
                    return
                await asyncio.sleep(0.01)

    async def drained(self):
        async def is_drained():
            return (await self.outbox.backlog("cloud")).waiting == 0

        await self.until(is_drained)

    def status_of_uplink(self):
        ups = self.site.status().uplinks
        return ups[0] if ups else None


@contextlib.asynccontextmanager
async def cloud_lot(folder, *, is_cloud_up=True, has_uplink=True, url=None, cloud=None, others=""):
    """The lot at work; its chargers are not connected yet. `cloud`: another CSMS than one of OCPP 1.6.

    `others`: more of the site file, with `role = "observer"` for whoever else is told.
    """
    is_201 = isinstance(cloud, Csms201)
    cloud = cloud or Csms(wall_ms=lambda: time.time_ns() // 1_000_000)
    cloud.mood.interval_s = 1
    await cloud.start()
    if not is_cloud_up:
        await cloud.kill()
    text = SITE + cloud_text(url or cloud.url, "2.0.1" if is_201 else "1.6") + others
    told = ("cloud", "second") if others else ("cloud",)
    states_to = frozenset({"cloud"} if is_201 else ())
    routes = {"bay-1": told, "bay-2": told}
    async with open_journal(
        folder / "journal.db", LoopClock(), routes, keep_ms=100, states_to=states_to
    ) as journal:
        lot = CloudLot(cloud, journal, text)
        await lot.site.resume()
        work = [lot.site.run(), lot.poll()]
        if has_uplink:
            work.extend(uplink.run() for uplink in lot.uplinks())
        async with running(*work):
            try:
                yield lot
            finally:
                await cloud.kill()
