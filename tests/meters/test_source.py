"""What the sun gives, by any model of meter, either way round."""

import pytest

from edge.catalogue import guards
from edge.links.modbus import Lines
from edge.meters.source import sources_of
from edge.settings import read as read_site
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault
from edge.site.sources import Sources
from tests.meters.clock import MachineClock

FLOWS = (10_000, 0, 5_000)


async def polled(model, *more, fault=Fault.NONE):
    simulated = Meter(model, refresh_ms=0)
    simulated.set_fault(fault)
    simulated.measure(FLOWS, 0)
    simulated.measure(FLOWS, 36_000_000)
    await simulated.start()
    lines, heard = Lines(timeout_s=0.2), []
    rows = [f'model = "{model}"', 'host = "127.0.0.1"', f"port = {simulated.port}", *more]
    text = "\n".join(["[grid]", "rating_a = 63", "building_max_a = 40", "[solar.meter]", *rows])
    site = read_site(text, guards()).accepted()
    (driver,) = sources_of(site, lines=lines, read=heard.append, clock=MachineClock())
    await driver.poll()
    lines.close()
    await simulated.stop()
    return heard


@pytest.mark.parametrize("model", ["eastron-sdm630", "eastron-sdm72", "dzg-dvh4013", "sunspec-meter"])
async def test_its_power_and_what_it_has_given(model):
    (reading,) = await polled(model)
    assert (reading.name, reading.stale_ms) == ("solar", 5_000)
    assert reading.power_w == pytest.approx(3_450, abs=60)
    assert reading.energy_wh == pytest.approx(34_500, abs=10)


async def test_a_meter_that_counts_what_it_gives_as_export():
    (reading,) = await polled("eastron-sdm630", "invert = true", 'ct_ratio = "10/5"')
    assert reading.power_w == pytest.approx(-6_900, abs=120)
    assert reading.energy_wh == 0


async def test_what_cannot_be_read_is_unknown():
    assert [reading.power_w for reading in await polled("eastron-sdm630", fault=Fault.NAN)] == [None]
    assert await polled("eastron-sdm630", fault=Fault.SILENT) == []


async def test_an_old_reading_says_nothing_any_more():
    (reading,) = await polled("eastron-sdm630")
    sources = Sources()
    sources.read(reading)
    (now,) = sources.rows(reading.taken_ms + 5_000)
    (later,) = sources.rows(reading.taken_ms + 5_001)
    assert (now.power_w, later.power_w, later.age_ms) == (reading.power_w, None, 5_001)
