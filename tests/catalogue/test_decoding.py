"""Each meter decodes an answer written out byte by byte, as its own registers, types and units say.

The bytes are made with `struct` from the register lists that the data files name, without our codec.
"""

import struct

import pytest

from edge.catalogue import meter, meters
from edge.catalogue.sunspec import fitted

VOLTS, AMPERES, WATTS = (230.4, 231.2, 229.6), (41.0, 38.5, 4.0), (9430.0, -8780.0, 910.0)
MILLIVOLTS, MILLIAMPERES, WHOLE_WATTS = (
    (230_400, 231_200, 229_600),
    (41_000, 38_500, 4_000),
    (9430, -8780, 910),
)
IMPORT_WH, EXPORT_WH = 1_230_000, 450_000
SUNSPEC = {"sunspec-203": 203, "sunspec-213": 213}

# name: (function, order of words, {address: (struct code, raw value)})
F, D, I, U, H, Q, S = "f", "d", "i", "I", "H", "q", "h"  # noqa: E741  struct's own letters


def block(starts, code, values):
    return dict(zip(starts, ((code, value) for value in values), strict=True))


def floats(volts, amperes, watts, taken, given, *, kilo=1, counter=1, code=F):
    """A device that shows V, A, W and its counters as floats."""
    return (
        block(volts, F, VOLTS)
        | block(amperes, F, AMPERES)
        | block(watts, F, [watt / kilo for watt in WATTS])
        | {taken: (code, IMPORT_WH / counter), given: (code, EXPORT_WH / counter)}
    )


def whole(volts, amperes, watts, taken, given, *, scales, codes=(U, U, I, U)):
    """A device that shows whole numbers: raw = value / scale."""
    per_v, per_a, per_w, per_wh = scales
    return (
        block(volts, codes[0], [round(value / per_v) for value in VOLTS])
        | block(amperes, codes[1], [round(value / per_a) for value in AMPERES])
        | block(watts, codes[2], [round(value / per_w) for value in WATTS])
        | {taken: (codes[3], IMPORT_WH // per_wh), given: (codes[3], EXPORT_WH // per_wh)}
    )


PAC = floats((1, 3, 5), (13, 15, 17), (25, 27, 29), 801, 809, code=D)
CARLO = {"scales": (0.1, 0.001, 0.1, 100), "codes": (I, I, I, I)}
SOCOMEC = ((0xC558, 0xC55A, 0xC55C), (0xC560, 0xC562, 0xC564), (0xC570, 0xC572, 0xC574))
SCHNEIDER = floats((3027, 3029, 3031), (2999, 3001, 3003), (3053, 3055, 3057), 3203, 3207, kilo=1000) | {
    3203: (Q, IMPORT_WH),
    3207: (Q, EXPORT_WH),
}
TABLE = {
    "abb-b2x-a4x": whole(
        (0x5B00, 0x5B02, 0x5B04),
        (0x5B0C, 0x5B0E, 0x5B10),
        (0x5B16, 0x5B18, 0x5B1A),
        0x5000,
        0x5004,
        scales=(0.1, 0.01, 0.01, 10),
        codes=(U, U, I, Q),
    ),
    "carlo-gavazzi-em24-rs485": whole((0, 2, 4), (12, 14, 16), (18, 20, 22), 0x3E, 0x5C, **CARLO),
    "carlo-gavazzi-em3x0-em5x0": whole((0, 2, 4), (12, 14, 16), (18, 20, 22), 0x34, 0x4E, **CARLO),
    "chint-dtsu666": block((0x2006, 0x2008, 0x200A), F, [value * 10 for value in VOLTS])
    | block((0x200C, 0x200E, 0x2010), F, [value * 1000 for value in AMPERES])
    | block((0x2014, 0x2016, 0x2018), F, [value * 10 for value in WATTS])
    | {0x101E: (F, IMPORT_WH / 1000), 0x1028: (F, EXPORT_WH / 1000)},
    "eastron-sdm630": floats((0, 2, 4), (6, 8, 10), (12, 14, 16), 0x48, 0x4A, counter=1000),
    "eltako-dsz15-16": whole((0, 2, 4), (6, 8, 10), (12, 14, 16), 0x48, 0x4A, scales=(0.01, 0.01, 1, 10)),
    "finder-7m38": floats((2500, 2502, 2504), (2516, 2518, 2520), (2530, 2532, 2534), 2752, 2756),
    "inepro-pro380": floats(
        (0x5002, 0x5004, 0x5006),
        (0x500C, 0x500E, 0x5010),
        (0x5014, 0x5016, 0x5018),
        0x600C,
        0x6018,
        kilo=1000,
        counter=1000,
    ),
    "janitza-umg604": floats((1317, 1319, 1321), (1325, 1327, 1329), (1333, 1335, 1337), 9851, 9863),
    "janitza-umg96-series": floats(
        (19000, 19002, 19004), (19012, 19014, 19016), (19020, 19022, 19024), 19068, 19076
    ),
    "orno-we516-517": floats((14, 16, 18), (22, 24, 26), (30, 32, 34), 0x108, 0x110, kilo=1000, counter=1000),
    "phoenix-eem": floats(
        (0x8006, 0x8008, 0x800A), (0x800E, 0x8010, 0x8012), (0x801E, 0x8020, 0x8022), 0x8100, 0x8106
    ),
    "schneider-iem3000": SCHNEIDER,
    "schneider-pm5xxx": SCHNEIDER,
    "shelly-pro-3em": floats((1020, 1040, 1060), (1022, 1042, 1062), (1024, 1044, 1064), 1162, 1164),
    "siemens-pac1600-7kt": whole(
        (1, 3, 5), (7, 9, 11), (19, 21, 23), 6687, 6689, scales=(0.01, 0.0001, 0.01, 1)
    ),
    "siemens-pac2200": PAC,
    "siemens-pac3xxx-4xxx": PAC,
    "socomec-countis-diris-a": whole(*SOCOMEC, 0xC702, 0xC708, scales=(0.01, 0.001, 10, 10)),
    "socomec-diris-a10": whole(*SOCOMEC, 0xC65C, 0xC662, scales=(0.01, 0.001, 10, 1000)),
    "socomec-diris-b30": whole(
        (0x480C, 0x480E, 0x4810),
        (0x481A, 0x481C, 0x481E),
        (0x4838, 0x483A, 0x483C),
        0x4D83,
        0x4D86,
        scales=(0.01, 0.001, 1, 1000),
    ),
    "sunspec-203": {
        70 + offset: (S, value)
        for offset, value in {
            **dict(zip((3, 4, 5, 6), (4100, 3850, 400, -2), strict=True)),
            **dict(zip((8, 9, 10, 15), (2304, 2312, 2296, -1), strict=True)),
            **dict(zip((19, 20, 21, 22), (943, -878, 91, 1), strict=True)),
            54: 2,
        }.items()
    }
    | {70 + 38: (U, EXPORT_WH // 100), 70 + 46: (U, IMPORT_WH // 100)},
    "sunspec-213": floats((82, 84, 86), (74, 76, 78), (100, 102, 104), 138, 130),
}
LITTLE = {"carlo-gavazzi-em24-rs485", "carlo-gavazzi-em3x0-em5x0", "phoenix-eem", "shelly-pro-3em"}
INPUT_REGISTERS = {
    "carlo-gavazzi-em24-rs485",
    "carlo-gavazzi-em3x0-em5x0",
    "eastron-sdm630",
    "eltako-dsz15-16",
    "finder-7m38",
    "shelly-pro-3em",
}
OTHERS = {
    "eastron-sdm72",
    "finder-7m24",
    "dzg-dvh4013",
    "sunspec-meter",
    "janitza-umg801-806",
}  # each has its own test below


def image(rows, *, little=False):
    registers = {}
    for address, (code, value) in rows.items():
        raw = struct.pack(f">{code}", value)
        words = [word for (word,) in struct.iter_unpack(">H", raw)]
        registers |= dict(enumerate(words[::-1] if little else words, start=address))
    return registers


def model_of(name):
    return fitted(meter("sunspec-meter"), SUNSPEC[name], 70) if name in SUNSPEC else meter(name)


@pytest.mark.parametrize("name", TABLE)
def test_a_documented_answer_of_every_model(name):
    model, registers = model_of(name), image(TABLE[name], little=name in LITTLE)
    rows = {field.name: field for field in (*model.fast, *model.slow)}
    read = {each: model.values(rows[each], registers) for each in ("voltage", "current", "phase_power")}
    assert model.function == (4 if name in INPUT_REGISTERS else 3)
    assert read["voltage"] == pytest.approx(MILLIVOLTS, abs=1)
    assert read["current"] == pytest.approx(MILLIAMPERES, abs=1)
    assert min(read["current"][phase] - MILLIAMPERES[phase] for phase in range(3)) >= 0
    assert read["phase_power"] == pytest.approx(WHOLE_WATTS, abs=1)
    assert model.values(rows["energy_import"], registers)[0] == pytest.approx(IMPORT_WH, abs=1)
    assert model.values(rows["energy_export"], registers)[0] == pytest.approx(EXPORT_WH, abs=1)


def test_no_model_is_left_out():
    assert set(TABLE) - set(SUNSPEC) | OTHERS == set(meters())


def test_meters_of_one_phase_or_of_energy_alone():
    registers = image({0x34: (F, 1500.0), 0x48: (F, 12.5), 0x4A: (F, 0.0)})
    model = meter("eastron-sdm72")
    assert model.values(model.fast[0], registers) == (1500,)
    assert model.values(model.slow[0], registers) == (12_500,)
    model = meter("finder-7m24")
    registers = image({2500: (F, 230.0), 2516: (F, 16.0), 2536: (F, 3680.0)})
    assert [model.values(field, registers) for field in model.fast] == [(230_000,), (16_000,), (3_680,)]


def test_a_meter_whose_counters_are_not_known():
    model, registers = meter("janitza-umg801-806"), image(TABLE["janitza-umg96-series"])
    assert [model.values(field, registers) for field in model.fast] == [
        pytest.approx(values, abs=1) for values in (MILLIVOLTS, MILLIAMPERES, WHOLE_WATTS)
    ]
    assert not [name for name in model.measures if name.startswith("energy")]


def test_a_meter_that_shows_import_and_export_apart():
    model = meter("dzg-dvh4013")
    rows = (
        {0: (U, 12_345), 2: (U, 0)}
        | block((4, 6, 8), U, (23_040,) * 3)
        | block((10, 12, 14), U, (5_000,) * 3)
    )
    read = {field.name: model.values(field, image(rows)) for field in model.fast}
    assert read["power_import"] == (1_235,)
    assert (read["voltage"], read["current"]) == ((230_400,) * 3, (5_000,) * 3)


def test_what_an_abb_does_not_measure():
    model = meter("abb-b2x-a4x")
    rows = {field.name: field for field in model.fast}
    powers = block((0x5B16, 0x5B18, 0x5B1A), I, (0x7FFFFFFF, -(2**31), 100))
    assert model.values(rows["phase_power"], image(powers)) == (None, None, 1)
    currents = block((0x5B0C, 0x5B0E, 0x5B10), U, (0xFFFFFFFF, 100, 0))
    assert model.values(rows["current"], image(currents)) == (None, 1_000, 0)


def test_a_power_of_ten_that_a_sunspec_meter_does_not_have():
    model = fitted(meter("sunspec-meter"), 203, 70)
    current = next(field for field in model.fast if field.name == "current")
    registers = image({73: (S, 41), 74: (S, 1), 75: (S, 1)})
    assert model.values(current, registers | {76: 0x8000}) == (None, None, None)
    assert model.values(current, registers | {76: 1}) == (410_000, 10_000, 10_000)
    assert model.values(current, registers | {76: 99}) == (None, None, None)
