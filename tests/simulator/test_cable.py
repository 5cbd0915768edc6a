import asyncio
from contextlib import asynccontextmanager

import pytest

from edge.simulator.cable import Cable


@asynccontextmanager
async def echo():
    """A cable to a server that sends back what it gets."""

    async def answer(reader, writer):
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    cable = Cable("127.0.0.1", server.sockets[0].getsockname()[1])
    await cable.open()
    try:
        async with asyncio.timeout(5):
            yield cable
    finally:
        await cable.close()
        server.close()
        await server.wait_closed()


async def dial(cable):
    return await asyncio.open_connection("127.0.0.1", cable.port)


async def test_a_sound_cable_passes_everything_both_ways():
    async with echo() as cable:
        reader, writer = await dial(cable)
        writer.write(b"abc" * 1_000)
        assert await reader.readexactly(3_000) == b"abc" * 1_000
        writer.close()


async def test_a_stalled_cable_holds_back_what_a_mended_one_then_passes():
    async with echo() as cable:
        reader, writer = await dial(cable)
        cable.stall()
        writer.write(b"held")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.readexactly(4)
        cable.mend()
        assert await reader.readexactly(4) == b"held"
        writer.close()


async def test_a_cut_cable_breaks_its_connections_and_refuses_new_ones():
    async with echo() as cable:
        old_reader, old_writer = await dial(cable)
        old_writer.write(b"a")
        await old_reader.readexactly(1)
        cable.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await old_reader.readexactly(1)
        new_reader, new_writer = await dial(cable)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await new_reader.readexactly(1)
        cable.mend()
        reader, writer = await dial(cable)
        writer.write(b"b")
        assert await reader.readexactly(1) == b"b"
        for open_writer in (old_writer, new_writer, writer):
            open_writer.close()


async def test_a_cable_to_nobody_ends_at_once():
    cable = Cable("127.0.0.1", 1)
    await cable.open()
    reader, writer = await dial(cable)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    await cable.close()
