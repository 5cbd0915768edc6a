"""Reports are open to whoever sees the page, and therefore made one at a time."""

import asyncio

from tests.web.conftest import served
from tests.web.standing_lot import StandingArchive


async def test_who_asks_while_another_report_is_made_is_told_so(box, monkeypatch):
    is_made, may_go_on = asyncio.Event(), asyncio.Event()
    accounts = StandingArchive.accounts

    async def slow(self, *times, **options):
        is_made.set()
        await may_go_on.wait()
        return await accounts(self, *times, **options)

    monkeypatch.setattr(StandingArchive, "accounts", slow)
    first = asyncio.create_task(box.get("/api/reports/2026-11"))
    await asyncio.wait_for(is_made.wait(), 10)
    for path in ("/api/reports/2026-10", "/api/reconciliation"):
        async with box.get(path) as refused:
            told = await refused.json()
            assert (refused.status, told["error"]) == (503, "another report is being made")
    may_go_on.set()
    assert (await first).status == 200
    async with box.get("/api/reconciliation") as answer:
        assert answer.status == 200


async def test_more_than_a_small_box_can_hold_is_refused_in_plain_words(monkeypatch):
    monkeypatch.setattr("edge.site.billing.office.MOST", 1)
    async with served() as box, box.get("/api/reconciliation") as refused:
        assert (refused.status, (await refused.json())["error"]) == (400, "these are 2 sessions")
