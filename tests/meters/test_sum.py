"""A virtual meter never says less than what may flow."""

import cmath
import math

from hypothesis import given
from hypothesis import strategies as st

from edge.meters.sum import SumMeter
from edge.site.ports import Reading


def reading(circuit, currents, powers=None, taken_ms=0, unchanged_ms=0, volts=(230_000,) * 3):
    signed = currents
    if powers:
        signed = tuple(-a if power < 0 else a for a, power in zip(currents, powers, strict=True))
    return Reading(
        circuit=circuit,
        taken_ms=taken_ms,
        unchanged_since_ms=unchanged_ms,
        current_ma=signed,
        voltage_mv=volts,
        power_w=sum(powers) if powers else None,
        magnitude_ma=currents,
        phase_power_w=powers,
    )


def total(parts, *readings):
    heard = []
    virtual = SumMeter("grid", parts, heard.append)
    for each in readings:
        virtual.hear(each)
    return heard


def test_nothing_is_said_before_every_part_was_heard():
    assert total(("a", "b"), reading("a", (1_000,) * 3), reading("c", (1_000,) * 3)) == []


def test_what_the_parts_add_up_to():
    a = reading("a", (10_000, 0, 5_000), (2_300, 0, 1_150), taken_ms=7, unchanged_ms=3)
    b = reading("b", (6_000, 1_000, 0), (1_380, 230, 0), taken_ms=9, unchanged_ms=9)
    (sum_,) = total(("a", "b"), a, b)
    assert (sum_.taken_ms, sum_.unchanged_since_ms, sum_.power_w) == (7, 3, 5_060)
    assert all(
        0 <= said - true <= 120 for said, true in zip(sum_.current_ma, (16_000, 1_000, 5_000), strict=True)
    )


def test_a_difference():
    a, b = reading("a", (30_000,) * 3, (6_900,) * 3), reading("b", (10_000,) * 3, (2_300,) * 3)
    (sum_,) = total(("a", "-b"), a, b)
    assert all(20_000 <= said <= 20_050 for said in sum_.current_ma)


def test_what_is_subtracted_without_its_direction_counts_as_nothing():
    (sum_,) = total(("a", "-b"), reading("a", (30_000,) * 3, (6_900,) * 3), reading("b", (10_000,) * 3))
    assert sum_.current_ma == (30_000,) * 3


def test_a_part_that_cannot_be_believed_spoils_the_sum():
    broken = Reading(circuit="b", taken_ms=0, unchanged_since_ms=0, current_ma=None)
    (sum_,) = total(("a", "b"), reading("a", (30_000,) * 3), broken)
    assert sum_.current_ma is None


CURRENT = st.tuples(st.integers(0, 60_000), st.integers(0, 359))


@given(CURRENT, CURRENT, st.sampled_from(["a", "-a"]))
def test_no_angles_make_the_sum_smaller_than_it_is(first, second, sign):
    def of(circuit, current):
        magnitude, angle = current
        power = magnitude * math.cos(math.radians(angle)) * 230 / 1000
        whole = math.ceil(power) if power >= 0 else math.floor(power)
        return reading(circuit, (magnitude,) * 3, (whole,) * 3)

    (sum_,) = total(("b", sign), of("a", first), of("b", second))
    vector = [cmath.rect(size, math.radians(angle)) for size, angle in (first, second)]
    true = vector[1] - vector[0] if sign == "-a" else vector[1] + vector[0]
    if sum_.current_ma[0] >= 0:
        assert sum_.current_ma[0] + 10 >= (abs(true) if true.real >= 0 else abs(true.imag) - abs(true.real))
