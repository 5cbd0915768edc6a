"""Meters of every kind over real lines: what the site is handed, and which cause is told."""

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from edge.catalogue import guards, meters
from edge.core.errors import DeviceError
from edge.links.modbus import Lines
from edge.meters.modbus import meters_of
from edge.settings import read as read_site
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault
from edge.simulator.rtu_line import RtuLine
from tests.meters.clock import MachineClock

GUARDS = [name for name, can_guard in guards().items() if can_guard]
FLOWS = (41_000, 38_000, 44_000)
BAUD = 115_200


@asynccontextmanager
async def site_on_a_line(text, *simulated, **doors):
    """The drivers of a site whose line is `rs485`, and what they hand over."""
    wire = RtuLine(baud=BAUD, think_ms=1)
    wire.devices += [(meter.unit, meter) for meter in simulated]
    wire.open()
    lines, heard = Lines(timeout_s=0.2), []
    settings = read_site(
        f'[line.rs485]\nport = "{wire.path}"\nbaud = {BAUD}\n'
        f"[grid]\nrating_a = 63\nbuilding_max_a = 40\n{text}",
        guards(),
    ).accepted()
    try:
        drivers = meters_of(settings, lines=lines, read=heard.append, clock=MachineClock(), **doors)
        yield list(drivers), heard
    finally:
        lines.close()
        wire.close()


def measuring(model, unit=1, flows=FLOWS, **options):
    meter = Meter(model, unit=unit, refresh_ms=0, **options)
    meter.measure(flows, 0)
    return meter


def grid(model, *more):
    return "\n".join(["[grid.meter]", f'model = "{model}"', 'line = "rs485"', *more])


@pytest.mark.parametrize("model", [*GUARDS, "sunspec-213"])
async def test_every_model_that_guards_a_fuse_is_read_over_a_serial_line(model):
    name, _, number = model.rpartition("-") if model == "sunspec-213" else (model, "", "203")
    name = "sunspec-meter" if name == "sunspec" else name
    async with site_on_a_line(grid(name), measuring(name, sunspec=int(number))) as ((driver,), heard):
        await driver.poll()
        assert heard[0].current_ma == pytest.approx(FLOWS, abs=30)
        assert min(said - true for said, true in zip(heard[0].current_ma, FLOWS, strict=True)) >= 0
        if heard[0].voltage_mv is not None:
            assert heard[0].voltage_mv == pytest.approx((230_000,) * 3, abs=500)
        await driver.poll()
        assert heard[1].energy_wh == (None if name == "janitza-umg801-806" else 0)


async def test_current_transformers_that_the_meter_was_not_told_of():
    meter = measuring("eastron-sdm630", flows=(500, 600, 700))
    async with site_on_a_line(grid("eastron-sdm630", 'ct_ratio = "250/5"'), meter) as ((driver,), heard):
        await driver.poll()
        assert heard[0].current_ma == pytest.approx((25_000, 30_000, 35_000), abs=800)
        assert heard[0].power_w == pytest.approx(90 * 230, rel=0.05)


async def test_a_circuit_that_others_add_up_to():
    text = """
[grid.meter]
sum = ["west", "east"]
[circuit.west]
parent = "grid"
rating_a = 32
[circuit.west.meter]
model = "eastron-sdm630"
line = "rs485"
[circuit.east]
parent = "grid"
rating_a = 32
[circuit.east.meter]
model = "orno-we516-517"
line = "rs485"
unit = 2
"""
    west = measuring("eastron-sdm630", 1, (10_000, 0, 4_000))
    east = measuring("orno-we516-517", 2, (6_000, 2_000, 0))
    async with site_on_a_line(text, west, east) as (drivers, heard):
        for driver in drivers:
            await driver.poll()
        assert [reading.circuit for reading in heard] == ["west", "east", "grid"]
        assert heard[-1].current_ma == pytest.approx((16_000, 2_000, 4_000), abs=400)


@pytest.mark.parametrize(
    ("configured", "real", "fault", "cause"),
    [
        ("eastron-sdm630", "eastron-sdm630", Fault.SWAPPED, "with its words in the other order it would fit"),
        ("eastron-sdm630", "eltako-dsz15-16", Fault.NONE, "it looks like eltako-dsz15-16"),
        ("eltako-dsz15-16", "eastron-sdm630", Fault.NONE, "it looks like eastron-sdm630"),
        (
            "orno-we516-517",
            "janitza-umg96-series",
            Fault.NONE,
            "illegal data address: is it a orno-we516-517?",
        ),
        ("orno-we516-517", "eastron-sdm630", Fault.NONE, "illegal function: is it a orno-we516-517?"),
        ("sunspec-meter", "orno-we516-517", Fault.NONE, "illegal data address: is it a sunspec-meter?"),
        ("eastron-sdm630", "eastron-sdm630", Fault.GARBLED, "noise instead of an answer"),
    ],
)
async def test_the_likely_cause_is_told(configured, real, fault, cause, caplog, monkeypatch):
    monkeypatch.setattr("edge.meters.modbus.LOST_AFTER_MS", 0)
    meter = measuring(real)
    meter.set_fault(fault)
    meter.measure(FLOWS, 1)
    async with site_on_a_line(grid(configured), meter) as ((driver,), heard):
        await driver.poll()
        assert [reading.current_ma for reading in heard] in ([], [None])
        assert cause in caplog.text


async def test_the_site_is_told_the_cause_and_when_it_is_over(monkeypatch):
    monkeypatch.setattr("edge.meters.modbus.LOST_AFTER_MS", 0)
    told = []
    meter = measuring("eastron-sdm630")
    async with site_on_a_line(grid("eastron-sdm630"), meter, trouble=lambda *what: told.append(what)) as (
        (driver,),
        _,
    ):
        await driver.poll()
        meter.set_fault(Fault.NAN)
        meter.measure(FLOWS, 1)
        await driver.poll()
        meter.set_fault(Fault.NONE)
        meter.measure(FLOWS, 2)
        await driver.poll()
    assert told == [("grid", ""), ("grid", "answers, but L1 is not measured"), ("grid", "")]


def test_every_model_is_a_name_for_a_site_file():
    assert {"eastron-sdm630", "sunspec-meter"} <= set(GUARDS) <= set(meters())


async def test_a_meter_keeps_its_period_beside_dead_devices():
    meter = measuring("eastron-sdm630")
    async with site_on_a_line(grid("eastron-sdm630"), meter) as ((driver,), heard):
        line = driver._device.line
        dead = [line.device(unit) for unit in range(20, 28)]

        async def ask(device):
            while True:
                try:
                    await device.read(3, 0, 10)
                except DeviceError:
                    await asyncio.sleep(0.02)

        tasks = [asyncio.create_task(driver.run()), *(asyncio.create_task(ask(device)) for device in dead)]
        await asyncio.sleep(3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        times = [reading.taken_ms for reading in heard]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert max(gaps) < 900
        assert sum(gaps) / len(gaps) < 460
