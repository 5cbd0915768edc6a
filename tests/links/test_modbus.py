"""The link answers exactly what was asked for, or says in one sentence why not."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from edge.core.errors import DeviceError
from edge.core.manners import Manners
from edge.links.modbus import INPUT, Lines
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault


class Link:
    """One line, whose units are asked by their number."""

    def __init__(self, port, timeout_s):
        self.port = port
        self.line = Lines(timeout_s=timeout_s).to("127.0.0.1", port)

    async def read(self, unit, *what):
        return await self.line.device(unit, Manners(answer_ms=0)).read(*what)

    def close(self):
        self.line.close()


@asynccontextmanager
async def scripted(answer):
    """A device on a free port: `answer(transaction, unit, request)` gives the bytes to send, or None."""

    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readexactly(7)
                body = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
                reply = answer(head[:2], head[6:7], body)
                if reply is None:
                    break
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the link closed
        finally:
            writer.close()

    served = set()

    async def serve_one(reader, writer):
        served.add(asyncio.current_task())
        await serve(reader, writer)

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    link = Link(server.sockets[0].getsockname()[1], 0.3)
    try:
        yield link
    finally:
        link.close()
        server.close()
        await server.wait_closed()
        await asyncio.wait_for(asyncio.gather(*served), 2)


def frame(transaction: bytes, unit: bytes, body: bytes) -> bytes:
    return transaction + b"\x00\x00" + (len(body) + 1).to_bytes(2) + unit + body


def full(transaction, unit, body):
    count = int.from_bytes(body[3:5])
    return frame(transaction, unit, body[:1] + bytes([2 * count]) + bytes(range(2 * count)))


async def test_registers_come_as_they_stand_on_the_wire():
    async with scripted(full) as link:
        assert await link.read(1, INPUT, 6, 3) == [0x0001, 0x0203, 0x0405]


async def test_the_request_on_the_wire():
    seen = []

    def record(transaction, unit, body):
        seen.append(unit + body)
        return full(transaction, unit, body)

    async with scripted(record) as link:
        await link.read(17, INPUT, 0x0BB7, 6)
        await link.read(17, 3, 0x0BB7, 6)
    assert seen == [bytes.fromhex("11 04 0BB7 0006"), bytes.fromhex("11 03 0BB7 0006")]


async def test_an_exception_is_told_by_name():
    async with scripted(lambda t, u, body: frame(t, u, bytes([body[0] | 0x80, 2]))) as link:
        with pytest.raises(DeviceError, match="answers exception 2, illegal data address"):
            await link.read(1, INPUT, 0, 2)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_another_number_of_registers_than_asked_for_is_no_answer(count):
    def other(transaction, unit, body):
        return frame(transaction, unit, body[:1] + bytes([2 * count]) + bytes(2 * count))

    async with scripted(other) as link:
        with pytest.raises(DeviceError, match=f"answers {count} of 2 registers|does not answer"):
            await link.read(1, INPUT, 0, 2)


async def test_an_answer_to_somebody_else_is_not_taken():
    def late(transaction, unit, body):
        return full((int.from_bytes(transaction) + 1).to_bytes(2), unit, body)

    async with scripted(late) as link:
        with pytest.raises(DeviceError, match="does not answer"):
            await link.read(1, INPUT, 0, 2)


def nothing(transaction, unit, body):
    """The device closes the connection instead."""


@pytest.mark.parametrize("body", [b"\x44\x00", b"\x04", b"\x04\x09\x00", b"\x84"])
async def test_a_link_survives_what_is_no_modbus(body):
    answers = iter([lambda t, u, _: frame(t, u, body), full, full, full])

    def answer(transaction, unit, request):
        return next(answers)(transaction, unit, request)

    async with scripted(answer) as link:
        await refused(link)
        assert await link.read(1, INPUT, 0, 1) == [1]


async def refused(link):
    with pytest.raises(DeviceError):
        await link.read(1, INPUT, 0, 2)


async def test_an_answer_to_another_function_is_not_taken():
    async with scripted(lambda t, u, body: full(t, u, b"\x03" + body[1:])) as link:
        with pytest.raises(DeviceError, match="answers something that it was not asked"):
            await link.read(1, INPUT, 0, 2)


async def test_an_answer_of_another_unit_is_not_taken():
    async with scripted(lambda t, u, body: full(t, b"\x09", body)) as link:
        with pytest.raises(DeviceError, match=r"unit 1 at .* does not answer"):
            await link.read(1, INPUT, 0, 2)


async def test_a_link_that_is_cut_is_opened_again():
    answers = iter([full, nothing, full])

    def answer(transaction, unit, body):
        return next(answers)(transaction, unit, body)

    async with scripted(answer) as link:
        assert await link.read(1, INPUT, 0, 1)
        await refused(link)
        assert await link.read(1, INPUT, 0, 1)


async def test_nobody_waits_for_a_device_that_is_away():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    link = Link(port, 1)
    await refused(link)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(DeviceError, match="refuses connections"):
            await link.read(1, INPUT, 0, 2)
    assert time.monotonic() - began < 0.1
    link.close()


async def test_a_silent_device_costs_one_time_out_and_no_more():
    meter = Meter("eastron-sdm630")
    await meter.start()
    meter.set_fault(Fault.SILENT)
    link = Link(meter.port, 0.2)
    try:
        began = time.monotonic()
        with pytest.raises(DeviceError, match="does not answer"):
            await link.read(1, INPUT, 0, 2)
        assert 0.15 < time.monotonic() - began < 0.6
        meter.set_fault(Fault.NONE)
        assert len(await link.read(1, INPUT, 0, 2)) == 2
    finally:
        link.close()
        await meter.stop()


async def test_users_of_one_address_share_a_connection_and_take_turns():
    at_once = []

    def count(transaction, unit, body):
        at_once.append(unit)
        return full(transaction, unit, body)

    async with scripted(count) as opened:
        lines = Lines(timeout_s=0.3)
        line = lines.to("127.0.0.1", opened.port)
        assert lines.to("127.0.0.1", opened.port) is line
        answers = await asyncio.gather(*(line.device(unit).read(INPUT, 0, unit) for unit in range(1, 6)))
        lines.close()
    assert [len(answer) for answer in answers] == [1, 2, 3, 4, 5]
    assert at_once == [bytes([unit]) for unit in range(1, 6)]


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancellation_that_comes_together_with_the_answer_is_not_lost(turns):
    reading = None

    def cancel_after(left):
        if left:
            asyncio.get_running_loop().call_soon(cancel_after, left - 1)
        else:
            reading.cancel()

    def reply(transaction, unit, body):
        cancel_after(turns)
        return full(transaction, unit, body)

    async def read_on():
        while True:
            await link.read(1, INPUT, 0, 2)
            await asyncio.sleep(0.5)

    async with scripted(reply) as link:
        reading = asyncio.create_task(read_on())
        async with asyncio.timeout(0.4):
            await asyncio.wait({reading})
        assert reading.cancelled()
