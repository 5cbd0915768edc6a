"""Devices that we serve, read by a reader that is not ours: Debian's mbpoll, over TCP and over RTU."""

import asyncio
import re
import shutil
import struct
import subprocess
from contextlib import asynccontextmanager

import pytest

from edge.catalogue import meters
from edge.simulator.meter import Meter
from edge.simulator.modbus import TcpHost
from edge.simulator.rtu_line import RtuLine, crc

MBPOLL = shutil.which("mbpoll")
needs_mbpoll = pytest.mark.skipif(MBPOLL is None, reason="sh tests/system-packages.sh installs mbpoll")
FLOWS = (16_000, 6_500, 250)
BAUD = 19_200


async def mbpoll(*arguments):
    """What it prints, by register."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        text = (await process.communicate())[0].decode()
    return {int(at): value for at, value in re.findall(r"\[(\d+)\]:\s+(\S+)", text)}, text


def read(model, field):
    """How mbpoll is told to read a field: zero-based, once, as hexadecimal words."""
    kind = "4:hex" if model.function == 3 else "3:hex"
    first = field.at[0]
    count = field.at[-1] + field.width - first
    return ["-0", "-1", "-t", kind, "-r", str(first), "-c", str(count), "-o", "0.5"]


@asynccontextmanager
async def meter_of(name, unit=5):
    meter = Meter(name, unit=unit, refresh_ms=0)
    meter.measure(FLOWS, 0)
    yield meter


def amperes(model, field, words):
    registers = {at: int(word, 16) for at, word in words.items()}
    return [value / 1000 for value in model.values(field, registers)]


@needs_mbpoll
@pytest.mark.parametrize("name", [name for name, model in meters().items() if not model.discovery])
async def test_every_served_image_over_tcp(name):
    async with meter_of(name) as meter:
        await meter.start()
        field = next((each for each in meter.model.fast if each.name == "current"), meter.model.fast[0])
        words, text = await mbpoll(
            "-m", "tcp", "-p", str(meter.port), "-a", "5", *read(meter.model, field), "127.0.0.1"
        )
        await meter.stop()
        assert words, text
        if field.name == "current":
            shown = [ma / 1000 for ma in FLOWS][: len(field.at)]
            assert amperes(meter.model, field, words) == pytest.approx(shown, abs=0.03)


@needs_mbpoll
async def test_a_served_image_over_a_serial_line():
    wire = RtuLine(baud=BAUD, think_ms=1)
    wire.open()
    async with meter_of("inepro-pro380") as meter:
        wire.devices.append((5, meter))
        field = next(each for each in meter.model.fast if each.name == "current")
        words, text = await mbpoll(
            *("-m", "rtu", "-b", str(BAUD), "-P", "none", "-a", "5"),
            *read(meter.model, field),
            str(wire.path),
        )
    wire.close()
    assert words, text
    assert amperes(meter.model, field, words) == pytest.approx([ma / 1000 for ma in FLOWS], abs=0.03)


class Memory:
    """A device that keeps what it is told."""

    def __init__(self):
        self.kept = {}

    async def read(self, function, address, count):
        return [self.kept.get(at, 0) for at in range(address, address + count)]

    async def write(self, function, address, values):
        self.kept.update(enumerate(values, start=address))

    def spoil(self, frame):
        return frame


@needs_mbpoll
@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("4", ["60"], [60]),
        ("4", ["1", "2", "65535"], [1, 2, 65535]),
        ("0", ["1"], [1]),
        ("0", ["1", "0", "1"], [1, 0, 1]),
    ],
)
async def test_what_a_foreign_writer_writes(kind, values, told):
    host = TcpHost({1: Memory()})
    await host.start()
    _, text = await mbpoll(
        *("-m", "tcp", "-p", str(host.port), "-a", "1", "-0", "-1", "-t", kind, "-r", "261"),
        *("127.0.0.1", "--", *values),
    )
    await host.stop()
    kept = host.devices[1].kept
    assert [kept.get(261 + offset) for offset in range(len(told))] == told, text


def test_the_checksum_of_a_frame():
    # a request for holding registers 107 to 109 of unit 17, and its checksum as libmodbus sends it
    frame = struct.pack(">BBHH", 17, 3, 107, 3)
    assert crc(frame) == bytes.fromhex("7687")
