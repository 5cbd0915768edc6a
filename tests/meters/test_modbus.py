"""A meter polled over real Modbus TCP, well and in every kind of trouble."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from edge.links.modbus import Lines
from edge.meters.modbus import meters_of
from edge.settings import read as read_site
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault
from edge.site.ports import Reading
from tests.meters.clock import MachineClock

MODELS = ["eastron-sdm630", "schneider-iem3000"]


class Lot:
    """A simulated meter, the driver that polls it, and what the site was handed."""

    def __init__(self, simulated: Meter, model: str, extra: str, lines: Lines) -> None:
        self.simulated = simulated
        self.readings: list[Reading] = []
        self.came = asyncio.Event()
        settings = site(model, simulated.port, extra)
        (self.driver,) = meters_of(settings, lines=lines, read=self.take, clock=MachineClock())

    def take(self, reading: Reading) -> None:
        self.readings.append(reading)
        self.came.set()

    async def next(self, wanted=lambda reading: True) -> Reading:
        async with asyncio.timeout(5):
            while True:
                self.came.clear()
                await self.came.wait()
                if wanted(self.readings[-1]):
                    return self.readings[-1]


def site(model: str, port: int, extra: str = ""):
    text = f"""
[grid]
rating_a = 63
building_max_a = 40
[grid.meter]
model = "{model}"
host = "127.0.0.1"
port = {port}
{extra}
"""
    return read_site(text, dict.fromkeys(MODELS, True)).accepted()


@asynccontextmanager
async def lot(model="eastron-sdm630", extra=""):
    simulated = Meter(model, refresh_ms=0)
    simulated.measure((41_000, 38_000, 44_000), 0)
    await simulated.start()
    lines = Lines(timeout_s=0.2)
    try:
        yield Lot(simulated, model, extra, lines)
    finally:
        lines.close()
        await simulated.stop()


class Told(logging.Handler):
    """What the log is told, to be awaited."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def emit(self, record):
        self.lines.put_nowait((record.levelname, record.getMessage()))

    async def next(self):
        return await asyncio.wait_for(self.lines.get(), 5)


@pytest.fixture
def told():
    log, handler = logging.getLogger("edge.meters.modbus"), Told()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@asynccontextmanager
async def running(lot):
    task = asyncio.create_task(lot.driver.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("model", MODELS)
async def test_a_reading_of_each_model(model):
    async with lot(model) as the:
        before = MachineClock().mono_ms()
        await the.driver.poll()
        (reading,) = the.readings
        assert reading.circuit == "grid"
        assert reading.current_ma == pytest.approx((41_000, 38_000, 44_000), abs=16)
        assert (
            min(read - true for read, true in zip(reading.current_ma, (41_000, 38_000, 44_000), strict=True))
            >= 0
        )
        assert reading.voltage_mv == pytest.approx((230_000,) * 3, abs=310)
        assert before <= reading.taken_ms <= MachineClock().mono_ms()


async def test_it_is_read_twice_a_second_and_more():
    async with lot() as the, running(the):
        first = await the.next()
        for _ in range(3):
            last = await the.next()
        assert last.taken_ms - first.taken_ms <= 3 * 500


async def test_energy_is_read_now_and_then():
    async with lot() as the, running(the):
        assert (await the.next(lambda reading: reading.energy_wh is not None)).energy_wh == 0


async def test_the_wiring_of_the_site_file_is_applied():
    async with lot(extra='phase_rotation = "L2L3L1"') as the:
        await the.driver.poll()
        assert the.readings[0].current_ma == pytest.approx((44_000, 41_000, 38_000), abs=16)


async def test_registers_that_stand_still_are_told_since_when():
    async with lot() as the:
        the.simulated.set_fault(Fault.FROZEN)
        for _ in range(3):
            await the.driver.poll()
        assert len({reading.unchanged_since_ms for reading in the.readings}) == 1
        assert the.readings[0].unchanged_since_ms == the.readings[0].taken_ms
        the.simulated.set_fault(Fault.NONE)
        the.simulated.measure((41_000, 38_000, 44_001), 1)
        await the.driver.poll()
        assert the.readings[-1].unchanged_since_ms == the.readings[-1].taken_ms


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "fault",
    [Fault.NAN, Fault.UNMEASURED, Fault.INFINITE, Fault.NEGATIVE, Fault.ROLLED_OVER, Fault.SWAPPED],
)
async def test_what_cannot_be_believed_is_handed_over_as_unknown(model, fault):
    async with lot(model) as the:
        the.simulated.set_fault(fault)
        the.simulated.measure((41_000, 38_000, 44_000), 1)
        await the.driver.poll()
        assert [reading.current_ma for reading in the.readings] == [None]


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.BUSY, Fault.SLOW])
async def test_nothing_is_handed_over_of_a_meter_that_does_not_answer(fault):
    async with lot() as the:
        await the.driver.poll()
        the.simulated.set_fault(fault)
        await the.driver.poll()
        assert len(the.readings) == 1
        the.simulated.set_fault(Fault.NONE)
        await the.driver.poll()
        assert len(the.readings) == 2


async def test_a_meter_that_restarts_is_found_again():
    async with lot() as the, running(the):
        await the.next()
        await the.simulated.stop()
        count = len(the.readings)
        await the.simulated.start()
        async with asyncio.timeout(5):
            while len(the.readings) <= count:
                await the.next()


async def test_the_log_tells_once_that_it_is_lost_and_once_that_it_is_back(told, monkeypatch):
    monkeypatch.setattr("edge.meters.modbus.LOST_AFTER_MS", 500)
    monkeypatch.setattr("edge.meters.modbus.LOST_POLL_MS", 10)
    async with lot() as the, running(the):
        level, line = await told.next()
        assert (level, line[:21], line[-15:]) == ("INFO", "grid: meter answers: ", " A, every 0.4 s")
        the.simulated.set_fault(Fault.BUSY)
        level, line = await told.next()
        assert level == "WARNING"
        assert line.startswith("grid: meter lost: unit 1 at 127.0.0.1:")
        assert line.endswith("answers exception 6, device busy")
        the.simulated.set_fault(Fault.NAN)
        the.simulated.measure((41_000, 38_000, 44_000), 1)
        await the.next(lambda reading: reading.current_ma is None)  # another trouble is no other story
        the.simulated.set_fault(Fault.NONE)
        the.simulated.measure((41_000, 38_000, 44_000), 2)
        level, line = await told.next()
        assert (level, line[:21]) == ("INFO", "grid: meter answers: ")
        assert told.lines.empty()


async def test_the_neutral_is_read_behind_the_phases_where_the_model_has_it():
    async with lot() as here, running(here):
        reading = await here.next()
        assert reading.neutral_ma == pytest.approx(5_196, abs=60)  # 41, 38 and 44 A, a third of a turn apart
        assert reading.magnitude_ma == reading.current_ma
    async with lot("schneider-iem3000") as here, running(here):
        assert (await here.next()).neutral_ma is None


async def test_a_device_without_a_neutral_is_not_asked_for_it_again(told):
    async with lot() as here:
        here.simulated.absent = frozenset({0xE0})
        async with running(here):
            for _ in range(5):
                assert (await here.next()).neutral_ma is None
        assert here.simulated.requests == 5 + 3 + 1  # phases, the neutral in vain, counters
