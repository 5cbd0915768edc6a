"""What a bay says of itself, in every state that this version knows; and what the lot says."""

import asyncio

import pytest

from edge.site.events import EvseStatusChanged, LinkChanged, Sampled
from edge.site.ports import Limit, OfferRefused
from tests.site.standing_site import SITE, standing_site
from tests.site.virtual_time import in_virtual_time

FOLLOWED_S = 12


def says(lot, name="bay-1"):
    bay = lot.bay(name)
    return bay.icon, bay.severity, bay.sentence


async def both_here(lot):
    await lot.connect("bay-1")
    await lot.connect("bay-2")
    for name in ("bay-1", "bay-2"):
        await lot.tell(EvseStatusChanged, name, evse=1, state="available")
    await asyncio.sleep(2)


async def charging(lot, ma=32_000):
    await both_here(lot)
    begun = await lot.start()
    await asyncio.sleep(2)
    await lot.draw(ma)
    await asyncio.sleep(2)
    return begun


async def bound(lot, ma):
    lot.site.limit(
        Limit(name="city/bay-1", source="csms", kind="evse", target="bay-1", limit_ma=ma, expires_ms=None)
    )
    await asyncio.sleep(2)


def told(state, error=None):
    """A state that the charger tells while nothing runs."""

    async def tell(lot):
        await both_here(lot)
        await lot.tell(EvseStatusChanged, evse=1, state=state, error=error)
        await asyncio.sleep(2)

    return tell


async def nobody(_):
    await asyncio.sleep(2)


async def full(lot):
    await charging(lot)


async def building(lot):
    await charging(lot)
    lot.meter(building_ma=45_000)
    await asyncio.sleep(2)


async def city(lot):
    await charging(lot)
    await bound(lot, 10_000)


async def city_forbids(lot):
    await charging(lot)
    await bound(lot, 0)


async def car(lot):
    await charging(lot)
    await asyncio.sleep(FOLLOWED_S)
    await lot.draw(5_000)
    await asyncio.sleep(2)


async def queue(lot):
    await both_here(lot)
    lot.meter(building_ma=60_000)
    await lot.start()
    await asyncio.sleep(5)


async def done(lot):
    await charging(lot)
    await lot.tell(EvseStatusChanged, evse=1, state="suspended-car")
    await lot.draw(0)
    await asyncio.sleep(2)


async def finished(lot):
    begun = await charging(lot)
    await lot.tell(Sampled, evse=1, energy_wh=32_200, transaction_id=begun.transaction_id)
    await lot.tell(EvseStatusChanged, evse=1, state="finishing")
    await asyncio.sleep(2)


async def silent(lot):
    await charging(lot)
    await lot.tell(LinkChanged, is_up=False)
    await asyncio.sleep(20.5)


async def disobeys(lot):
    await charging(lot)
    await bound(lot, 16_000)
    await asyncio.sleep(FOLLOWED_S)
    await lot.draw(20_000)
    await asyncio.sleep(2)


async def rejects(lot):
    await charging(lot)
    lot.chargers["bay-1"].answer = OfferRefused(sentence="Rejected")
    await bound(lot, 16_000)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (nobody, ("◌", "know", "Not seen yet. Counted at 32.6 A.")),
        (told("available"), ("○", "fine", "Free.")),
        (told("occupied"), ("◌", "fine", "Plugged in. Show a card to start.")),
        (told("reserved"), ("◌", "fine", "Reserved.")),
        (told("unavailable"), ("◌", "know", "Out of service.")),
        (told("finishing"), ("✓", "fine", "Finished. The plug is still in.")),
        (told("faulted", "GroundFailure"), ("✕", "act", "Charger reports GroundFailure. Do not use.")),
        (full, ("▶", "fine", "Charges with all it can take, 32 A.")),
        (building, ("▶", "fine", "17 A: the building draws 45 A on L1.")),
        (city, ("▶", "know", "10 A: city limits it.")),
        (city_forbids, ("◷", "know", "Waits: city allows nothing.")),
        (car, ("▶", "fine", "Takes 5 A of 32 A.")),
        (queue, ("◷", "fine", "Waits for 6 A: grid is full on L1.")),
        (done, ("✓", "fine", "The car takes nothing of 32 A.")),
        (finished, ("✓", "fine", "Finished. 31.2 kWh.")),
        (silent, ("⚠", "know", "No answer for 20 s. Counted at 32.6 A.")),
        (disobeys, ("⚠", "act", "Draws 20 A, offered 16 A. Counted at 20.6 A.")),
        (rejects, ("⚠", "act", "Refuses limits. Counted at 32.6 A.")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bay_says(happens, said):
    @in_virtual_time
    async def run():
        async with standing_site() as lot:
            await happens(lot)
            assert says(lot) == said

    run()


@in_virtual_time
async def test_the_difference_between_phases_is_the_reason_until_a_car_has_shown_three():
    limited = SITE.replace("building_max_a = 30", "building_max_a = 30\nunbalance_max_a = 12")
    async with standing_site(limited) as lot:
        await both_here(lot)
        await lot.start()
        await lot.start("bay-2")
        await asyncio.sleep(5)
        assert says(lot) == ("▶", "fine", "11 A: one phase may carry at most 12 A more than another.")
        (row,) = [row for row in lot.site.explain("bay-1").limits if row.name == "grid unbalance"]
        assert (row.limit_ma, row.binds) == ((12_000,) * 3, True)
        waits = "Waits for 6 A: one phase may carry at most 12 A more than another."
        assert says(lot, "bay-2") == ("◷", "fine", waits)


@in_virtual_time
async def test_a_silent_meter_is_the_reason_as_long_as_it_is_silent():
    async with standing_site(is_metered=False) as lot:
        await both_here(lot)
        lot.meter(building_ma=5_000)
        await lot.start("bay-1")
        await lot.start("bay-2")
        await asyncio.sleep(1)
        lot.meter()
        await asyncio.sleep(13)
        assert says(lot) == ("⚠", "know", "16 A: the grid meter is silent for 12 s; worst case counts.")
        assert lot.site.status().sentence == "The grid meter is silent for 12 s; the worst case counts."
        lot.site.trouble("grid", "unit 1 on rs485 does not answer")
        await asyncio.sleep(1)
        cause = "The grid meter is silent for 13 s (unit 1 on rs485 does not answer); the worst case counts."
        assert lot.site.status().sentence == cause


@in_virtual_time
async def test_the_lot_says_how_it_is_in_one_sentence():
    async with standing_site() as lot:
        await both_here(lot)
        assert lot.site.status().sentence == "2 bays free."
        await lot.start()
        await asyncio.sleep(2)
        await lot.draw(32_000)
        await asyncio.sleep(2)
        assert lot.site.status().sentence == "All well. 1 car charges. 31 A free on L1."
        await lot.tell(EvseStatusChanged, "bay-2", evse=1, state="faulted", error="GroundFailure")
        await asyncio.sleep(2)
        status = lot.site.status()
        assert (status.severity, status.sentence) == (
            "act",
            "bay-2: Charger reports GroundFailure. Do not use.",
        )
