"""New chargers on the page, in a real browser: one form, and nothing is pressed before it is proven."""

import contextlib

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.web.adopting_lot import TEXT, stranger, waiting
from tests.web.browser import DESK, PALE_TEXTS, PHONE, beating, chromium, page_of

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]  # one browser for all

UNCOUNTED = "New charger: may draw up to 32 A where nobody counts it. It refuses 0 A: NotSupported."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as started:
        yield started


@contextlib.asynccontextmanager
async def shown(browser, folder, *strangers, size=DESK, **options):
    async with (
        waiting(folder, *strangers) as box,
        beating(box),
        page_of(browser, box.url, size=size, **options) as page,
    ):
        yield box, page


async def fill(page, **fields):
    labels = {"name": "Name", "max_a": "Breaker, A per phase", "fallback": "Without the box, A"}
    for name, value in fields.items():
        await page.get_by_label(labels[name]).fill(value)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_new_charger_gets_its_place_once_it_is_proven(browser, tmp_path, size):
    async with shown(browser, tmp_path, size=size) as (box, page):
        head = page.locator(".newcomer-head")
        await expect(head).to_have_text("newAL-4711New charger, no place yet: 0 A.")
        button = page.get_by_role("button", name="Give it this place")
        await expect(button).to_be_disabled()
        await expect(page.get_by_label("Name")).to_have_value("bay-6")
        await page.get_by_label("Circuit", exact=True).select_option("east")
        await fill(page, max_a="16")
        proof = page.locator(".newcomer-proof")
        await expect(proof).to_have_text("east: fallback 0 -> 6 of 50 A; grid 85 -> 91 of 100 A. Proven.")
        assert await page.evaluate(PALE_TEXTS) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert box.path.read_text() == TEXT
        await button.click()
        done = page.locator(".newcomer-done")
        await expect(done).to_contain_text("bay-6 has its place: east: fallback 0 -> 6 of 50 A")
        assert "[charger.bay-6]" in box.path.read_text()
        box.lot.publish(strangers=())
        await expect(page.locator(".newcomer")).to_have_count(0)
        await page.get_by_role("button", name="Take it back").click()
        await expect(done).to_contain_text("site.toml is as it was before bay-6.")
        assert box.path.read_text() == TEXT


async def test_what_does_not_fit_is_told_in_the_files_words_and_cannot_be_pressed(browser, tmp_path):
    async with shown(browser, tmp_path, expect_errors=True) as (box, page):
        button, proof = page.get_by_role("button", name="Give it this place"), page.locator(".newcomer-proof")
        await fill(page, max_a="16", fallback="16")
        await expect(proof).to_contain_text("[grid] rating_a: too small if this box dies")
        await expect(proof).to_contain_text("try      fallback_a = 0")
        await expect(button).to_be_disabled()
        await fill(page, fallback="6")
        await expect(proof).to_contain_text("Proven.")
        await expect(button).to_be_enabled()
        await fill(page, name="bay-1")  # changed: to be proven again
        await expect(button).to_be_disabled()
        await expect(proof).to_contain_text("bay-1 is in the site file already")
        assert box.path.read_text() == TEXT


async def test_who_may_draw_what_he_likes_comes_first_and_a_crowd_does_not_fill_the_page(browser, tmp_path):
    crowd = [stranger("A-1", severity="act", sentence=UNCOUNTED), *(stranger(f"Z-{n}") for n in range(31))]
    async with shown(browser, tmp_path, *crowd) as (_, page):
        await expect(page.locator(".newcomer")).to_have_count(4)
        await expect(page.locator(".newcomer").first).to_have_attribute("data-severity", "act")
        await expect(page.locator(".newcomer-head").first).to_contain_text(UNCOUNTED)
        await expect(page.locator("#newcomers")).to_contain_text("and 28 more chargers without a place")


async def test_markup_in_a_strangers_words_stays_text(browser, tmp_path):
    wicked = stranger("<img src=x>", model="<script>alert(1)</script>")
    async with shown(browser, tmp_path, wicked) as (_, page):
        await expect(page.locator(".newcomer-head b")).to_have_text("<img src=x>")
        await expect(page.locator(".newcomer .bay-sentence")).to_contain_text("<script>alert(1)</script>")
