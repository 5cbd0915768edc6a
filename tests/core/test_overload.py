"""A lot behind a fuse that bears overload: nobody sheds for inrush, everybody in time when it lasts."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core import protection as curves
from edge.core.headroom import Headroom
from edge.core.image import LimitImage
from edge.core.limits import Bounds
from edge.core.memory import Memory
from edge.core.protection import CURVES, Heat
from tests.core.virtual_lot import TICK_MS, VirtualLot

RATING_MA = 63_000
FILLS_MS = 200_000


def lot_behind(protection: str, *, seed: int = 1, is_rested: bool = True) -> VirtualLot:
    """A full lot: six cars on all phases, the building at its usual; 63 A are used up."""
    lot = VirtualLot(seed, unknown_bay=None)
    lot.lot.tree.circuits["grid"].protection = protection
    lot.memory = Memory(lot.lot, now_ms=lot.now_ms)
    lot.run(3_000)
    for station in lot.stations.values():
        station.charging, station.since_ms = True, lot.now_ms
    lot.run(FILLS_MS)
    if is_rested and protection != "strict":
        lot.memory.heats["grid"] = Heat(circuit="grid", at_ms=lot.now_ms, is_spent=False)
    return lot


def offered(lot: VirtualLot) -> dict[str, int]:
    return {setpoint.evse: setpoint.limit_ma for setpoint in lot.decision.setpoints}


def grid_of(lot: VirtualLot):
    return next(view for view in lot.decision.circuits if view.name == "grid")


def rise(lot: VirtualLot, ma: int) -> None:
    lot.building = [each + ma for each in lot.building]
    lot.disturb()


def test_an_inrush_sheds_nobody():
    lot = lot_behind("gG")
    before = offered(lot)
    rise(lot, 6_000)
    for _ in range(20):
        lot.run(1_000)
        assert offered(lot) == before
    assert grid_of(lot).is_borne
    rise(lot, -6_000)
    lot.run(15_000)  # every station has sent a sample since
    assert not grid_of(lot).is_borne
    assert all(limit_ma >= before[name] for name, limit_ma in offered(lot).items())


def test_the_same_inrush_sheds_by_default():
    lot = lot_behind("strict")
    before = offered(lot)
    rise(lot, 6_000)
    lot.run(5_000)
    assert sum(offered(lot).values()) < sum(before.values())


def test_an_overload_that_lasts_is_shed_in_time_and_not_borne_again_soon():
    lot = lot_behind("gG")
    heat = lot.memory.heats["grid"]
    heat.over_ms = [CURVES["gG"].bears_ms - 60_000] * 3  # it lasted for nearly half an hour already
    before = offered(lot)
    rise(lot, 6_000)
    lot.run(30_000)
    assert offered(lot) == before
    lot.run(60_000)
    assert max(lot.true_ma("grid")) <= RATING_MA
    rise(lot, 6_000)
    lot.run(20_000)
    assert max(lot.true_ma("grid")) <= RATING_MA
    assert grid_of(lot).used_permille == 1000


def test_a_device_that_is_hot_decides_bit_for_bit_as_strict():
    lots = [lot_behind(protection, is_rested=False) for protection in ("strict", "gG")]
    for lot in lots:
        for ma in (4_000, -6_000, 9_000, -3_000):
            rise(lot, ma)
            lot.run(15_000)
    strict, curved = lots
    assert strict.raised == curved.raised
    assert [each.plain() for each in strict.decision.setpoints] == [
        each.plain() for each in curved.decision.setpoints
    ]


def test_a_meter_that_falls_silent_ends_what_was_borne():
    lot = lot_behind("gG")
    before = offered(lot)
    rise(lot, 6_000)
    lot.run(3_000)
    assert offered(lot) == before
    lot.meter = "silent"
    lot.run(8_000)
    assert sum(offered(lot).values()) < sum(before.values())


def test_a_limit_from_outside_is_no_rating():
    lot = lot_behind("gG")
    lot.limits = [
        LimitImage(name="dso", kind="circuit", target="grid", limit_ma=RATING_MA - 3_000, expires_ms=None)
    ]
    lot.run(20_000)
    assert max(lot.true_ma("grid")) <= RATING_MA - 3_000
    assert not grid_of(lot).is_borne


def test_nothing_is_borne_when_those_who_should_go_down_do_not_obey():
    lot = lot_behind("gG")
    for station in lot.stations.values():
        station.mode = "refuses"
    lot.run(45_000)  # every refresh is refused
    rise(lot, 6_000)
    lot.run(3_000)
    assert not grid_of(lot).is_borne


@pytest.mark.parametrize(
    ("protection", "most_ma"), [("gG", 14_000), ("mcb-b", 6_000), ("mcb-c", 6_000), ("transformer", 20_000)]
)
@given(
    seed=st.integers(0, 99),
    steps=st.lists(st.tuples(st.integers(-100, 100), st.integers(20, 90)), min_size=3, max_size=8),
)
@settings(max_examples=6, deadline=None)
def test_no_device_trips_and_nobody_rises_into_an_overload(
    protection: str, most_ma: int, seed: int, steps: list[tuple[int, int]]
) -> None:
    """Against the quickest and the slowest device of the kind, carrying what truly flows."""
    lot = lot_behind(protection, seed=seed)
    curve = CURVES[protection]
    trip = (curve.bears_permille / 1000) ** 2
    devices = [[[0.0] * 3, tau] for tau in (curve.fast_ms, 60_000, curve.slow_ms) if tau >= curve.fast_ms]
    for percent, seconds in steps:
        step_ma = most_ma * percent // 100
        lot.building = [min(45_000, max(2_000, each + step_ma)) for each in lot.building]
        lot.disturb()
        for _ in range(seconds * 1000 // TICK_MS):
            raised = len(lot.raised)
            lot.tick()
            for heats, tau in devices:
                for phase, flowing_ma in enumerate(lot.true_ma("grid")):
                    drive = (flowing_ma / RATING_MA) ** 2
                    heats[phase] = drive + (heats[phase] - drive) * math.exp(-TICK_MS / tau)
                    assert heats[phase] <= trip
            if grid_of(lot).is_borne:
                assert len(lot.raised) == raised


def trips_when_the_building_keeps_rising(protection: str) -> bool:
    """A device of the quickest kind, rested, behind a full lot; the building takes ever more."""
    lot = lot_behind(protection)
    curve = CURVES[protection]
    heats = [1.0] * 3
    lasts_ms = max(60_000, 2 * curve.fast_ms)
    for percent in (9, 18, 30, 45):
        lot.building = [base + RATING_MA * percent // 100 for base in (10_000, 8_000, 12_000)]
        for _ in range(lasts_ms // TICK_MS):
            lot.tick()
            for phase, flowing_ma in enumerate(lot.true_ma("grid")):
                drive = (flowing_ma / RATING_MA) ** 2
                heats[phase] = drive + (heats[phase] - drive) * math.exp(-TICK_MS / curve.fast_ms)
            if max(heats) > (curve.bears_permille / 1000) ** 2:
                return True
    return False


@pytest.mark.parametrize("protection", ["gG", "mcb-c", "transformer"])
def test_a_building_that_keeps_rising_trips_nothing_and_a_curve_that_bears_all_would_be_found(
    protection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not trips_when_the_building_keeps_rising(protection)
    monkeypatch.setattr(curves, "bears", lambda heat, curve, rating_ma, reaction_ms: True)
    assert trips_when_the_building_keeps_rising(protection)


def test_what_is_borne_on_one_phase_lets_no_conductor_carry_more_on_another():
    room = Headroom(
        "grid",
        meter="fresh",
        bounds=Bounds(RATING_MA, ""),
        background_ma=(-40_000, 30_000, 0),  # the sun feeds in on L1
        is_settling=False,
    )
    room.carry(RATING_MA)
    assert room.left_ma == (63_000, 33_000, 63_000)
    room.bear((64_000, 40_000, 0))
    assert room.left_ma == (63_000, 40_000, 63_000)
