"""What passports learn in normal operation, and what becomes of it: in virtual time."""

import asyncio

import pytest

from edge.core.evse import TOTAL_WATTS
from edge.site.events import PassportLearned, Sampled
from edge.site.passport import Said
from tests.site.standing_site import MODEL, SITE, StandingSite, standing_site
from tests.site.virtual_time import in_virtual_time


def passport(lot):
    return lot.site.passports().passport("bay-1")


async def charging(lot):
    await lot.connect("bay-2")
    await lot.connect()
    await lot.start()
    lot.meter(5_000)
    await asyncio.sleep(70)
    await lot.draw(lot.bay().setpoint_ma)
    await asyncio.sleep(5)


@in_virtual_time
async def test_a_smaller_limit_that_binds_shows_that_it_follows():
    async with standing_site() as lot:
        await charging(lot)
        assert passport(lot).proofs.follows.verdict == "unknown"
        before_ma = lot.bay().setpoint_ma
        lot.meter(63_000 - 16_000)
        await asyncio.sleep(3)
        told_ma = lot.bay().setpoint_ma
        assert 6_000 <= told_ma < before_ma - 2_000
        await lot.draw(told_ma)
        assert passport(lot).proofs.follows.verdict == "proven"
        assert "in a running session" in passport(lot).proofs.follows.evidence
        assert MODEL in lot.journal.papers.get("proof", {}) or await settled(lot)


async def settled(lot):
    await asyncio.sleep(2)
    return MODEL in lot.journal.papers["proof"]


@in_virtual_time
async def test_answers_are_timed_and_waited_for_no_less_than_is_safe():
    async with standing_site() as lot:
        await charging(lot)
        latency = passport(lot).latency
        assert 150 <= latency.min_ms <= latency.median_ms <= latency.max_ms <= 300
        assert (passport(lot).deadline_ms, passport(lot).follow_ms) == (10_000, 8_000)


@pytest.mark.parametrize(
    ("offset_ms", "is_on_time"), [(-14_000, True), (14_000, True), (-40_000, False), (40_000, False)]
)
def test_the_clock_is_known_by_its_samples_and_beyond_the_back_date_earns_no_credit(offset_ms, is_on_time):
    @in_virtual_time
    async def run():
        async with standing_site() as lot:
            await lot.connect()
            await lot.tell(Sampled, evse=1, at_ms=lot.clock.now_ms() + offset_ms, current_ma=(0, 0, 0))
            assert passport(lot).clock_offset_ms == offset_ms
            assert passport(lot).is_on_time is is_on_time
            shift_ms = lot.site.charger("bay-1").form.clock_offset_ms
            assert shift_ms == (0 if is_on_time else offset_ms)

    run()


@in_virtual_time
async def test_a_charger_that_says_w_only_is_written_to_in_w():
    async with standing_site() as lot:
        await lot.connect()
        assert lot.site.charger("bay-1").needs_probe
        await lot.tell(PassportLearned, said=Said(probed_ms=lot.clock.now_ms(), units=("W",)))
        assert passport(lot).unit == TOTAL_WATTS
        assert passport(lot).min_ma == 8_000
        assert lot.site.charger("bay-1").form.unit == TOTAL_WATTS
        assert not lot.site.charger("bay-1").needs_probe


@in_virtual_time
async def test_pauses_known_from_before_there_were_passports_count_on():
    site = StandingSite(SITE, pauses=())
    site.journal.papers["pauses"] = {MODEL: b"true"}
    async with standing_site(journal=site.journal, pauses=()) as lot:
        await lot.connect()
        assert passport(lot).proofs.pauses.verdict == "proven"


@in_virtual_time
async def test_without_a_proof_nobody_is_credited_where_the_guarantee_asks_for_one():
    proven = SITE.replace('name = "Two bays"', 'name = "Two bays"\nguarantee = "proven"').replace(
        "max_a = 32", "max_a = 16"
    )
    async with standing_site(proven) as lot:
        await lot.connect()
        assert not passport(lot).is_credited
    async with standing_site() as lot:
        await lot.connect()
        assert passport(lot).is_credited
