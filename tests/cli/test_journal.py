"""`ampyard journal`, against the whole box."""

import json
import sqlite3

import aiohttp

from tests.cli.typed import typed
from tests.interop.box import TOKEN
from tests.web.real_box import real_box


async def test_a_live_journal_is_inspected_searched_verified_copied_and_restored(tmp_path, capsys):
    copy = tmp_path / "copy.db"
    async with real_box(tmp_path) as box:

        async def journal(*words):
            code, out, err = await typed(capsys, "journal", *words, "--socket", box.path)
            return code, out + err

        await box.until_linked()
        box.world.plug("bay-1", "quick")
        assert await box.world.token("bay-1", TOKEN) == "Accepted"
        await box.until(lambda status: any(evse.transaction_id for evse in status.evses))
        code, said = await journal("inspect")
        assert (code, "1 sessions (1 run)" in said) == (0, True)
        code, said = await journal("search", "--kind", "transaction-started", "--json")
        assert (code, json.loads(said)[0]["event"]["token"]) == (0, TOKEN)
        code, said = await journal("search", "--charger", "bay-1", "--limit", "5")
        assert (code, "bay-1 transaction-started of" in said) == (0, True)
        assert await journal("verify") == (0, "the journal is sound\n")
        assert await journal("parked") == (0, "nothing is parked\n")
        assert (await journal("retry", "nowhere"))[0] == 2
        code, said = await journal("backup", copy)
        assert (code, said) == (0, f"{copy}: {copy.stat().st_size:,} bytes\n")
        assert sqlite3.connect(copy).execute("PRAGMA quick_check").fetchone() == ("ok",)
        code, said = await journal("restore", copy)
        assert (code, "1 transactions run" in said) == (1, True)
        assert (await journal("backup", tmp_path / "nowhere" / "x.db"))[0] == 1
        async with aiohttp.ClientSession() as net, net.get(f"{box.page}/api/journal/events") as refused:
            assert refused.status == 403
