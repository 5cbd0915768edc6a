"""The page in a real browser: what is seen at first glance, what moves, what happens when the box is gone."""

import asyncio

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.web.browser import PALE_TEXTS, PHONE, chromium, page_of, shown
from tests.web.conftest import served
from tests.web.standing_lot import MeterStatus, riverside, uplink

pytestmark = [pytest.mark.chromium, pytest.mark.asyncio(loop_scope="module")]  # one browser for all

SILENT = MeterStatus(state="stale", age_ms=12_000, current_ma=None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with chromium() as started:
        yield started


def grid(**changes):
    """The grid of the wireframe with something changed, before its feeders."""
    root, *feeders = riverside().circuits
    return (msgspec.structs.replace(root, **changes), *feeders)


async def part_of(page, outer, inner):
    """Left and right edge of a part, in percent of what holds it."""
    holder, box = await page.locator(outer).bounding_box(), await page.locator(inner).bounding_box()
    left = (box["x"] - holder["x"]) / holder["width"] * 100
    return left, left + box["width"] / holder["width"] * 100


async def names(page, selector):
    return await page.locator(selector).evaluate_all("all => all.map((each) => each.dataset.bay)")


# -- first glance ----------------------------------------------------------------------------------------


async def test_at_first_glance_one_sentence_three_phases_and_every_bay(browser):
    async with shown(browser) as (_, page):
        await expect(page.locator("#sentence")).to_have_text(
            "All well. 4 cars charge, 1 waits. 18 A free on L2."
        )
        await expect(page.locator("#grid .amps")).to_have_text(["78 / 100 A", "82 / 100 A", "74 / 100 A"])
        await expect(page.locator(".branch h2")).to_have_text(["west", "east"])
        assert await names(page, "#tree .bay") == ["bay-1", "bay-2", "bay-3", "bay-4/1", "bay-4/2", "bay-5"]
        await expect(page.locator("#tree .bay-value")).to_have_text(
            ["16 A", "16 A", "queue", "9 A", "16 A", "free"]
        )
        await expect(page.locator("#tree .bay").first.locator(".bay-energy")).to_have_text("11.2 kWh")
        await expect(page.locator("#clock")).to_have_text("12:00")  # the lot's time, not the reader's


async def test_every_state_is_a_shape_and_a_word(browser):
    async with shown(browser) as (_, page):
        for bay in await page.locator("#tree .bay").all():
            assert await bay.locator(".bay-shape path").count() > 0
            assert (await bay.get_attribute("aria-label")).count(":") >= 1


async def test_a_bar_is_to_scale_building_then_chargers_then_what_is_booked(browser):
    async with shown(browser) as (_, page):
        await page.wait_for_timeout(400)  # widths ease for 300 ms
        bar = "#grid .phase:first-child .bar"
        building = await part_of(page, bar, f"{bar} .building")
        chargers = await part_of(page, bar, f"{bar} .chargers")
        booked = await part_of(page, bar, f"{bar} .booked")
        limit = await part_of(page, bar, f"{bar} .limit")
        scale = limit[0] + (limit[1] - limit[0]) / 2  # percent of the bar at 100 A
        assert building == pytest.approx((0, 0.32 * scale), abs=0.3)
        assert chargers == pytest.approx((0.32 * scale, 0.78 * scale), abs=0.3)
        assert booked == pytest.approx((0.78 * scale, 0.81 * scale), abs=0.3)


async def test_no_request_leaves_the_box(browser):
    async with served() as box:
        asked = []
        context = await browser.new_context()
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(box.url)
        await page.wait_for_selector(".bay")
        await page.goto(box.url + "/#sessions")
        await page.wait_for_selector("#sessions td")
        await context.close()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(box.url)] == []


# -- live ------------------------------------------------------------------------------------------------


async def test_a_change_at_the_site_is_seen_without_reloading(browser):
    async with shown(browser) as (box, page):
        box.lot.change("bay-1", setpoint_ma=6_000, sentence="6 A: west is full on L2.", word="circuit")
        card = page.locator('#tree [data-bay="bay-1"]')
        await expect(card.locator(".bay-value")).to_have_text("6 A")
        await expect(card.locator(".bay-sentence")).to_have_text("6 A: west is full on L2.")


async def test_a_current_that_rises_eases_and_one_that_falls_jumps(browser):
    async with shown(browser) as (box, page):
        offered = page.locator('#tree [data-bay="bay-4/2"] .offered')
        await expect(offered).to_have_attribute("style", "width: 50%;")
        box.lot.change("bay-4/2", setpoint_ma=32_000)
        await expect(offered).to_have_attribute("style", "width: 100%;")
        assert await offered.evaluate("each => getComputedStyle(each).transitionDuration") == "0.3s"
        box.lot.change("bay-4/2", setpoint_ma=6_000)
        await expect(offered).to_have_attribute("style", "width: 18.75%;")
        assert await offered.evaluate("each => getComputedStyle(each).transitionDuration") == "0s"


async def test_who_wants_no_motion_gets_none(browser):
    async with shown(browser, browser_options={"reduced_motion": "reduce"}) as (box, page):
        box.lot.change("bay-4/2", setpoint_ma=32_000)
        offered = page.locator('#tree [data-bay="bay-4/2"] .offered')
        await expect(offered).to_have_attribute("style", "width: 100%;")
        assert await offered.evaluate("each => getComputedStyle(each).transitionProperty") == "none"


async def test_trouble_sorts_first(browser):
    async with shown(browser) as (box, page):
        box.lot.change("bay-2", severity="know", icon="⚠", word="silent", sentence="No answer for 20 s.")
        box.lot.change("bay-3", severity="act", icon="✕", word="fault", sentence="Do not use.")
        await expect(page.locator("#tree .bay").first).to_have_attribute("data-bay", "bay-3")
        assert await names(page, "#tree .bay") == ["bay-3", "bay-2", "bay-1", "bay-4/1", "bay-4/2", "bay-5"]
        assert await names(page, "#list .line") == ["bay-3", "bay-2", "bay-1", "bay-4/1", "bay-4/2", "bay-5"]
        await expect(page.locator("#troubles li")).to_have_text(
            ["bay-3: Do not use.", "bay-2: No answer for 20 s."]
        )


async def test_a_silent_meter_hatches_the_building_up_to_its_worst_case(browser):
    async with shown(browser) as (box, page):
        blind = grid(background_ma=(40_000,) * 3, background_is_measured=False, meter=SILENT)
        box.lot.publish(circuits=blind, severity="know", sentence="The grid meter is silent for 12 s.")
        await expect(page.locator("#grid .building.blind")).to_have_count(3)
        await expect(page.locator("#grid .meter")).to_contain_text("silent for 12 s: the worst case counts")
        image = await page.locator("#grid .building").first.evaluate(
            "e => getComputedStyle(e).backgroundImage"
        )
        assert image.startswith("repeating-linear-gradient")
        await expect(page.locator("#sentence")).to_have_attribute("data-severity", "know")


async def test_a_circuit_without_a_meter_is_no_trouble(browser):
    async with shown(browser) as (_, page):
        await expect(page.locator(".blind")).to_have_count(0)


async def test_a_limit_below_the_rating_moves_the_line(browser):
    async with shown(browser) as (box, page):
        line = page.locator("#grid .phase:first-child .limit")
        before = (await line.bounding_box())["x"]
        box.lot.publish(circuits=grid(limit_ma=(50_000,) * 3))
        await expect(page.locator("#grid .amps").first).to_have_text("78 / 50 A")
        assert (await line.bounding_box())["x"] < before - 100


async def test_what_is_read_aloud_is_the_news_and_not_each_number(browser):
    async with shown(browser) as (box, page):
        spoken = page.locator("#spoken")
        await expect(spoken).to_have_attribute("aria-live", "polite")
        box.lot.publish(sentence="All well. 4 cars charge, 1 waits. 17 A free on L1.")
        await expect(page.locator("#sentence")).to_contain_text("17 A")
        await expect(spoken).to_contain_text("18 A")
        box.lot.publish(sentence="bay-3: Charger reports GroundFailure. Do not use.", severity="act")
        await expect(spoken).to_contain_text("GroundFailure")


async def test_the_cloud_says_what_waits_and_since_when(browser):
    async with shown(browser) as (box, page):
        await expect(page.locator("#cloud .bay-value")).to_have_text("connected")
        sentence = "city: away (401); 14 rows wait, none lost."
        away = uplink(
            state="down", connected=0, waiting=14, oldest_ms=box.clock.at_ms - 120_000, sentence=sentence
        )
        box.lot.publish(uplinks=(away,))
        await expect(page.locator("#cloud .bay-word")).to_have_text("14 rows wait")
        await expect(page.locator("#cloud .bay-sentence")).to_have_text(
            [sentence, "The oldest since 11:58:00."]
        )
        await expect(page.locator("#cloud-chip")).to_have_attribute("data-severity", "know")


async def test_filled_is_what_was_measured_and_what_is_only_booked_stays_an_outline(browser):
    async with shown(browser) as (box, page):
        await expect(page.locator("#grid .amps b").first).to_have_text("78")
        evses = [msgspec.structs.replace(evse, measured_ma=None) for evse in box.lot.latest.evses]
        box.lot.publish(evses=tuple(evses))
        await expect(page.locator("#grid .amps b").first).to_have_text("32")
        for bar, is_so in (("chargers", "=== 0"), ("booked", "> 200")):  # widths ease up to where they belong
            width = f"document.querySelector('#grid .{bar}').getBoundingClientRect().width"
            async with asyncio.timeout(10):  # waiting in the page needs eval, which its policy forbids
                while not await page.evaluate(f"{width} {is_so}"):  # noqa: ASYNC110  a page rings no bell
                    await asyncio.sleep(0.05)


async def test_the_hour_is_drawn_from_what_the_box_remembers(browser):
    async with served() as box:
        for minute in range(30):
            box.lot.publish(at_ms=box.clock.at_ms + minute * 60_000)
            await asyncio.sleep(0)
        async with page_of(browser, box.url) as page:
            await expect(page.locator("#hour h2")).to_have_text("last 29 min")
            path = await page.locator(".area-chargers").get_attribute("d")
            assert path.count("L") > 50


# -- explain, sessions, commands -------------------------------------------------------------------------


async def test_a_bay_explains_itself_with_every_limit_and_the_one_that_binds(browser):
    async with shown(browser) as (_, page):
        await page.click('#tree [data-bay="bay-4/1"]')
        dialog = page.locator("#explain")
        await expect(dialog.locator("h2")).to_have_text("bay-4/1")
        await expect(dialog.locator("tbody th")).to_have_text(["EVSE", "east", "grid", "city"])
        await expect(dialog.locator("td[data-binds]")).to_have_text(["9"])
        await expect(dialog.locator(".rule")).to_contain_text("filled up to what west leaves")
        await expect(dialog.locator(".before li")).to_contain_text(["10 \N{RIGHTWARDS ARROW} 9 A"])
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()


async def test_what_is_explained_stays_live(browser):
    async with shown(browser) as (box, page):
        await page.click('#tree [data-bay="bay-1"]')
        box.lot.change("bay-1", sentence="Takes 5 A of 16 A.")
        await expect(page.locator(".explain-sentence")).to_have_text("Takes 5 A of 16 A.")


async def test_everything_is_reached_by_keyboard_and_focus_returns(browser):
    async with shown(browser) as (_, page):
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.dataset.bay") == "bay-1":
                break
        await page.keyboard.press("Enter")
        await expect(page.locator("#explain")).to_be_visible()
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.dataset.bay") == "bay-1"


async def test_focus_stays_on_a_bay_that_moves(browser):
    async with shown(browser) as (box, page):
        await page.focus('#tree [data-bay="bay-3"]')
        box.lot.change("bay-3", severity="act", word="fault")
        await expect(page.locator("#tree .bay").first).to_have_attribute("data-bay", "bay-3")
        assert await page.evaluate("document.activeElement.dataset.bay") == "bay-3"


async def test_a_command_asks_once_more_before_it_goes(browser):
    async with shown(browser) as (box, page):
        await page.click('#tree [data-bay="bay-1"]')
        await page.click("text=Restart the charger")
        assert box.lot.commands == []
        await page.click("text=Restart the charger: sure?")
        await expect(page.locator("#explain .answer")).to_have_text("Restart the charger: done.")
        assert [command.charger for command, _ in box.lot.commands] == ["bay-1"]


async def test_sessions_are_listed_newest_first(browser):
    async with shown(browser, "/#sessions") as (_, page):
        await expect(page.locator("#sessions tbody tr")).to_have_count(3)
        first = page.locator("#sessions tbody tr").first
        await expect(first.locator("td")).to_have_text(["bay-1", "12:00", "0 s", "4.0 kWh", "04..80", "runs"])


async def test_text_of_a_charger_is_text_and_nothing_else(browser):
    async with shown(browser) as (box, page):
        box.lot.change("bay-1", sentence="<img src=x onerror=alert(1)>", word="<b>fault</b>", severity="act")
        await expect(page.locator('#tree [data-bay="bay-1"] .bay-sentence')).to_have_text(
            "<img src=x onerror=alert(1)>"
        )
        assert await page.locator("#tree img, #tree b b").count() == 0


# -- sizes and colours -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 390, 759, 760, 1040, 1280])
async def test_no_width_scrolls_sideways(browser, width):
    async with shown(
        browser, rehearsal_url="http://127.0.0.1:9", size={"width": width, "height": 844}, expect_errors=True
    ) as (
        box,
        page,
    ):
        box.lot.publish(sentence="The grid meter is silent for 12 s; the worst case counts.")
        for view in ("lot", "bays", "sessions", "more"):
            await page.evaluate(f"location.hash = '#{view}'")
            excess = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await page.evaluate(excess) == 0


async def test_a_phone_has_three_tabs_and_lists_trouble_first(browser):
    async with shown(browser, size=PHONE) as (_, page):
        await expect(page.locator("nav a:visible")).to_have_text(["Lot", "Bays", "More"])
        await expect(page.locator("#list .line")).to_have_count(6)
        await expect(page.locator("#tree")).to_be_hidden()
        await page.click("nav >> text=Bays")
        await expect(page.locator("#tree")).to_be_visible()
        await expect(page.locator("#list")).to_be_hidden()
        await page.click("nav >> text=More")
        await expect(page.locator("#cloud")).to_be_visible()
        await expect(page.locator("#sessions")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_the_contrast_that_it_needs(browser, scheme):
    async with shown(browser, browser_options={"color_scheme": scheme}) as (box, page):
        blind = grid(background_ma=(40_000,) * 3, background_is_measured=False, meter=SILENT)
        box.lot.publish(circuits=blind, severity="know", uplinks=(uplink(state="down", waiting=3),))
        box.lot.change("bay-2", severity="know", icon="⚠", word="silent")
        box.lot.change("bay-3", severity="act", icon="✕", word="fault")
        await expect(page.locator("#tree .bay").first).to_have_attribute("data-bay", "bay-3")
        await page.wait_for_timeout(400)  # filters ease
        assert await page.evaluate(PALE_TEXTS) == []
        await page.click('#tree [data-bay="bay-2"]')
        await expect(page.locator("#explain")).to_be_visible()
        assert await page.evaluate(PALE_TEXTS) == []


async def test_the_month_is_there_as_a_file(browser):
    async with shown(browser) as (_, page):
        await page.click("text=Sessions")
        link = page.locator("#sessions .files a").first
        await expect(link).to_have_text("this month, PDF")
        async with page.expect_download() as download:
            await link.click()
        path = await (await download.value).path()
        assert path.read_bytes().startswith(b"%PDF-")


# -- the box is gone -------------------------------------------------------------------------------------


async def test_a_page_that_lost_the_box_greys_and_comes_back_to_life(browser):
    async with served() as box, page_of(browser, box.url, expect_errors=True) as page:
        await box.stop()
        await expect(page.locator("#sentence")).to_have_text(
            "Not live since 12:00. The chargers keep running.", timeout=10_000
        )
        await page.wait_for_timeout(400)  # the greying eases
        filters = await page.locator("#grid").evaluate("each => getComputedStyle(each).filter")
        assert filters == "grayscale(1)"
        async with served(port=box.port):
            await expect(page.locator("body")).not_to_have_attribute("data-lost", "", timeout=10_000)
            await expect(page.locator("#sentence")).to_contain_text("All well.")


async def test_a_site_that_has_not_decided_yet_is_shown_empty(browser):
    async with served() as box:
        box.lot.publish(circuits=(), evses=(), uplinks=(), sentence="Starting.", severity="know")
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(box.url)
        await expect(page.locator("#sentence")).to_have_text("Starting.")
        await expect(page.locator("#grid")).to_be_hidden()
        box.lot.publish(circuits=riverside().circuits, evses=riverside().evses)
        await expect(page.locator("#tree .bay")).to_have_count(6)
        await context.close()
