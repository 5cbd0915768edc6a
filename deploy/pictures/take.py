"""Take the pictures of the README from a page that is running: `python take.py http://127.0.0.1:8080`.

Needs Debian's chromium and the playwright package. Writes page.png and phone.png beside this file.
"""

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

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
SETTLE_MS = 2_500  # the stream has begun, the widths have eased


def main() -> None:
    """Desktop and phone, in daylight unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    parser.add_argument("--dark", action="store_true", help="as it looks at night, page-dark.png and so on")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, width, height in (("page", 1280, 800), ("phone", 390, 844)):
            suffix = "-dark" if options.dark else ""
            take(browser, options.url, options.folder / f"{name}{suffix}.png", (width, height), options.dark)
        browser.close()


def take(browser: Browser, url: str, path: Path, size: tuple[int, int], is_dark: bool) -> None:  # noqa: FBT001
    """One picture, as soon as bays are shown."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if is_dark else "light"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("[data-bay]:visible", timeout=30_000)
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=path)
    context.close()


if __name__ == "__main__":
    main()
