"""From a car that charged to the record that bills it, through the real box and its command line."""

import asyncio
import json

import aiohttp

from tests.interop.box import TOKEN, box

TARIFF = {
    "country_code": "DE",
    "party_id": "AMP",
    "id": "day",
    "currency": "EUR",
    "last_updated": "2020-01-01T00:00:00Z",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.40, "vat": 19, "step_size": 1}]}],
}


async def api(lot, method, path, body=None, **query):
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(lot.socket))) as session,
        session.request(method, f"http://box/api/{path}", json=body, params=query) as answer,
    ):
        return answer.status, answer.content_type, await answer.read()


async def charged(lot):
    """A car charges, and leaves; the number of its transaction."""
    lot.world.plug("bay-1", "quick")
    assert await lot.world.token("bay-1", TOKEN) == "Accepted"
    await lot.until(lambda _: (lot.bay().session_wh or 0) > 30, timeout_s=60)
    number = lot.bay().transaction_id
    assert await lot.world.token("bay-1", TOKEN) == "Stopped"
    await lot.until(lambda _: lot.bay().transaction_id is None)
    return number


async def test_a_session_is_billed_once_the_same_for_whoever_asks(tmp_path):
    async with box(tmp_path, "bay-1", simulated=("bay-1",)) as lot, asyncio.timeout(120):
        assert (await api(lot, "PUT", "tariffs", TARIFF))[0] == 200
        assert (await api(lot, "PUT", "payers/fleet", {"tariff": "night"}))[0] == 409
        assert (await api(lot, "PUT", "payers/fleet", {"tariff": "day"}))[0] == 200
        await lot.until(lambda _: lot.bay().word == "free", timeout_s=60)
        number = await charged(lot)

        status, _, record = await api(lot, "GET", f"cdrs/{number}")
        told = json.loads(record)
        assert (status, told["session_id"], told["tariffs"][0]["id"]) == (200, str(number), "day")
        assert told["total_energy"] > 0.03
        assert abs(told["total_cost"]["excl_vat"] - told["total_energy"] * 0.40) < 0.0001
        newer = {**TARIFF, "last_updated": "2021-01-01T00:00:00Z", "currency": "CHF"}
        assert (await api(lot, "PUT", "tariffs", newer))[0] == 200
        assert (await api(lot, "PUT", "tariffs", {**TARIFF, "currency": "USD"}))[0] == 409
        assert (await api(lot, "GET", f"cdrs/{number}"))[2] == record

        async with aiohttp.ClientSession() as session, session.get(f"{lot.page}/api/cdrs") as refused:
            assert (refused.status, "socket" in (await refused.json())["error"]) == (403, True)
        _, kind, rows = await api(lot, "GET", "cdrs", format="csv")
        assert (kind, rows.count(b"\r\n")) == ("text/csv", 2)
        month = told["end_date_time"][:7]
        report = json.loads((await api(lot, "GET", f"reports/{month}"))[2])
        assert (report["total"]["sessions"], report["by_group"][0]["name"]) == (1, "fleet")
        _, kind, page = await api(lot, "GET", f"reports/{month}", format="pdf")
        assert (kind, page[:5]) == ("application/pdf", b"%PDF-")
        assert (await api(lot, "GET", "reports/2026-13"))[0] == 404


async def test_the_office_keeps_what_it_was_told_over_a_restart(tmp_path):
    token = {
        "country_code": "NL",
        "party_id": "TNM",
        "uid": TOKEN,
        "type": "RFID",
        "contract_id": "NL-TNM-C1",
        "issuer": "N",
        "valid": True,
        "whitelist": "ALWAYS",
        "last_updated": "2026-01-01T00:00:00Z",
    }
    async with box(tmp_path, "bay-1") as lot:
        assert (await api(lot, "PUT", "tariffs", TARIFF))[0] == 200
        assert (await api(lot, "PUT", "payers/*", {"tariff": "day"}))[0] == 200
        status, _, body = await api(lot, "POST", "roaming", {"tokens": [token]})
        assert (status, json.loads(body)) == (200, {"taken": 1, "known": 1})
    async with box(tmp_path, "bay-1") as lot:
        assert json.loads((await api(lot, "GET", "tariffs"))[2])[0]["id"] == "day"
        assert json.loads((await api(lot, "GET", "payers"))[2]) == [{"group": "*", "tariff": "day"}]
        assert json.loads((await api(lot, "GET", "roaming"))[2])[0]["contract_id"] == "NL-TNM-C1"
