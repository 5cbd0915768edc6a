"""A meter that knows the direction or measures the neutral: more room with the sun, never too much."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.core.test_step import busy, happen, setpoints
from tests.core.virtual_lot import VirtualLot


def sunny(**options) -> VirtualLot:
    """All bays charge below a meter with direction; nothing is fed in yet."""
    lot = VirtualLot(1, **options)
    lot.is_signed = True
    lot.run(3_000)
    for station in lot.stations.values():
        station.charging, station.since_ms = True, lot.now_ms
    lot.run(120_000)
    lot.disturb()
    return lot


def test_without_sun_it_leaves_what_a_meter_without_direction_leaves() -> None:
    blind, knowing = busy(rating_ma=40_000), sunny(rating_ma=40_000)
    blind.run(120_000)
    knowing.run(120_000)
    assert setpoints(knowing) == setpoints(blind)


def test_what_is_fed_in_goes_to_the_cars() -> None:
    lot = sunny(rating_ma=40_000)
    before = sum(setpoints(lot).values())
    lot.solar = [20_000, 20_000, 20_000]
    lot.run(400_000)
    assert sum(setpoints(lot).values()) >= before + 10_000
    assert lot.late_excess == []


def test_no_more_than_the_conductor_carries_is_given_however_strong_the_sun() -> None:
    lot = sunny(rating_ma=40_000)
    lot.solar = [90_000, 90_000, 90_000]
    lot.run(500_000)
    assert 33_000 <= sum(setpoints(lot).values()) <= 40_000 - 6 * 600, "each on three phases"


def test_when_the_sun_goes_they_are_lowered_within_the_reaction_time() -> None:
    lot = sunny(rating_ma=40_000)
    lot.solar = [30_000, 30_000, 30_000]
    lot.run(500_000)
    lot.solar = [0, 0, 0]
    lot.disturb()
    lot.run(60_000)
    assert lot.excess_ma_s > 0
    assert lot.late_excess == []


def test_a_silent_meter_means_the_building_s_worst_case_and_no_sun() -> None:
    lot = sunny(rating_ma=40_000)
    lot.solar = [30_000, 30_000, 30_000]
    lot.run(500_000)
    lot.meter = "silent"
    lot.run(10_000)
    grid = next(view for view in lot.decision.circuits if view.name == "grid")
    assert grid.background_ma == (25_000, 25_000, 25_000)


@pytest.mark.parametrize("broken", [{"voltage_mv": (230_000, 0, 230_000)}, {"power_w": (-900_000,) * 3}])
def test_a_direction_that_cannot_be_believed_is_none(broken) -> None:
    lot = sunny(rating_ma=40_000)
    before = setpoints(lot)
    lot.solar = [30_000, 30_000, 30_000]

    def spoil(_, image) -> None:
        for name, value in broken.items():
            setattr(image.meters[0], name, value)

    lot.sloppy = spoil
    lot.run(120_000)
    grid = next(view for view in lot.decision.circuits if view.name == "grid")
    assert min(grid.background_ma) >= 0
    assert sum(setpoints(lot).values()) <= sum(before.values()) + 12_000
    assert lot.late_excess == []


@pytest.mark.parametrize(
    ("has_neutral", "found_ma", "word"), [(False, 32_000, "full"), (True, 14_000, "neutral")]
)
def test_a_one_phase_car_beside_a_one_phase_sun_gets_what_the_neutral_leaves(
    has_neutral, found_ma, word
) -> None:
    lot = VirtualLot(1, bays=1, rating_ma=40_000, unknown_bay=None)
    lot.is_signed, lot.has_neutral = True, has_neutral
    lot.building, lot.solar = [5_000, 0, 5_000], [0, 24_000, 0]  # 29 A in the neutral
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(500_000)
    assert setpoints(lot)["bay-0"] == found_ma
    assert lot.decision.setpoints[0].reason.word == word
    assert lot.late_neutral == []
    if has_neutral:
        assert 37_000 <= lot.neutral_ma() <= 40_000


def test_a_neutral_that_is_no_longer_measured_counts_as_the_building_s_worst_case() -> None:
    lot = VirtualLot(1, bays=1, rating_ma=40_000, unknown_bay=None)
    lot.has_neutral = True
    lot.building = [0, 0, 0]
    lot.run(3_000)
    station = lot.stations["bay-0"]
    station.charging, station.since_ms, station.car_phases = True, lot.now_ms, (0,)
    lot.run(120_000)
    assert setpoints(lot)["bay-0"] == 32_000

    def lose(_, image) -> None:
        image.meters[0].neutral_ma = None

    lot.sloppy = lose
    lot.run(5_000)
    assert setpoints(lot)["bay-0"] == 14_000, "40 - 25 - 0.6 A"
    assert lot.decision.setpoints[0].reason.word == "neutral"


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["plug", "one-phase", "unplug", "eats-less", "building", "sun", "reactive", "silent", "good"]
        ),
        st.integers(0, 5),
        st.integers(0, 25),
        st.integers(1, 40),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    events=EVENTS,
    every_s=st.sampled_from([1, 10, 30, 60]),
    delay_s=st.sampled_from([0, 2, 15, 60]),
    slants=st.lists(st.floats(-0.2, 0.2), min_size=6, max_size=6),
)
@example(
    seed=0,
    events=[("one-phase", 0, 1, 6), ("building", 0, 0, 1), ("sun", 0, 19, 9)],
    every_s=1,
    delay_s=0,
    slants=[0.0] * 6,
)
def test_whatever_sun_and_cars_do_neither_phase_nor_neutral_carries_too_much_beyond_the_reaction_time(
    seed, events, every_s, delay_s, slants
):
    lot = VirtualLot(seed, sample_every_ms=every_s * 1_000, sample_delay_ms=delay_s * 1_000)
    lot.is_signed = lot.has_neutral = True
    for station, slant in zip(lot.stations.values(), slants, strict=True):
        station.slant = slant
    lot.run(3_000)
    for what, bay, amps, seconds in events:
        if what == "sun" and lot.meter == "good":
            lot.solar = [2 * amps * 1_000, lot.solar[0], lot.solar[1]]
        elif what == "reactive" and lot.meter == "good":
            lot.reactive = [amps * 1_000 - 12_000, lot.reactive[0], lot.reactive[1]]
        else:
            happen(lot, what, f"bay-{bay}", amps)
        if what not in ("silent", "good") and lot.meter == "good":
            lot.disturb()
        lot.run(seconds * 1_000)
    assert lot.late_excess == []
    assert lot.late_neutral == []
