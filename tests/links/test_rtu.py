"""A serial line whose bytes take their time: who shares it, what goes wrong on it, and what is said then."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from edge.core.errors import DeviceError
from edge.core.manners import Manners
from edge.links.modbus import HOLDING, INPUT, Line, Place, Urgency
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault
from edge.simulator.rtu_line import RtuLine, crc

QUICK = Manners(answer_ms=60)
BAUD = 57_600


@asynccontextmanager
async def laid(*units, model="eastron-sdm630", baud=BAUD, parity="8N1", think_ms=2):
    """A line with a meter at each number, and our end of it."""
    wire = RtuLine(baud=baud, format=parity, think_ms=think_ms)
    meters = []
    for unit in units:
        meter = Meter(model, unit=unit, refresh_ms=0)
        meter.measure((unit * 1000,) * 3, 0)
        wire.devices.append((unit, meter))
        meters.append(meter)
    wire.open()
    line = Line(
        Place(name="rs485", device=str(wire.path), baud=baud, format=parity, is_rtu=True, timeout_s=0)
    )
    try:
        yield wire, line, meters
    finally:
        line.close()
        wire.close()


async def test_registers_over_a_serial_line():
    async with laid(1, 7) as (wire, line, _):
        assert len(await line.device(7).read(INPUT, 0, 18)) == 18
        assert len(await line.device(1).read(INPUT, 0, 2)) == 2
        assert (wire.requests, wire.collisions, wire.short_gaps) == (2, 0, 0)


async def test_many_at_once_never_speak_at_once():
    async with laid(1, 2, 3) as (wire, line, _):
        devices = [line.device(unit) for unit in (1, 2, 3)]
        reads = [device.read(INPUT, 0, 6 * times) for device in devices for times in (1, 2, 3)]
        answers = await asyncio.gather(*reads)
        assert [len(answer) for answer in answers] == [6, 12, 18] * 3
        assert (wire.collisions, wire.short_gaps) == (0, 0)


@pytest.mark.parametrize("after_ms", [0, 1, 2, 4, 6, 9])
async def test_a_request_that_is_cancelled_leaves_the_line_usable(after_ms):
    async with laid(1, 2) as (wire, line, _):
        leaving = asyncio.create_task(line.device(1, QUICK).read(INPUT, 0, 18))
        await asyncio.sleep(after_ms / 1000)
        leaving.cancel()
        assert len(await line.device(2, QUICK).read(INPUT, 0, 4)) == 4
        assert wire.collisions == 0
        assert leaving.cancelled()


async def test_a_deadline_counts_the_wait_for_the_turn():
    async with laid(1, 2, think_ms=40) as (_, line, _meters):
        slow = asyncio.create_task(line.device(1).read(INPUT, 0, 18))
        await asyncio.sleep(0)
        with pytest.raises(DeviceError, match="unit 2 on rs485: no answer within 20 ms"):
            await line.device(2).read(INPUT, 0, 2, deadline_ms=20)
        assert len(await slow) == 18


async def test_a_dead_device_is_left_alone_and_costs_the_others_little():
    async with laid(1) as (wire, line, _):
        alive, dead = line.device(1, QUICK), line.device(9, QUICK)
        loop = asyncio.get_running_loop()
        ends_s, asked, answers = loop.time() + 1.2, 0, 0
        while loop.time() < ends_s:
            with pytest.raises(DeviceError):
                await dead.read(INPUT, 0, 2)
            asked += 1
            answers += len(await alive.read(INPUT, 0, 18)) == 18
        silences = line.requests - answers
        assert silences <= 3  # at once, then after what it may take, then after half a second
        assert asked == answers > 20
        assert wire.collisions == 0


async def test_a_command_is_sent_to_a_device_that_is_left_alone():
    async with laid() as (_, line, _meters):
        dead = line.device(9, QUICK)
        for _try in range(2):
            with pytest.raises(DeviceError):
                await dead.read(INPUT, 0, 2, urgency=Urgency.GUARD)
        before = line.requests
        with pytest.raises(DeviceError):
            await dead.write(261, [60])
        assert line.requests == before + 1


async def test_a_device_that_is_away_for_days_is_asked_every_half_minute():
    async with laid() as (_, line, _meters):
        dead = line.device(9, QUICK)
        dead._presence.silences = 10_000
        with pytest.raises(DeviceError):
            await dead.read(INPUT, 0, 2)
        assert dead._rest_s(Urgency.ROUTINE) == 30
        assert dead._rest_s(Urgency.GUARD) == 1
        assert dead._rest_s(Urgency.COMMAND) == 0


async def test_a_device_that_only_wakes_up_at_the_first_request_is_asked_again():
    async with laid(1) as (_, line, meters):
        meters[0].set_fault(Fault.SILENT)
        asyncio.get_running_loop().call_later(0.03, meters[0].set_fault, Fault.NONE)
        assert len(await line.device(1, Manners(answer_ms=60, repeats=1)).read(INPUT, 0, 2)) == 2


async def test_gaps_between_requests_to_one_device_and_none_to_others():
    async with laid(1, 2) as (_, line, _meters):
        patient, other = line.device(1, Manners(gap_ms=80)), line.device(2)
        loop = asyncio.get_running_loop()
        await patient.read(INPUT, 0, 2)
        began_s = loop.time()
        again = asyncio.create_task(patient.read(INPUT, 0, 2))
        await other.read(INPUT, 0, 2)
        assert loop.time() - began_s < 0.05
        await again
        assert loop.time() - began_s > 0.07


def doubt_of(line, unit):
    return line.device(unit, QUICK).read(INPUT, 0, 18)


async def test_what_is_said_of_a_wrong_number():
    async with laid(1) as (_, line, _meters):
        await line.device(1).read(INPUT, 0, 2)
        with pytest.raises(DeviceError, match=r"unit 5 on rs485 does not answer, others .* that its number"):
            await doubt_of(line, 5)


async def test_what_is_said_of_two_devices_with_one_number():
    async with laid(1, 1, 2) as (_, line, _meters):
        await line.device(2).read(INPUT, 0, 2)
        with pytest.raises(
            DeviceError, match="unit 1 on rs485: a spoilt answer: two devices with one number"
        ):
            await doubt_of(line, 1)


async def test_what_is_said_of_noise_where_nobody_else_answers():
    async with laid(1) as (_, line, meters):
        meters[0].set_fault(Fault.GARBLED)
        with pytest.raises(DeviceError, match="noise instead of an answer: is the line's speed and format"):
            await doubt_of(line, 1)


async def test_what_is_said_of_a_line_where_nobody_answers():
    async with laid(1) as (wire, line, _):
        wire.heard_format = "8E1"
        with pytest.raises(DeviceError, match=r"unit 1 on rs485 does not answer$"):
            await doubt_of(line, 1)


async def test_what_is_said_of_a_port_that_is_not_there():
    line = Line(Place(name="rs485", device="/dev/no-such-port", is_rtu=True, timeout_s=0))
    with pytest.raises(DeviceError, match="/dev/no-such-port cannot be opened with 9600 Bd 8N1: not there"):
        await line.device(1).read(HOLDING, 0, 1)


async def test_a_gateway_that_carries_rtu_frames_over_tcp():
    async with laid(3) as (_, line, _meters):
        line.close()  # the gateway has the serial port to itself

        async def carry(reader, writer):
            serial = Line(line.place)
            frame = await reader.readexactly(8)
            words = await serial.device(frame[0]).read(frame[1], 2, 4)
            body = frame[:2] + bytes([8]) + b"".join(word.to_bytes(2) for word in words)
            writer.write(body + crc(body))
            await writer.drain()
            serial.close()
            writer.close()

        server = await asyncio.start_server(carry, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        over_tcp = Line(Place(name="gateway", host=host, port=port, is_rtu=True, timeout_s=0.5))
        assert len(await over_tcp.device(3).read(INPUT, 2, 4)) == 4
        over_tcp.close()
        server.close()
        await server.wait_closed()
