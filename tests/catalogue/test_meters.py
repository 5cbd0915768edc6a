"""A meter is a table; each is shown with an answer written out byte by byte from its register list."""

import pytest

from edge.catalogue import Read, guards, meter, meters
from edge.catalogue.meters import read


def registers(start: int, data: str) -> dict[int, int]:
    words = bytes.fromhex(data)
    return {start + i // 2: int.from_bytes(words[i : i + 2]) for i in range(0, len(words), 2)}


def fields(model):
    return {field.name: field for field in (*model.fast, *model.slow)}


def test_the_fast_block_of_an_sdm630():
    model = meter("eastron-sdm630")
    answer = registers(
        0x0000,
        "4366 4CCD  4366 0000  4365 B333"  # 230.3 230.0 229.7 V
        "4220 0000  41C0 0000  3DCC CCCD"  # 40 24 0.1 A
        "460F F3B4  45AC 7666  0000 0000".replace(" ", ""),  # 9212.926 5518.8 0 W
    )
    rows = fields(model)
    assert model.values(rows["voltage"], answer) == (230_301, 230_000, 229_700)
    assert model.values(rows["current"], answer) == (40_000, 24_000, 101)  # 0.1 A is no binary number: up
    assert model.values(rows["phase_power"], answer) == (9213, 5519, 0)


def test_an_sdm630_is_read_in_one_request():
    model = meter("eastron-sdm630")
    assert model.reads(model.fast) == (Read(address=0x0000, count=18),)
    assert model.reads(model.slow) == (Read(address=0x0046, count=6),)


def test_the_blocks_of_an_iem3000():
    model = meter("schneider-iem3000")
    assert model.reads(model.fast) == (
        Read(address=0x0BB7, count=6),
        Read(address=0x0BD3, count=6),
        Read(address=0x0BED, count=6),
    )
    answer = (
        registers(0x0BB7, "4224000042180000C2300000")  # 41 38 -44 A
        | registers(0x0BED, "3FC000007FC00000BF800000")  # 1.5 kW, NaN, -1 kW
        | registers(0x0C83, "00000000000F4240")  # 1 MWh
    )
    rows = fields(model)
    assert model.values(rows["current"], answer) == (41_000, 38_000, -44_000)
    assert model.values(rows["phase_power"], answer) == (1500, None, -1000)
    assert model.values(rows["energy_import"], answer) == (1_000_000,)
    not_measured = registers(0x0C83, "8000000000000000")
    assert model.values(rows["energy_import"], not_measured) == (None,)


def test_a_meter_without_phase_currents_guards_nothing():
    assert [name for name, can_guard in guards().items() if not can_guard] == ["eastron-sdm72", "finder-7m24"]


@pytest.mark.parametrize("name", sorted(meters()))
def test_every_meter_tells_where_its_facts_come_from(name):
    model = meter(name)
    assert model.sources
    assert model.devices
    assert model.confidence in {"high", "medium"}
    for block in (model.fast, model.slow):
        assert all(item.count <= model.longest_read for item in model.reads(block))


def test_a_read_is_never_longer_than_the_device_can():
    text = """
devices = ["x"]
transports = ["rtu"]
function = 3
word_order = "little"
confidence = "high"
sources = ["here"]
[manners]
longest_read = 4
[fast]
current = { at = [0, 2, 4], type = "i32", unit = "mA" }
"""
    model = read("x", text)
    assert model.reads(model.fast) == (Read(address=0, count=4), Read(address=4, count=2))
    assert model.values(model.fast[0], dict.fromkeys(range(6), 0)) == (0, 0, 0)
    with pytest.raises(ValueError, match="word_order"):
        read("x", text.replace("little", "middle"))
    with pytest.raises(ValueError, match="rtu and tcp"):
        read("x", text.replace('"rtu"', '"usb"'))
    with pytest.raises(ValueError, match="known type"):
        read("x", text.replace("i32", "i33"))
