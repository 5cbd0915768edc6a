"""The rehearsal panel in a real browser, over the simulated lot of the demo."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import expect

from edge.cli import demo as demo_verb
from edge.simulator import control
from edge.simulator.description import demo
from edge.simulator.registers import Fault
from edge.simulator.world import CLOUD, World
from tests.web.browser import chromium, shown
from tests.web.conftest import served
from tests.web.standing_lot import uplink

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]  # one browser for all


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def world():
    """The demo's simulated lot, its ports open, its time standing still."""
    lot = World(demo())
    await lot.open()
    try:
        yield lot
    finally:
        await lot.close()


async def test_the_rehearsal_moves_the_simulated_lot(browser, world):
    async with (
        control.serve(world) as port,
        shown(browser, rehearsal_url=f"http://127.0.0.1:{port}") as (_, page),
    ):
        before_ma = world.lot.buildings["grid"].steady_ma(10**15)
        await page.click("#building-up")
        await expect(page.locator("#rehearsal .load")).not_to_have_text("")
        await page.click("#rehearsal >> text=frozen")
        await expect(page.locator('[data-value="frozen"]')).to_have_attribute("aria-pressed", "true")
        assert world.meters["grid"].fault == Fault.FROZEN
        await page.click("#rehearsal >> text=works")
        await expect(page.locator('[data-value="none"]')).to_have_attribute("aria-pressed", "true")
        after_ma = world.lot.buildings["grid"].steady_ma(10**15)
        assert all(after >= before + 10_000 for before, after in zip(before_ma, after_ma, strict=True))
        await page.click('[data-value="cut"]')
        await expect(page.locator('[data-value="cut"]')).to_have_attribute("aria-pressed", "true")
        assert world.line(CLOUD) == "cut"
        await expect(page.locator(".booked-count")).to_contain_text("0 transactions")
        await expect(page.locator(".verdict")).to_have_text("No current was ever above a limit.")


async def test_rows_that_wait_are_seen_to_pile_up_and_drain(browser, world):
    async with (
        control.serve(world) as port,
        shown(browser, rehearsal_url=f"http://127.0.0.1:{port}") as (box, page),
    ):
        box.lot.publish(uplinks=(uplink(state="down", waiting=14),))
        await expect(page.locator(".pile i")).to_have_count(14)
        await expect(page.locator(".booked-count")).to_contain_text("14 rows wait here.")
        box.lot.publish(uplinks=(uplink(waiting=0),))
        await expect(page.locator(".pile i")).to_have_count(0)
        await expect(page.locator(".booked-count")).to_contain_text("Nothing waits here.")


async def test_the_drivers_card_is_one_that_the_demo_knows():
    async with served() as box:
        script = await (await box.get("/static/rehearsal.js")).text()
    assert f"const CARD = {json.dumps(demo_verb.TOKEN)};" in script


async def test_without_a_rehearsal_there_is_no_panel_and_no_way_to_it(browser):
    async with shown(browser) as (box, page):
        await expect(page.locator("#rehearsal")).to_be_hidden()
        assert (await box.get("/rehearsal/state")).status == 404
