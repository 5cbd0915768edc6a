"""A node on the real interpreter: its pins driven by a plant, its registers by the gateway's own driver."""

import asyncio
import contextlib
import socket

from pymodbus.client import AsyncModbusTcpClient

from boards.evse_node import registers
from tests.boards.plant import node

A, B, C, F = 1, 2, 3, 6


def free_port():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


class Reader:
    """A Modbus client that is not ours."""

    def __init__(self, client):
        self._client = client

    async def inputs(self):
        return (await self._client.read_input_registers(0, count=registers.COUNT)).registers

    async def state(self):
        return (await self.inputs())[1]

    async def write(self, at, *words):
        return (await self._client.write_registers(at, list(words))).isError()

    async def limit(self, limit_a):
        assert not await self.write(registers.LIMIT, round(limit_a * 10))

    async def until_state(self, state, limit_a=None, timeout_s=20):
        async with asyncio.timeout(timeout_s):
            while await self.state() != state:
                if limit_a is not None:
                    await self.limit(limit_a)
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def driven(**settings):
    """A node, its plant, and a client at its registers."""
    port = free_port()
    async with node(port, **settings) as (board, plant):
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        assert await client.connect()
        try:
            yield board, plant, Reader(client)
        finally:
            client.close()


async def test_a_car_gets_what_is_written_and_the_contactor_follows_its_pilot():
    async with driven() as (_, plant, reader):
        assert await reader.state() == A
        await reader.limit(10)
        plant.is_plugged = True
        await reader.until_state(C, 10)
        assert plant.flowing_ma in range(9_900, 10_001)
        await reader.limit(0)
        await plant.until(lambda plant: plant.flowing_ma == 0)
        await reader.until_state(B, 0)
        assert not plant.outputs["contactor"]
        await reader.limit(16)
        await plant.until(lambda plant: plant.flowing_ma > 15_800)
        plant.is_plugged = False
        await reader.until_state(A, 16)
        assert not plant.outputs["contactor"]


async def test_without_written_limits_it_falls_back_although_it_is_read():
    async with driven() as (_, plant, reader):
        plant.is_plugged = True
        await reader.until_state(C, 16)
        assert plant.flowing_ma > 15_800
        assert not (await reader.inputs())[16] & 0x8000
        async with asyncio.timeout(9):
            while not (await reader.inputs())[16] & 0x8000:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await plant.until(lambda plant: plant.flowing_ma == 6_000)
        await reader.limit(12)
        await plant.until(lambda plant: plant.flowing_ma in range(11_900, 12_001))


async def test_at_power_up_it_offers_its_fallback_and_what_was_written_is_remembered():
    async with driven(fallback_ma=0) as (board, plant, reader):
        plant.is_plugged = True
        await asyncio.sleep(0.5)
        assert (await reader.state(), plant.flowing_ma) == (B, 0)
        assert not await reader.write(registers.TIMEOUT, 120, 80)
        first = await reader.inputs()
        assert "Traceback" not in await board.kill()
        await board.start(f"from boards.evse_node.main import main; main({str(board.root)!r})")
        await plant.until(lambda plant: plant.flowing_ma in range(7_900, 8_001))
        async with driven_again(board) as again:
            assert (await again.inputs())[16] & 0x7FFF == (first[16] & 0x7FFF) + 1


@contextlib.asynccontextmanager
async def driven_again(board):
    """A client at a board that was started anew."""
    import json  # noqa: PLC0415

    port = json.loads((board.root / "settings.json").read_text())["port"]
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    async with asyncio.timeout(10):
        while not await client.connect():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    try:
        yield Reader(client)
    finally:
        client.close()


async def test_a_trip_a_missing_diode_and_a_welded_contactor_end_the_charge_and_say_which():
    async with driven() as (_, plant, reader):
        plant.is_plugged = True
        await reader.until_state(C, 10)
        plant.has_tripped = True
        await reader.until_state(F, 10)
        assert registers.FAULTS[(await reader.inputs())[2]] == "rcd"
        assert not plant.outputs["contactor"]
        plant.has_tripped, plant.is_plugged = False, False
        await reader.until_state(A, 10)

        plant.has_diode, plant.is_plugged = False, True
        await reader.until_state(F, 10)
        assert registers.FAULTS[(await reader.inputs())[2]] == "pilot"
        plant.has_diode, plant.is_plugged = True, False
        await reader.until_state(A, 10)

        plant.is_plugged = True
        await reader.until_state(C, 10)
        plant.is_welded = True
        await reader.limit(0)
        plant.is_plugged = False
        await reader.until_state(F, 0)
        assert registers.FAULTS[(await reader.inputs())[2]] == "welded"
        beats = plant.beats
        await asyncio.sleep(0.3)
        assert plant.beats == beats, "the hardware's dead man must open what it cannot"


async def test_what_is_out_of_range_is_refused_and_changes_nothing():
    async with driven() as (_, _, reader):
        before = await reader.inputs()
        for at, word in ((100, 30), (100, 999), (101, 1), (101, 601), (102, 50), (102, 161), (103, 2)):
            assert await reader.write(at, word), (at, word)
        assert await reader.write(104, 0)
        assert await reader.write(101, 60, 5), "all of it or nothing"
        assert (await reader.inputs())[:16] == before[:16]
