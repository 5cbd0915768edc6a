"""One fault at a time, and what truly flows: design invariants 1, 6, 7 and 10."""

import asyncio
from itertools import pairwise

import pytest

from edge.ocpp.profiles import rises_later_s
from edge.plant.lot import GRID
from edge.simulator.world import mono_ms
from tests.faults.controller import CLOCK
from tests.faults.judge import Reaction
from tests.faults.lot import (
    BUILDING_MAX_A,
    DEAD_MAN_S,
    FALLBACKS_A,
    LATEST_CLOCK_MS,
    RATINGS_A,
    running,
    world_plan,
)

REACTION_S = Reaction().ms / 1_000
GRID_MA = RATINGS_A[GRID] * 1_000
BUILDING_MA = BUILDING_MAX_A * 1_000
QUIET = {"noise_ma": 0, "building_a": 2}


async def fill(lot, *bays):
    """Cars that take all they get, until the grid is full but for a few amperes."""
    for bay in bays or lot.world.bays():
        lot.world.plug(bay, "fast")
    await asyncio.gather(*(lot.world.token(bay, "04A1B2C3D4") for bay in bays or lot.world.bays()))
    await lot.until(lambda: max(lot.grid_ma()) > GRID_MA - 6_000, within_s=25, what="the grid is nearly full")


def above_s(lot, circuit, since_ms):
    """For how long, since then, a circuit was above its rating."""
    return sum(
        (after.at_ms - moment.at_ms) / 1_000
        for moment, after in pairwise(lot.witness.moments)
        if moment.at_ms >= since_ms and max(moment.currents[circuit]) > RATINGS_A[circuit] * 1_000
    )


async def test_when_the_gateway_dies_the_chargers_fall_back_and_the_worst_building_fits_beside_them():
    async with running(world_plan(**QUIET)) as lot:
        await fill(lot)
        await lot.controller.kill()
        lot.world.building(BUILDING_MA)
        await asyncio.sleep(1)
        assert max(lot.grid_ma()) > GRID_MA, "the last currents meet a building that has risen"
        await asyncio.sleep(DEAD_MAN_S - 1 + LATEST_CLOCK_MS / 1_000 + 1)
        assert max(lot.grid_ma()) <= GRID_MA
        await lot.until(
            lambda: [lot.drawn_ma(bay) for bay in lot.world.bays()] == [a * 1_000 for a in FALLBACKS_A],
            within_s=rises_later_s(0, 1, DEAD_MAN_S) + 2,
            what="who waited has risen to the fallback after all the others went down to theirs",
        )
        assert lot.unexcused() == [], "never more above the rating than the building has risen"


@pytest.mark.parametrize("fault", ["silent", "nan"])
async def test_a_meter_without_a_usable_answer_makes_room_for_the_worst_building_in_five_seconds(fault):
    async with running(world_plan(**QUIET)) as lot:
        await fill(lot)
        lot.world.meter_fault(fault)
        await lot.until(
            lambda: max(lot.grid_ma()) <= GRID_MA - BUILDING_MA + 2_000, within_s=5 + 1 + REACTION_S
        )
        lot.world.building(BUILDING_MA)
        await asyncio.sleep(1)
        assert lot.world.verdict().excess_ma_ms == 0


async def test_a_meter_that_repeats_itself_for_fifteen_seconds_is_not_believed_any_more():
    async with running(world_plan(**QUIET)) as lot:
        await fill(lot)
        lot.world.meter_fault("frozen")
        await asyncio.sleep(10)
        assert max(lot.grid_ma()) > GRID_MA - 6_000, "ten seconds are not enough to tell"
        await lot.until(
            lambda: max(lot.grid_ma()) <= GRID_MA - BUILDING_MA + 2_000, within_s=5 + 1 + REACTION_S
        )
        lot.world.building(BUILDING_MA)
        await asyncio.sleep(1)
        assert lot.world.verdict().excess_ma_ms == 0


async def test_a_step_of_the_building_overloads_the_grid_for_no_longer_than_the_reaction_time():
    async with running(world_plan(**QUIET)) as lot:
        await fill(lot)
        stepped_ms = mono_ms()
        lot.world.building(BUILDING_MA)
        await asyncio.sleep(REACTION_S + 1)
        assert 0 < above_s(lot, GRID, stepped_ms) < REACTION_S
        assert lot.unexcused() == []
        assert max(lot.grid_ma()) <= GRID_MA


async def test_a_charger_that_boots_without_its_limits_is_held_and_paid_for_in_the_reaction_time():
    async with running(world_plan(**QUIET)) as lot:
        oddities = lot.world.charger("bay-4").station.oddities
        oddities.forgets_profiles_on_boot = oddities.resumes_after_power_loss = True
        await fill(lot)
        booted_ms = mono_ms()
        await lot.world.power("bay-4", "cycle")
        await lot.until(lambda: lot.drawn_ma("bay-4") > 0, what="it goes on charging")
        await asyncio.sleep(REACTION_S)
        assert above_s(lot, "east", booted_ms) < REACTION_S
        assert max(lot.world.referee.currents_ma["east"]) <= RATINGS_A["east"] * 1_000


async def test_a_jump_of_the_wall_clock_raises_nothing_and_ends_no_limit_early_or_late(tmp_path):
    clock = tmp_path / "clock"
    environment = {"AMPYARD_CLOCK": str(clock)}
    clock.write_text("0")
    async with running(world_plan(**QUIET), entry=CLOCK, environment=environment) as lot:

        async def offered_ma():
            return sum(evse["setpoint_ma"] for evse in (await lot.ask("/api/status"))["evses"])

        await fill(lot, "bay-1", "bay-4")
        limit = {"name": "noon", "kind": "chargers", "target": GRID, "limit_a": 14, "seconds": 8}
        limited_ms = mono_ms()
        assert await lot.order("/api/limit", limit) == 200
        await lot.until(lambda: max(lot.grid_ma()) <= 16_000, within_s=REACTION_S)
        for jump_s in (3_600, -7_200, 0):
            clock.write_text(str(jump_s))
            await asyncio.sleep(1.2)
            assert await offered_ma() <= 14_000
            assert max(lot.grid_ma()) <= 16_000
        clock.write_text("-3600")
        await lot.until_told("limit page: noon has expired")
        assert 8_000 <= mono_ms() - limited_ms < 9_500
        assert lot.world.verdict().excess_ma_ms == 0
