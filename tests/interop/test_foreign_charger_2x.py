"""Foreign chargers of OCPP 2.0.1 and 2.1 at the whole box: from the boot to the row of a session."""

import asyncio
import subprocess
import sys

import aiohttp
import pytest
from ocpp.exceptions import SecurityError

from edge.site.commands import (
    Done,
    NativeCall,
    Origin,
    ReadSettings,
    Refused,
    ReportSchedule,
    Reset,
    StartCharging,
    StopCharging,
    WriteSettings,
)
from edge.site.observed import SAMPLE_LAG_MS
from tests.interop.box import TOKEN, box
from tests.interop.peers import foreign_charger as foreign_16
from tests.interop.peers_2x import foreign_charger, rates
from tests.interop.test_billing import TARIFF, api

OPERATOR = Origin(kind="page")
PRICE = {"type": "FLAT", "price": 2.00, "vat": 19, "step_size": 1}
FLAT = {**TARIFF, "id": "flat", "elements": [{"price_components": [PRICE]}]}


async def transactions(lot):
    async with aiohttp.ClientSession() as session, session.get(f"{lot.page}/api/transactions") as answer:
        assert answer.status == 200
        return await answer.json()


@pytest.mark.parametrize("version", ["v201", "v21"])
async def test_a_foreign_charger_charges_within_what_the_building_leaves(tmp_path, version):
    async with (
        box(tmp_path, "bay-1") as lot,
        foreign_charger(lot.url, version=version) as charger,
        asyncio.timeout(120),
    ):
        assert await charger.boot() == "Accepted"
        await charger.news.until(lambda: len(charger.profiles) == 2)
        beneath, above = charger.profiles[0], charger.profiles[1]
        assert (rates(beneath), rates(above)) == ([6], [6, 6])
        assert beneath["charging_profile_kind"] == above["charging_profile_kind"] == "Absolute"
        assert above.get("invalid_after_offline_duration") == (True if version == "v21" else None)

        assert await charger.authorise(TOKEN) == "Accepted"
        assert await charger.authorise("STRANGER") == "Invalid"
        await charger.tell("Occupied")
        begun = await charger.begin(TOKEN)
        assert begun.id_token_info["status"] == "Accepted"
        await charger.news.until(lambda: charger.limits[-1] == 29)  # 40 - 10 building - 0.6 tolerance
        lot.world.building(10_000 + 29_000)  # the world does not know its car, which takes all
        await asyncio.sleep(SAMPLE_LAG_MS / 1000 + 1)  # a sample counts when the readings go back as far
        await charger.sample(29, 2000)
        await lot.until(lambda _: lot.bay().measured_ma == (29_000, 29_000, 29_000))
        lot.world.building(25_000 + 29_000)
        await charger.news.until(lambda: charger.limits[-1] == 14)
        await charger.end("EVDisconnected", meter_wh=3500)
        await charger.news.until(lambda: charger.limits[-1] == 0)
        (session,) = await transactions(lot)
        assert (session["energy_wh"], session["reason"], session["flags"]) == (2500, "car-left", [])
        assert charger.variables["SampledDataCtrlr", "TxUpdatedInterval"] == "10"
        assert "Current.Import" in charger.variables["SampledDataCtrlr", "TxUpdatedMeasurands"]


async def test_the_box_can_restart_under_a_running_transaction_and_closes_what_the_charger_denies(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        await charger.boot()
        await charger.begin(TOKEN)
        own_id = charger.running
        number = (await transactions(lot))[0]["transaction_id"]
    async with box(tmp_path, "bay-1") as lot, asyncio.timeout(120):
        async with foreign_charger(lot.url) as charger:
            charger.running, charger.seq_no = own_id, 1  # it only reconnects: it was never away
            await charger.news.until(lambda: charger.limits and charger.limits[-1] == 29)
            await charger.sample(20, 1800)  # names no EVSE: that was told at the beginning
            await lot.until(lambda _: lot.bay().measured_ma == (20_000, 20_000, 20_000))
            assert lot.bay().transaction_id == number
            stop = StopCharging(charger="bay-1", evse=1, transaction_id=number)
            assert await lot.site.submit(stop, OPERATOR) == Done()
            await charger.news.until(lambda: charger.running is None)
            (session,) = await transactions(lot)
            assert (session["transaction_id"], session["reason"]) == (number, "remote")
            await charger.begin(TOKEN, meter_wh=5000)
            lost = max(each["transaction_id"] for each in await transactions(lot))
        async with foreign_charger(lot.url) as charger:  # it has forgotten everything
            await charger.boot()
            await lot.until(lambda _: lot.bay().transaction_id is None)
            sessions = {each["transaction_id"]: each for each in await transactions(lot)}
            assert sessions[lost]["flags"] == ["no-stop"]


async def test_a_card_that_is_shown_after_the_plug_begins_the_transaction(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        await charger.boot()
        await charger.begin()  # TxStartPoint is EVConnected
        assert await transactions(lot) == []
        shown = {"id_token": {"id_token": TOKEN, "type": "ISO14443"}}
        answer = await charger.event("Updated", "Authorized", **shown)
        assert answer.id_token_info["status"] == "Accepted"
        await charger.news.until(lambda: charger.limits[-1] == 29)
        await charger.end("Local", meter_wh=1600)
        (session,) = await transactions(lot)
        assert (session["energy_wh"], session["flags"]) == (600, [])


async def test_commands_reach_it(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(120):
        await charger.boot()
        await charger.is_set_up.wait()

        async def submit(command):
            return await lot.site.submit(command, OPERATOR)

        keys = ("TxCtrlr.EVConnectionTimeOut", "TxCtrlr.Nothing", "ocpp16:Colour")
        outcome = await submit(ReadSettings(charger="bay-1", keys=keys))
        assert [(row.key, row.value) for row in outcome.settings] == [(keys[0], "90")]
        assert set(outcome.unknown_keys) == set(keys[1:])
        everything = await submit(ReadSettings(charger="bay-1"))
        assert len(everything.settings) == len(charger.variables)
        assert await submit(WriteSettings(charger="bay-1", settings={keys[0]: "120"})) == Done()
        assert charger.variables["TxCtrlr", "EVConnectionTimeOut"] == "120"
        sneaky = WriteSettings(charger="bay-1", settings={"smartchargingctrlr.Enabled": "false"})
        assert isinstance(await submit(sneaky), Refused)
        schedule = await submit(ReportSchedule(charger="bay-1", evse=1, duration_s=60))
        assert '"limit":6.0' in schedule.data
        assert await submit(Reset(charger="bay-1", hard=True)) == Done()
        assert charger.resets == ["Immediate"]
        start = StartCharging(charger="bay-1", evse=1, token="04AABBCC")
        assert await submit(start) == Done()
        await charger.news.until(lambda: charger.starts == [("04AABBCC", "ISO14443", 1)])
        await charger.news.until(lambda: charger.limits[-1] == 29)
        raw = NativeCall(charger="bay-1", version="2.0.1", action="GetTransactionStatus", payload={})
        assert (await submit(raw)).data is not None
        owned = NativeCall(charger="bay-1", version="2.0.1", action="SetNetworkProfile", payload={})
        assert isinstance(await submit(owned), Refused)
        assert max(charger.items) <= 4


async def test_chargers_of_different_versions_share_one_circuit(tmp_path):
    async with (
        box(tmp_path, "bay-1", "bay-2") as lot,
        foreign_16(lot.url, "bay-1") as old,
        foreign_charger(lot.url, "bay-2") as new,
        asyncio.timeout(120),
    ):
        await old.boot()
        await new.boot()
        await old.begin(TOKEN)
        await old.news.until(lambda: old.limits[-1] == 29)
        await new.begin(TOKEN)
        await old.news.until(lambda: old.limits[-1] == 14)
        await new.news.until(lambda: new.limits[-1] == 14)
        await old.end("EVDisconnected", meter_wh=1500)
        await new.news.until(lambda: new.limits[-1] == 29)
        await new.end("EVDisconnected", meter_wh=1500)
        sessions = await transactions(lot)
        kept = [(each["energy_wh"], each["reason"], each["flags"]) for each in sessions]
        assert kept == [(500, "car-left", [])] * 2


async def test_a_charger_that_comes_back_with_another_version_keeps_its_history(tmp_path):
    async with box(tmp_path, "bay-1") as lot, asyncio.timeout(120):
        async with foreign_16(lot.url) as charger:
            await charger.boot()
            await charger.begin(TOKEN)
            await charger.end("Local", meter_wh=1400)
        async with foreign_charger(lot.url) as charger:
            await charger.boot(firmware="2.0")
            await charger.begin(TOKEN, meter_wh=1400)
            await charger.end("Local", meter_wh=1900)
        assert [each["energy_wh"] for each in await transactions(lot)] == [500, 400]
        assert lot.site.charger("bay-1").boot.protocol == "OCPP 2.0.1"


async def test_the_driver_is_told_what_a_charge_costs_where_it_is_billed(tmp_path):
    async with box(tmp_path, "bay-1") as lot, foreign_charger(lot.url) as charger, asyncio.timeout(60):
        await charger.boot()
        await charger.begin(TOKEN, meter_wh=1000)
        assert (await charger.end("EVDisconnected", meter_wh=1004)).total_cost is None
        assert (await api(lot, "PUT", "tariffs", FLAT))[0] == 200
        assert (await api(lot, "PUT", "payers/fleet", {"tariff": "flat"}))[0] == 200
        await charger.begin(TOKEN, meter_wh=1004)
        assert (await charger.end("EVDisconnected", meter_wh=1008)).total_cost == 2.38  # 2.00 and 19 %


async def test_a_stranger_waits_is_held_at_nothing_and_tells_what_it_has(tmp_path):
    async with (
        box(tmp_path, "bay-1") as lot,
        foreign_charger(lot.url, "AL-4711") as charger,
        asyncio.timeout(60),
    ):
        assert await charger.boot() == "Pending"
        await charger.news.until(lambda: charger.held_at == [0])
        with pytest.raises(SecurityError):
            await charger.begin(TOKEN)
        await lot.until(lambda status: [each.connectors for each in status.strangers] == [1])
        (stranger,) = lot.site.status().strangers
        assert (stranger.station, stranger.model) == ("AL-4711", "Mobility House 1.0")


def test_a_version_costs_nothing_before_a_charger_speaks_it():
    asked = (
        "import sys, edge.chargers.ocpp_server, edge.app;"
        "from edge.dialects.charger import dialect_of; dialect_of('ocpp1.6');"
        "assert not [name for name in sys.modules if 'v201' in name or 'v21' in name or name == 'ocpp'];"
        "dialect_of('ocpp2.0.1');"
        "assert 'edge.dialects.v201.charger' in sys.modules;"
        "assert not [name for name in sys.modules if 'v21' in name or name == 'ocpp']"
    )
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=60)
