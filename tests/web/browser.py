"""Debian's Chromium, headless, and what is asked of a page that it shows."""

import asyncio
import contextlib
import os

import pytest
from playwright.async_api import async_playwright

from tests.web.conftest import served

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

# Every visible text against what lies behind it: WCAG 2.1, 1.4.3
PALE_TEXTS = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parsed = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parsed(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    const isSeen = element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen");
    if (!text || !isSeen) continue;
    const style = getComputedStyle(element);
    const pair = [luminance(parsed(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) pale.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return pale;
}"""


@contextlib.asynccontextmanager
async def chromium():
    """A browser; without one the test fails, it is never skipped."""
    if not os.access(CHROMIUM, os.X_OK):
        pytest.fail("Chromium is missing: sudo apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def page_of(browser, url, *, size=DESK, expect_errors=False, **options):
    """A page in a context of its own, a long way from the lot's time zone, as soon as it shows a bay.

    What its scripts complain about fails the test.
    """
    context = await browser.new_context(viewport=size, timezone_id="Pacific/Auckland", **options)
    complaints = []
    page = await context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(url)
    await page.wait_for_selector("[data-bay]", state="attached")
    try:
        yield page
    finally:
        await context.close()
    assert expect_errors or complaints == []


@contextlib.asynccontextmanager
async def beating(box):
    """The lot publishes as a site does, whether something changed or not."""

    async def beat():
        while True:
            box.lot.publish()
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as group:
        heart = group.create_task(beat())
        yield
        heart.cancel()


@contextlib.asynccontextmanager
async def shown(browser, path="/", *, size=DESK, expect_errors=False, browser_options=None, **options):
    """The lot of the wireframe, alive, and the page that shows it."""
    async with (
        served(**options) as box,
        beating(box),
        page_of(
            browser, box.url + path, size=size, expect_errors=expect_errors, **(browser_options or {})
        ) as page,
    ):
        yield box, page
