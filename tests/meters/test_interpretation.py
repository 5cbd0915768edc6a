"""Registers -> currents of the grid's phases; and what is not believed."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.catalogue import meter
from edge.meters.interpretation import Interpreter, signed_ma
from edge.settings import MeterSettings

SDM630, IEM3000 = "eastron-sdm630", "schneider-iem3000"
MODELS = [SDM630, IEM3000]
VOLTS, AMPERES, WATTS = (230.0, 231.0, 229.0), (41.0, 38.0, 44.0), (9430.0, 8778.0, 10076.0)


def words(code: str, *values) -> list[int]:
    raw = b"".join(struct.pack(f">{code}", value) for value in values)
    return [word for (word,) in struct.iter_unpack(">H", raw)]


def image(name, volts=VOLTS, amperes=AMPERES, watts=WATTS):
    """The registers of a meter that measures this."""
    model = meter(name)
    scale = 1000 if name == IEM3000 else 1  # kW on its wire
    values = {"voltage": volts, "current": amperes, "phase_power": [watt / scale for watt in watts]}
    registers = {}
    for field in model.fast:
        for start, value in zip(field.at, values[field.name], strict=True):
            registers |= dict(enumerate(words("f", value), start=start))
    return registers


def interpreter(name=SDM630, **options):
    settings = MeterSettings(
        model=name,
        host="127.0.0.1",
        port=502,
        unit=1,
        stale_after_ms=5000,
        line_number=1,
        **{"invert": False, "phase_rotation": "L1L2L3", **options},
    )
    return Interpreter(meter(name), settings, rating_ma=63_000, voltage_mv=230_000)


@pytest.mark.parametrize("name", MODELS)
def test_what_both_models_measure(name):
    seen = interpreter(name).fast(image(name))
    assert seen.current_ma == (41_000, 38_000, 44_000)
    assert seen.voltage_mv == (230_000, 231_000, 229_000)
    assert seen.power_w == pytest.approx(28_284, abs=3)


@pytest.mark.parametrize("name", MODELS)
def test_a_meter_whose_phases_are_named_differently(name):
    # its L1 sits on the grid's L2, its L2 on L3, its L3 on L1
    seen = interpreter(name, phase_rotation="L2L3L1").fast(image(name))
    assert seen.current_ma == (44_000, 41_000, 38_000)
    assert seen.voltage_mv == (229_000, 230_000, 231_000)


def test_an_exporting_phase_is_negative():
    seen = interpreter().fast(image(SDM630, amperes=(10.0, 10.0, 10.0), watts=(-2300.0, 2310.0, -2290.0)))
    assert seen.current_ma == pytest.approx((-10_000, 10_000, -10_000), abs=500)
    assert min(seen.current_ma) > -10_000


def test_transformers_that_were_fitted_backwards():
    seen = interpreter(invert=True).fast(image(SDM630, watts=[-watt for watt in WATTS]))
    assert seen.current_ma == (41_000, 38_000, 44_000)
    assert seen.power_w == 28_284
    assert interpreter(invert=False).fast(image(SDM630, watts=[-watt for watt in WATTS])).power_w == -28_284


def test_a_purely_reactive_current_that_exports_a_little_is_no_room():
    assert signed_ma(20_000, -10, 230_000) >= 19_950


def test_without_a_voltage_or_a_direction_a_current_is_a_load():
    assert signed_ma(20_000, -4_600, None) == 20_000
    assert signed_ma(20_000, None, 230_000) == 20_000
    assert signed_ma(20_000, -4_600, 0) == 20_000


@given(
    st.integers(0, 100_000),
    st.integers(0, 360),
    st.integers(180_000, 260_000),
    st.integers(100_000, 700_000),
)
def test_the_room_that_export_gives_never_overloads_the_limit(current_ma, angle, voltage_mv, limit_ma):
    active = current_ma * math.cos(math.radians(angle))
    reactive = current_ma * math.sin(math.radians(angle))
    power_w = active * voltage_mv / 1e6
    rounded_w = math.ceil(power_w) if power_w >= 0 else math.floor(power_w)
    load_ma = max(0, limit_ma - signed_ma(current_ma, rounded_w, voltage_mv))
    if current_ma <= limit_ma:
        assert math.hypot(active + load_ma, reactive) <= limit_ma + 1


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("amperes", "doubt"),
    [
        ((41.0, NAN, 44.0), "L2 is not measured"),
        ((INFINITE, 38.0, 44.0), "L1 is not measured"),
        ((41.0, 38.0, -44.0), "L3 has a negative current"),
        ((41.0, 4_294_967_295.0, 44.0), "L2 shows 4294967296 A, which no fuse here would carry"),
        ((631.0, 38.0, 44.0), "L1 shows 631 A, which no fuse here would carry"),
    ],
)
def test_a_current_that_cannot_be_is_unknown(name, amperes, doubt):
    seen = interpreter(name).fast(image(name, amperes=amperes))
    assert (seen.current_ma, seen.voltage_mv, seen.power_w, seen.doubt) == (None, None, None, doubt)


@pytest.mark.parametrize("volts", [(0.0, 0.0, 0.0), (-230.0, 230.0, 230.0), (230.0, 1e30, 230.0)])
def test_voltages_that_no_grid_has_discredit_the_currents(volts):
    seen = interpreter().fast(image(SDM630, volts=volts))
    assert seen.current_ma is None
    assert seen.doubt.startswith("its voltages are")


def test_one_phase_without_voltage_is_believed():
    assert interpreter().fast(image(SDM630, volts=(230.0, 0.0, 230.0))).current_ma == (41_000, 38_000, 44_000)


@pytest.mark.parametrize("name", MODELS)
def test_words_in_the_wrong_order_are_not_believed(name):
    right = image(name, volts=(230.4, 231.7, 229.1), amperes=(41.3, 38.7, 44.1))
    swapped = {
        address ^ 1 if name == SDM630 else ((address + 1) ^ 1) - 1: word for address, word in right.items()
    }
    assert swapped != right
    assert interpreter(name).fast(swapped).current_ma is None


def test_a_voltage_that_is_not_measured_leaves_the_currents_without_direction():
    seen = interpreter().fast(image(SDM630, volts=(NAN, NAN, NAN), watts=(-9430.0, 0.0, 0.0)))
    assert seen.current_ma == (41_000, 38_000, 44_000)
    assert seen.voltage_mv is None


def test_an_energy_counter_that_ran_backwards_is_believed_again_when_it_runs_on():
    def counted(watt_hours):
        return dict(enumerate(words("q", watt_hours), start=0x0C83)) | dict.fromkeys(range(0x0C87, 0x0C8B), 0)

    reads = interpreter(IEM3000)
    shown = [1000, 1500, 3, 4, -(2**63), 5, 9]
    assert [reads.energy_wh(counted(value)) for value in shown] == [1000, 1500, None, 4, None, 5, 9]


def test_backwards_transformers_count_import_as_export():
    registers = dict(enumerate(words("q", 7, 1234), start=0x0C83))
    assert interpreter(IEM3000, invert=True).energy_wh(registers) == 1234


@given(st.lists(st.integers(0, 0xFFFF), min_size=18, max_size=18))
def test_no_registers_at_all_make_a_load_look_smaller_than_the_meter_says(raw):
    registers = dict(enumerate(raw))
    seen = interpreter().fast(registers)
    if seen.current_ma is not None:
        for phase in range(3):
            said = struct.unpack(">f", struct.pack(">2H", *raw[6 + 2 * phase : 8 + 2 * phase]))[0]
            assert 0 <= said <= 630
            assert abs(seen.current_ma[phase]) <= math.ceil(said * 1000) + 1


def test_what_the_core_needs_to_know_the_direction():
    registers = image(SDM630, watts=(-9430.0, 8778.0, 10076.0))
    seen = interpreter(phase_rotation="L2L3L1", invert=True).fast(registers)
    assert seen.magnitude_ma == (44_000, 41_000, 38_000)
    assert seen.phase_power_w == (-10_076, 9_430, -8_778)
    assert seen.current_ma[0] < 0 < seen.current_ma[1]
