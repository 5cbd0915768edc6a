"""A scan finds what is there and names it; what it cannot tell apart it says so."""

import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from edge.catalogue import guards, meters
from edge.links.modbus import Line
from edge.meters.proposal import sentence, site_file
from edge.meters.scan import scan_hosts, scan_line
from edge.settings import read as read_site
from edge.simulator.meter import Meter
from edge.simulator.modbus import TcpHost
from edge.simulator.registers import Fault
from edge.simulator.rtu_line import RtuLine

FAST = (115_200, "8E1")
UNITS = range(1, 9)
HOUR_MS = 3_600_000


def metering(name, unit, chance, *, sunspec=203):
    meter = Meter(name, unit=unit, refresh_ms=0, seed=unit, sunspec=sunspec)
    flows = tuple(chance.randint(1_000, 60_000) for _ in range(3))
    meter.measure(flows, 0)
    meter.measure(flows, 100 * HOUR_MS)
    return meter


@asynccontextmanager
async def laid(*meters, setting=FAST):
    wire = RtuLine(baud=setting[0], format=setting[1], think_ms=1)
    wire.devices += [(meter.unit, meter) for meter in meters]
    wire.open()
    try:
        yield wire
    finally:
        wire.close()


async def scanned(wire, settings=(FAST,), units=UNITS, **options):
    def line_at(place):
        wire.heard_format = place.format  # a pseudo-terminal keeps no parity: this is how it is told
        return Line(replace(place, format="8N1"))

    return [
        found
        async for found in scan_line(
            str(wire.path), settings=settings, units=units, line_at=line_at, **options
        )
    ]


def names(found):
    match = found.identified.match if found.identified else None
    return {match.model.name, *found.identified.alike, *found.identified.doubtful} if match else set()


async def test_a_line_with_meters_at_an_unknown_speed():
    chance = random.Random(7)
    there = [metering("inepro-pro380", 2, chance), metering("eastron-sdm630", 5, chance)]
    shown = []
    async with laid(*there) as wire:
        found = await scanned(
            wire,
            [(115_200, "8N1"), FAST, (57_600, "8E1")],
            units=(2, 4, 5),
            progress=lambda *what: shown.append(what),
        )
    assert [(each.unit, each.place.baud, each.place.format) for each in found] == [(2, *FAST), (5, *FAST)]
    assert [names(each) for each in found] == [{"inepro-pro380"}, {"eastron-sdm630"}]
    assert [done for _, done, _ in shown] == list(range(9))
    assert {total for *_, total in shown} == {9}


async def test_two_devices_with_one_number_are_told_as_such():
    chance = random.Random(3)
    async with laid(metering("eastron-sdm630", 4, chance), metering("inepro-pro380", 4, chance)) as wire:
        (found,) = await scanned(wire, units=(4,))
    assert found.identified is None
    assert "unit 4" in sentence(found)
    assert "noise" in sentence(found)


async def test_words_in_the_wrong_order_are_told_with_the_model():
    meter = metering("eastron-sdm630", 1, random.Random(1))
    meter.set_fault(Fault.SWAPPED)
    meter.measure((10_000, 12_000, 14_000), 200 * HOUR_MS)
    async with laid(meter) as wire:
        (found,) = await scanned(wire, units=(1,))
    assert names(found) == {"eastron-sdm630"}
    assert "swapped" in sentence(found)


async def test_what_is_no_meter_is_told_as_unknown():
    class Stranger:
        async def read(self, function, address, count):
            return [7] * count

        async def write(self, function, address, values):
            pass

        def spoil(self, frame):
            return frame

    async with laid() as wire:
        wire.devices.append((3, Stranger()))
        (found,) = await scanned(wire, units=(3,))
    assert sentence(found) == "answers, but as nothing that is known here"
    assert "nothing that is known here" in site_file([found])


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_mixture_in_a_network(seed):
    chance = random.Random(seed)
    hosts = [f"127.0.9.{number}" for number in range(1, 40)]
    places = dict(zip(chance.sample(hosts, 10), chance.sample(sorted(meters()), 10), strict=True))
    async with AsyncExitStack() as stack:
        port = 0
        for host, name in places.items():
            served = TcpHost({1: metering(name, 1, chance)}, host=host, port=port)
            await served.start()
            stack.push_async_callback(served.stop)
            port = served.port
        found = [each async for each in scan_hosts(hosts, port=port, units=(1, 2))]
    assert {each.place.host for each in found} == set(places)
    assert all(places[each.place.host] in names(each) for each in found)


async def test_several_meters_behind_one_gateway():
    chance = random.Random(5)
    served = TcpHost({unit: metering("eastron-sdm630", unit, chance) for unit in (1, 2)}, host="127.0.9.50")
    await served.start()
    found = [each async for each in scan_hosts(["127.0.9.50"], port=served.port, units=(1, 2, 3))]
    await served.stop()
    assert [each.unit for each in found] == [1, 2]


async def test_the_proposed_file_only_lacks_what_the_installer_knows():
    chance = random.Random(2)
    async with laid(metering("inepro-pro380", 2, chance), metering("schneider-iem3000", 3, chance)) as wire:
        found = await scanned(wire, units=(2, 3))
    text = site_file(found)
    assert "schneider-pm5xxx, which reads the same" in text
    faults = read_site(text, guards()).faults
    assert {(fault.keyword, fault.where) for fault in faults} == {
        ("missing", "[grid] rating_a"),
        ("missing", "[grid] building_max_a"),
        ("missing", "[circuit.meter-2] rating_a"),
    }
    known = text.replace("# rating_a       =", "rating_a = 63").replace(
        "# building_max_a =", "building_max_a = 40"
    )
    site = read_site(known, guards()).accepted()
    meter = site.circuit("grid").meter
    assert (meter.model, meter.line.device, meter.line.baud) == ("inepro-pro380", str(wire.path), 115_200)
