import asyncio
import math
import struct
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from edge.catalogue import meter, meters
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault, Measured, RegisterMap

CURRENT = {"eastron-sdm630": 0x0006, "schneider-iem3000": 0x0BB7}


@asynccontextmanager
async def served(model="eastron-sdm630", **options):
    """A meter on a free port and a client of it that waits half a second."""
    meter = Meter(model, **options)
    await meter.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=meter.port, timeout=0.3, retries=0, reconnect_delay=0)
    try:
        assert await client.connect()
        yield meter, client
    finally:
        client.close()
        await meter.stop()


async def words(client, model, address, count, unit=1):
    read = client.read_input_registers if meter(model).function == 4 else client.read_holding_registers
    return await read(address, count=count, device_id=unit)


async def amperes(client, model="eastron-sdm630"):
    answer = await words(client, model, CURRENT[model], 6)
    assert not answer.isError()
    return struct.unpack(">3f", struct.pack(">6H", *answer.registers))


@pytest.mark.parametrize("model", CURRENT)
async def test_a_client_reads_the_currents_of_the_circuit(model):
    async with served(model) as (meter, client):
        meter.measure((16_000, 6_500, 0), 0)
        assert await amperes(client, model) == pytest.approx((16, 6.5, 0), abs=0.016)


async def test_currents_never_read_lower_than_they_are():
    async with served(refresh_ms=0) as (meter, client):
        for now in range(30):
            meter.measure((16_000, 16_000, 16_000), now)
            assert min(await amperes(client)) >= 16


async def test_registers_are_renewed_at_the_meters_own_pace():
    async with served(refresh_ms=200) as (meter, client):
        meter.measure((10_000, 0, 0), 0)
        meter.measure((20_000, 0, 0), 199)
        assert (await amperes(client))[0] == pytest.approx(10, abs=0.02)
        meter.measure((20_000, 0, 0), 200)
        assert (await amperes(client))[0] == pytest.approx(20, abs=0.02)


async def test_voltage_power_and_energy_belong_to_the_current():
    async with served(refresh_ms=0) as (meter, client):
        meter.measure((10_000, 10_000, 10_000), 0)
        meter.measure((10_000, 10_000, 10_000), 3_600_000)
        answer = await words(client, "eastron-sdm630", 0, 0x4C)
        value = lambda at: struct.unpack(">f", struct.pack(">2H", *answer.registers[at : at + 2]))[0]  # noqa: E731
        assert value(0x00) == pytest.approx(230, abs=0.31)
        assert value(0x0C) == pytest.approx(2_300, abs=10)
        assert value(0x48) == pytest.approx(6.9, abs=0.001)


async def test_an_ideal_reading_still_moves():
    async with served(refresh_ms=0) as (meter, client):
        seen = set()
        for now in range(10):
            meter.measure((10_000, 10_000, 10_000), now)
            seen.add(await amperes(client))
        assert len(seen) > 1


async def test_a_frozen_meter_answers_and_stands_still():
    async with served(refresh_ms=0) as (meter, client):
        meter.measure((10_000, 0, 0), 0)
        before = await amperes(client)
        meter.set_fault(Fault.FROZEN)
        meter.measure((30_000, 0, 0), 1_000)
        assert await amperes(client) == before
        meter.set_fault(Fault.NONE)
        meter.measure((30_000, 0, 0), 2_000)
        assert (await amperes(client))[0] == pytest.approx(30, abs=0.02)


@pytest.mark.parametrize(
    ("fault", "is_so"),
    [
        (Fault.NAN, math.isnan),
        (Fault.UNMEASURED, math.isnan),
        (Fault.INFINITE, math.isinf),
        (Fault.NEGATIVE, lambda a: a == pytest.approx(-10, abs=0.02)),
        (Fault.ROLLED_OVER, lambda a: a > 1e9),
        (Fault.SWAPPED, lambda a: not 9 < a < 11),
    ],
)
async def test_a_spoilt_value_arrives_as_such(fault, is_so):
    async with served() as (meter, client):
        meter.set_fault(fault)
        meter.measure((10_000, 10_000, 10_000), 0)
        assert all(is_so(a) for a in await amperes(client))


async def test_a_silent_meter_keeps_its_connection_and_never_answers():
    async with served() as (meter, client):
        meter.set_fault(Fault.SILENT)
        with pytest.raises(ModbusIOException):
            await amperes(client)
        assert meter.requests == 1
        meter.set_fault(Fault.NONE)
        meter.measure((1_000, 0, 0), 0)
        assert (await amperes(client))[0] == pytest.approx(1, abs=0.02)


async def test_a_slow_meter_answers_late():
    async with served() as (meter, client):
        meter.measure((10_000, 0, 0), 0)
        meter.set_fault(Fault.SLOW, slow_ms=100)
        began = asyncio.get_running_loop().time()
        assert (await amperes(client))[0] == pytest.approx(10, abs=0.02)
        assert asyncio.get_running_loop().time() - began >= 0.1


@pytest.mark.parametrize(
    ("fault", "address", "count", "code"),
    [(Fault.BUSY, 6, 6, 6), (Fault.NONE, 0x0200, 2, 2), (Fault.NONE, 0, 81, 3)],
)
async def test_what_it_will_not_read_is_answered_with_the_right_exception(fault, address, count, code):
    async with served() as (meter, client):
        meter.set_fault(fault)
        answer = await words(client, "eastron-sdm630", address, count)
        assert answer.exception_code == code


async def test_the_other_kind_of_register_does_not_exist():
    async with served() as (_, client):
        assert (await client.read_holding_registers(6, count=6, device_id=1)).exception_code == 1


async def test_nobody_answers_to_another_unit_number():
    async with served() as (_, client):
        with pytest.raises(ModbusIOException):
            await words(client, "eastron-sdm630", 6, 6, unit=7)


async def test_a_meter_comes_back_on_its_port():
    async with served() as (meter, client):
        port = meter.port
        await meter.stop()
        client.close()
        await meter.start()
        assert meter.port == port
        meter.measure((2_000, 0, 0), 0)
        assert await client.connect()
        assert (await amperes(client))[0] == pytest.approx(2, abs=0.02)


def test_a_float_is_split_into_words_most_significant_first():
    image = RegisterMap(meter("eastron-sdm630")).image(Measured(current_ma=(16_000, 0, 0)))
    assert image[6:8] == [0x4180, 0x0000]


def test_whole_numbers_have_their_own_pattern_for_what_is_not_measured():
    registers = RegisterMap(meter("schneider-iem3000"))
    at = 0x0C83 - registers.first
    assert registers.image(Measured(import_wh=70_000))[at : at + 4] == [0, 0, 1, 4_464]
    assert registers.image(Measured(), Fault.UNMEASURED)[at : at + 4] == [0x8000, 0, 0, 0]
    assert registers.image(Measured(), Fault.ROLLED_OVER)[at : at + 4] == [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF]


def step(field):
    """How coarse its registers are, in our unit."""
    return (
        max(1, field.multiply // field.divide) if field.type[0] != "f" and field.exponent_at is None else 10
    )


@pytest.mark.parametrize("name", meters())
def test_every_model_of_the_catalogue_can_be_served(name):
    registers = RegisterMap(meter(name))
    measured = Measured(current_ma=(1_000, 2_000, 3_000), power_w=(230, 460, 690), import_wh=5_000)
    image = registers.image(measured)
    at = {registers.first + offset: word for offset, word in enumerate(image)}
    for field in registers.fields:
        told = registers.model.values(field, at)
        assert told == pytest.approx(measured.of(field.name)[: len(field.at)], abs=step(field))
