"""Direction of currents: what fits beside them, in numbers to check by hand and for any numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.image import MeterImage
from edge.core.power import counted, parts, parts_of_phases, root, spare_ma

V = 230_000
AMPERES = st.integers(0, 400_000)


@pytest.mark.parametrize(
    ("current_a", "power_w", "found"),
    [
        (10, 2_300, (10_000, 0)),  # purely active
        (10, 1_380, (6_001, 8_000)),  # 6 and 8 A; 1 mA for the rounding of the voltage
        (10, -1_380, (-5_995, 8_004)),  # 1 W less is fed in than the register says
        (10, -2_300, (-9_995, 317)),
        (10, 0, (1, 10_000)),  # all of it reactive
        (0, 0, (0, 0)),
    ],
)
def test_active_and_reactive_part(current_a, power_w, found):
    assert parts(current_a * 1000, power_w, V) == found


@pytest.mark.parametrize(
    ("current_ma", "power_w", "voltage_mv", "found"),
    [
        (10_000, 50_000, V, (10_000, 0)),  # more power than current and voltage make: the fuse sees 10 A
        (10_000, -2_500, V, (-10_000, 0)),  # a little more is fed in than 10 A are: registers of two moments
        (10_000, -23_000, V, None),  # ten times as much: not believed
        (10_000, -2_300, 0, None),  # no voltage on this phase
        (10_000, 2_300, -5, None),
        (-10_000, 2_300, V, None),  # a current that has a sign of its own
    ],
)
def test_what_does_not_fit_together_never_gives_more_room(current_ma, power_w, voltage_mv, found):
    assert parts(current_ma, power_w, voltage_mv) == found


@pytest.mark.parametrize(
    ("active_a", "reactive_a", "spare"),
    [
        (30, 0, 33_000),  # 63 - 30
        (0, 0, 63_000),
        (-20, 0, 80_887),  # (80.887 - 20)^2 + (80.887 / 5)^2 = 63^2
        (0, 63, 0),
        (30, 40, 15_878),  # 45.878^2 + 43.176^2 = 63^2: beside 50 A more fits than 13 A
        (70, 0, -7_000),  # above: so much is too much
        (-70, 0, 127_599),  # fed in above the rating: load brings it below
    ],
)
def test_what_fits_beside_it_below_63_a(active_a, reactive_a, spare):
    found = spare_ma(63_000, active_a * 1000, reactive_a * 1000)
    assert found == pytest.approx(spare, abs=1)


@given(limit=st.integers(1_000, 630_000), current=AMPERES, share=st.floats(-1, 1), turn=st.floats(-0.2, 0.2))
def test_no_charger_load_that_fits_overloads_the_conductor(limit, current, share, turn):
    active = int(current * share)
    reactive = math.isqrt(current**2 - active**2)
    spare = spare_ma(limit, active, reactive)
    assert spare >= limit - math.hypot(active, reactive) - 2, "a meter without direction leaves no more"
    if spare > 0 and active >= -limit:
        for part in (0.1, 0.5, 1):
            load = part * spare * math.cos(math.atan(turn))
            assert math.hypot(active + load, reactive + load * turn) <= max(limit, current) + 1
        load = spare * math.cos(math.atan(turn))
        assert math.hypot(active + load, reactive + load * turn) <= limit + 1


@given(current=AMPERES, power=st.integers(-100_000, 100_000), voltage=st.integers(1, 300_000))
def test_rounding_and_unknowns_never_give_more_room_than_exact_numbers(current, power, voltage):
    found = parts(current, power, voltage)
    if found is None:
        assert power < 0
        return
    active, reactive = found
    assert math.hypot(active, reactive) >= current - 2
    exact = power * 1_000_000 / voltage
    if abs(exact) <= current:
        assert active >= exact


@given(st.integers(0, 10**14))
def test_roots_are_exact(square):
    assert root(square) == math.isqrt(square)
    assert root(square, up=True) == math.isqrt(max(0, square - 1)) + (square > 0)


def reading(**more):
    return MeterImage(
        circuit="grid", taken_ms=0, unchanged_since_ms=0, current_ma=(10_000, 10_000, 10_000), **more
    )


def test_three_phases_are_known_together_or_not_at_all():
    full = parts_of_phases(reading(power_w=(2_300, 1_380, -1_380), voltage_mv=(V, V, V)))
    assert full == [10_000, 6_001, -5_995, 0, 8_000, 8_004]
    assert counted(63_000, full) == [
        10_000,
        63_000 - spare_ma(63_000, 6_001, 8_000),
        63_000 - spare_ma(63_000, -5_995, 8_004),
    ]
    assert parts_of_phases(reading()) is None
    assert parts_of_phases(reading(power_w=(1, 1, 1))) is None
    assert parts_of_phases(reading(power_w=(1, 1, 1), voltage_mv=(V, V, 0))) is None
