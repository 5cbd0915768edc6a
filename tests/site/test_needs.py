"""Priorities, departures and energy: what is said of a session, and what becomes of it."""

import asyncio

import msgspec

from edge.core.image import Image
from edge.core.memory import Memory
from edge.core.precedence import Precedence
from edge.core.standing import Standing
from edge.site.events import Acknowledged, NeedsStated, NotAnswered, Sampled
from edge.site.tokens import Token
from tests.site.standing_site import MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

HOUR_MS = 3_600_000
CAT = Token(token="04C0C0C0")
BOB = Token(token="04B0B0B0", group="fleet")
EVE = Token(token="04E0E0E0", group="fleet", priority=7)
FLEET = "\n[group.fleet]\npriority = 5\n"
TIGHT = 54_000  # the building leaves room for the minimum of one car


async def image_of(lot, bay):
    await asyncio.sleep(1.5)
    image = Image.from_plain(msgspec.json.decode(lot.recorder.rows[-1][2])[1])
    return next(evse for evse in image.evses if evse.id == bay)


@in_virtual_time
async def test_what_a_driver_needs_reaches_the_next_decision_on_the_clock_that_nobody_sets():
    async with standing_site() as lot:
        await lot.connect()
        await lot.start()
        leaves_ms = lot.clock.now_ms() + 2 * HOUR_MS
        told = await lot.tell(NeedsStated, evse=1, departs_ms=leaves_ms, energy_wh=20_000, priority=3)
        said_ms = lot.clock.mono_ms()
        assert told == Acknowledged()
        seen = await image_of(lot, "bay-1")
        assert (seen.wanted_wh, seen.priority) == (20_000, 3)
        assert seen.departs_ms == said_ms + 2 * HOUR_MS
        assert lot.bay().rule.startswith("priority 3 (this session's)")
        assert "20.0 kWh still needed before it leaves" in lot.bay().rule


@in_virtual_time
async def test_it_ends_with_the_session_and_does_not_pass_to_the_next():
    async with standing_site() as lot:
        await lot.connect()
        started = await lot.start()
        await lot.tell(NeedsStated, evse=1, energy_wh=20_000, priority=9)
        await lot.stop(started.transaction_id)
        await lot.start()
        seen = await image_of(lot, "bay-1")
        assert (seen.wanted_wh, seen.departs_ms, seen.priority) == (None, None, None)


@in_virtual_time
async def test_where_no_session_runs_it_is_refused_in_words():
    async with standing_site() as lot:
        await lot.connect()
        for evse in (1, 2):
            told = await lot.tell(NeedsStated, evse=evse, energy_wh=1_000)
            assert told == NotAnswered(sentence="no session runs there: say it when the car charges")


@in_virtual_time
async def test_it_outlives_a_restart_of_the_controller():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await lot.start()
        leaves_ms = lot.clock.now_ms() + HOUR_MS
        await lot.tell(NeedsStated, evse=1, departs_ms=leaves_ms, energy_wh=9_000, priority=2)
        await asyncio.sleep(1)
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        seen = await image_of(lot, "bay-1")
        assert (seen.wanted_wh, seen.priority) == (9_000, 2)
        left_ms = leaves_ms - lot.clock.now_ms()
        assert abs(seen.departs_ms - lot.clock.mono_ms() - left_ms) < 10


@in_virtual_time
async def test_the_session_goes_before_the_token_its_group_and_the_bay():
    async with standing_site(extra=FLEET, tokens=(CAT, BOB, EVE)) as lot:
        await lot.connect()
        for token, expected in (
            (CAT, "priority 0 (the bay's)"),
            (BOB, "priority 5 (of group fleet)"),
            (EVE, "priority 7 (this card's)"),
        ):
            started = await lot.start(token=token.token)
            await asyncio.sleep(1.5)
            assert lot.bay().rule.startswith(expected)
            if token is EVE:
                await lot.tell(NeedsStated, evse=1, priority=1)
                await asyncio.sleep(1.5)
                assert lot.bay().rule.startswith("priority 1 (this session's)")
            await lot.stop(started.transaction_id)


@in_virtual_time
async def test_when_only_one_minimum_fits_the_higher_priority_has_it():
    async with standing_site(extra=FLEET, tokens=(CAT, BOB)) as lot:
        lot.meter(building_ma=TIGHT)
        for bay, token in (("bay-1", CAT), ("bay-2", BOB)):
            await lot.connect(bay)
            await lot.start(bay, token=token.token)
        await asyncio.sleep(60)
        assert (lot.bay("bay-1").setpoint_ma, lot.bay("bay-2").setpoint_ma >= 6_000) == (0, True)


@in_virtual_time
async def test_energy_alone_counts_as_if_the_car_stayed_for_eight_hours():
    async with standing_site() as lot:
        await lot.connect()
        await lot.start()
        await lot.tell(NeedsStated, evse=1, energy_wh=44_160)  # 8 A on three phases at 230 V for 8 h
        await image_of(lot, "bay-1")
        lots = lot.blueprint.lot
        memory = Memory.restore(lots, msgspec.json.decode(lot.recorder.rows[0][1]))
        standing = Standing(memory, lots.by_id["bay-1"], await image_of(lot, "bay-1"), lot.clock.mono_ms())
        assert Precedence(lots, standing, lot.clock.mono_ms()).need_ma // 100 == 80


@in_virtual_time
async def test_a_sample_is_as_old_as_it_says_and_never_newer_than_the_usual_lag():
    async with standing_site() as lot:
        await lot.connect()
        for age_ms, expected_ms in ((0, 2_000), (45_000, 45_000)):
            await lot.tell(Sampled, evse=1, current_ma=(6_000,), age_ms=age_ms)
            told_ms = lot.clock.mono_ms()
            seen = await image_of(lot, "bay-1")
            assert seen.sampled_ms == told_ms - expected_ms
