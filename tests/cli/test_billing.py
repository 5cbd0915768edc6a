"""`ampyard tariff`, `export`, `report` and `roaming`, against the whole box."""

import json

from tests.cli.typed import typed
from tests.interop.box import TOKEN
from tests.interop.test_billing import TARIFF
from tests.web.real_box import real_box

OPERATOR = {
    "country_code": "DE",
    "party_id": "AMP",
    "name": "Riverside Parking",
    "location": {
        "id": "RIVER",
        "address": "Uferweg 1",
        "city": "Berlin",
        "country": "DEU",
        "latitude": "52.52000",
        "longitude": "13.40500",
    },
}


def first(status):
    return next(evse for evse in status.evses if evse.id == "bay-1")


async def test_a_tariff_is_put_assigned_listed_and_taken_back(tmp_path, capsys):
    path = tmp_path / "day.json"
    path.write_text(json.dumps(TARIFF))
    async with real_box(tmp_path) as box:

        async def tariff(*words):
            code, out, err = await typed(capsys, "tariff", *words, "--socket", box.path)
            return code, out + err

        assert await tariff("list") == (0, "whoever is in no group above pays nothing\n")
        code, said = await tariff("put", path)
        assert (code, said.startswith("tariff day is known")) == (0, True)
        assert await tariff("assign", "day") == (0, "everybody else: day\n")
        assert await tariff("free", "fleet") == (0, "fleet: nothing to pay\n")
        code, said = await tariff("list")
        assert "everybody else" in said
        assert "nothing is paid by fleet" in said
        assert await tariff("reset", "fleet") == (0, "fleet: as everybody does\n")
        code, said = await tariff("assign", "nihgt", "fleet")
        assert (code, "no tariff is called nihgt; there are day" in said) == (1, True)
        path.write_text(json.dumps(TARIFF | {"elements": []}))
        code, said = await tariff("put", path)
        assert (code, "elements" in said) == (1, True)
        path.write_text("{")
        assert (await tariff("put", path))[0] == 2
        path.write_text(json.dumps(OPERATOR))
        assert await tariff("operator", path) == (0, "Riverside Parking, DE*AMP, Uferweg 1\n")


async def test_sessions_leave_as_files_and_a_month_as_a_page(tmp_path, capsys):
    sheet, page = tmp_path / "sessions.csv", tmp_path / "month.pdf"
    async with real_box(tmp_path) as box:
        await box.until_linked()
        box.world.plug("bay-1", "quick")
        assert await box.world.token("bay-1", TOKEN) == "Accepted"
        await box.until(lambda status: first(status).transaction_id is not None)
        number = first(box.site.status()).transaction_id
        assert await box.world.token("bay-1", TOKEN) == "Stopped"
        await box.until(lambda status: first(status).transaction_id is None)
        code, out, _ = await typed(capsys, "export", "--out", sheet, "--socket", box.path)
        assert (code, str(number) in sheet.read_text()) == (0, True)
        code, out, _ = await typed(capsys, "report", "--socket", box.path)
        assert (code, "bay-1" in out, "fleet" in out) == (0, True, True)
        code, out, _ = await typed(capsys, "report", "--format", "pdf", "--out", page, "--socket", box.path)
        assert (code, page.read_bytes()[:5]) == (0, b"%PDF-")
        code, out, _ = await typed(capsys, "reconcile", "--socket", box.path)
        assert (code, out.splitlines()[-1]) == (0, "every Wh is booked once")
        code, _, err = await typed(capsys, "report", "soon", "--socket", box.path)
        assert (code, "soon is no month; like 2026-11" in err) == (2, True)


async def test_cards_of_others_are_taken_in_whole_or_not_at_all(tmp_path, capsys):
    path = tmp_path / "cards.csv"
    head = "country_code,party_id,uid,type,contract_id,issuer,valid,whitelist,last_updated\n"
    row = "NL,TNM,04C0FFEE,RFID,NL-TNM-C1,TheNewMotion,true,ALWAYS,2026-01-01T00:00:00Z\n"
    async with real_box(tmp_path) as box:
        path.write_text(head + row + row.replace("ALWAYS", "SOMETIMES"))
        code, _, err = await typed(capsys, "roaming", "import", path, "--socket", box.path)
        assert (code, f"{path}:3" in err) == (1, True)
        path.write_text(head + row)
        code, out, _ = await typed(capsys, "roaming", "import", path, "--socket", box.path)
        assert (code, out) == (0, "1 cards taken in, 1 known\n")
        code, out, _ = await typed(capsys, "roaming", "list", "--socket", box.path)
        assert "NL-TNM-C1" in out
