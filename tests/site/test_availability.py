"""How much of a day a charger could be used: what was seen, and no more."""

import asyncio

from edge.site.availability import DAYS
from edge.site.events import EvseStatusChanged, LinkChanged
from tests.site.standing_site import standing_site
from tests.site.virtual_time import in_virtual_time

HOUR_S = 3_600


@in_virtual_time
async def test_links_and_faults_are_counted_and_kept_by_the_day():
    async with standing_site() as lot:
        await lot.connect()
        began_ms = lot.clock.now_ms()
        await asyncio.sleep(2 * HOUR_S)
        await lot.tell(EvseStatusChanged, evse=1, state="faulted", error="GroundFailure")
        await asyncio.sleep(HOUR_S)
        await lot.tell(EvseStatusChanged, evse=1, state="available")
        await asyncio.sleep(HOUR_S)
        await lot.tell(LinkChanged, is_up=False, address="")
        await asyncio.sleep(HOUR_S)
        uptime = lot.site.uptimes(began_ms, lot.clock.now_ms())["bay-1"]
        assert (uptime.faults, uptime.losses) == (1, 1)
        assert round(uptime.watched_ms / 1_000 / HOUR_S, 2) == 5
        assert uptime.permille in range(598, 602)
        never = lot.site.uptimes(began_ms, lot.clock.now_ms())["bay-2"]
        assert (never.permille, never.losses) == (0, 0)
        journal = lot.journal
        assert journal.papers[DAYS]
    async with standing_site(journal=journal) as again:
        found = again.site.uptimes(began_ms, again.clock.now_ms() + 86_400_000)["bay-1"]
        assert found.watched_ms >= 4 * HOUR_S * 1_000
