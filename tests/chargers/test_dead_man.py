"""The dead man at a simulated charger that keeps profiles and a clock of its own: what its pilot says.

Time is not waited for: the charger's clock is moved.
"""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.charger import Charger
from edge.simulator.conversation import Pace
from edge.simulator.station import StationPlan
from edge.site.events import ChargerBooted, TransactionStarted
from edge.site.ports import Confirmed
from tests.chargers.stations import charger, lot, socket

T_MS = 120_000


@pytest.fixture(params=("1.6", "2.0.1", "2.1"))
def version(request):
    return request.param


def mono_ms():
    return time.monotonic_ns() // 1_000_000


class Bay:
    """One simulated charger at our server, charging a car that takes all it gets."""

    def __init__(self, url, version):
        self.skipped_ms = 0
        self.evse = Evse(EvsePlan(name="bay-1", circuit="grid"), voltage_mv=230_000)
        self.evse.advance(mono_ms())
        self.charger = Charger(
            StationPlan(name="CP-1", evses=("bay-1",), version=version),
            {"bay-1": self.evse},
            url=url,
            mono_ms=mono_ms,
            wall_ms=lambda: time.time_ns() // 1_000_000 + self.skipped_ms,
            pace=Pace(answer_s=0.5, reconnect_s=0.02, boot_s=0.02),
        )
        self.ticked = asyncio.Condition()

    async def tick(self):
        while True:
            self.charger.advance(mono_ms())
            self.evse.advance(mono_ms())
            async with self.ticked:
                self.ticked.notify_all()
            await asyncio.sleep(0.01)

    async def pilot(self, expected_ma):
        """The pilot comes to say this."""
        async with asyncio.timeout(5), self.ticked:
            await self.ticked.wait_for(lambda: self.evse.pilot_ma == expected_ma)

    async def skip(self, ms):
        """The charger's clock moves on, and it has had time to act on it."""
        self.skipped_ms += ms
        async with self.ticked:
            for _ in range(3):
                await self.ticked.wait()


@asynccontextmanager
async def charging(version):
    async with lot(charger(evses=(socket(fallback_ma=8_000),))) as site:
        bay = Bay(site.url, version)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(bay.charger.run()), group.create_task(bay.tick())]
            await site.doors.until(lambda: site.doors.events[1:])
            bay.charger.plug(1, CarModel(follow_ms=0, start_ms=0))
            await bay.charger.present(1, "AA")
            await site.doors.until(lambda: site.doors.of(TransactionStarted))
            await bay.pilot(8_000)
            assert isinstance(await site.offer(16_000), Confirmed)
            await bay.pilot(16_000)
            yield site, bay
            for task in running:
                task.cancel()


async def test_it_falls_back_when_t_runs_out_with_the_link_up(version):
    async with charging(version) as (_, bay):
        await bay.skip(T_MS - 3_000)
        assert bay.evse.pilot_ma == 16_000
        await bay.skip(3_000)
        await bay.pilot(8_000)


async def test_a_refresh_keeps_the_limit(version):
    async with charging(version) as (site, bay):
        bay.skipped_ms = site.clock.skipped_ms = 100_000
        assert isinstance(await site.offer(16_000), Confirmed)
        await bay.skip(T_MS - 3_000)
        assert bay.evse.pilot_ma == 16_000


async def test_it_falls_back_when_t_runs_out_with_the_link_cut(version):
    async with charging(version) as (_, bay):
        bay.charger.cut_link()
        await bay.skip(T_MS - 3_000)
        assert bay.evse.pilot_ma == 16_000
        await bay.skip(3_000)
        await bay.pilot(8_000)
        await bay.skip(30 * 86_400_000)
        assert bay.evse.pilot_ma == 8_000


async def test_after_a_reboot_it_is_at_its_fallback_until_a_new_limit_comes(version):
    async with charging(version) as (site, bay):
        await bay.charger.power_cycle()
        await site.doors.until(lambda: len(site.doors.of(ChargerBooted)) == 2)
        await bay.charger.present(1, "AA")
        await site.doors.until(lambda: len(site.doors.of(TransactionStarted)) == 2)
        await bay.pilot(8_000)
        assert isinstance(await site.offer(16_000), Confirmed)
        await bay.pilot(16_000)


async def test_a_clock_somewhat_behind_ours_does_not_dip(version):
    async with charging(version) as (site, bay):
        bay.skipped_ms = -14_000
        assert isinstance(await site.offer(20_000), Confirmed)
        await bay.pilot(20_000)
        await bay.skip(0)
        assert bay.evse.pilot_ma == 20_000
