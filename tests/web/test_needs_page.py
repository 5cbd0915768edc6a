"""What a session needs, said on the page, in a real browser."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.web.browser import DESK, PALE_TEXTS, PHONE, chromium, shown

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]  # one browser for all


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as started:
        yield started


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_what_a_session_needs_reaches_the_site(browser, size):
    async with shown(browser, size=size) as (box, page):
        await page.locator('[data-bay="bay-1"]:visible').first.click()
        await page.get_by_label("Whole session, kWh").fill("12.5")
        in_an_hour = await page.evaluate(
            "new Date(Date.now() + 3600000).toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'})"
        )
        await page.get_by_label("Leaves at").fill(in_an_hour)
        await page.get_by_label("Priority, 0 to 9").fill("4")
        assert await page.evaluate(PALE_TEXTS) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.get_by_role("button", name="Say what it needs").click()
        await expect(page.locator("#explain .answer")).to_contain_text("Needs: noted for this session.")
        (event,) = box.lot.reports
        assert (event.charger, event.energy_wh, event.priority) == ("bay-1", 12_500, 4)
        assert 3_539_000 <= event.departs_ms - event.at_ms <= 3_600_000, "whole minutes"


async def test_a_refusal_is_said_in_its_own_words_and_what_is_empty_stays_open(browser):
    async with shown(browser, expect_errors=True) as (box, page):
        await page.click('#tree [data-bay="bay-2"]')
        await page.get_by_role("button", name="Say what it needs").click()
        await expect(page.locator("#explain .answer")).to_have_text("Needs: no session runs there.")
        await page.get_by_role("button", name="Close").click()
        await page.click('#tree [data-bay="bay-1"]')
        await page.get_by_role("button", name="Say what it needs").click()
        await expect(page.locator("#explain .answer")).to_contain_text("What is left empty is open.")
        (event,) = box.lot.reports
        assert (event.energy_wh, event.departs_ms, event.priority) == (None, None, None)


async def test_without_a_session_there_is_nothing_to_say(browser):
    async with shown(browser) as (_, page):
        await page.click('#tree [data-bay="bay-5"]')
        await expect(page.locator("#explain")).to_be_visible()
        await expect(page.locator("#explain .needs")).to_be_hidden()


async def test_who_may_not_command_is_not_asked(browser):
    async with shown(browser) as (_, page):

        async def from_afar(route):
            answer = await route.fetch()
            await route.fulfill(json={**await answer.json(), "may_command": False})

        await page.route("**/api/about", from_afar)
        await page.reload()
        await page.click('#tree [data-bay="bay-1"]')
        await expect(page.locator("#explain")).to_be_visible()
        await expect(page.locator("#explain .needs")).to_be_hidden()
        await expect(page.locator("#explain .orders")).to_be_hidden()
