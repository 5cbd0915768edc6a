"""Chargers of every version of OCPP towards clouds of both: whole sessions, judged by a foreign CSMS."""

import asyncio
import contextlib

import pytest
from ocpp.v16 import call as call_16
from ocpp.v201 import call as call_201

from tests.interop.box import TOKEN, box, site_file
from tests.interop.peers import ForeignCsms
from tests.interop.peers_cloud_201 import ForeignCsms201
from tests.interop.test_versions import free, world

CHARGERS = {"bay-1": "1.6", "bay-2": "2.0.1", "bay-3": "2.1"}
CLOUDS = {"1.6": ForeignCsms, "2.0.1": ForeignCsms201}


@contextlib.asynccontextmanager
async def lot_under(folder, version):
    """A charger of each version beneath a foreign cloud; they are all free."""
    cloud = CLOUDS[version]()

    def site(around, *chargers, cloud):
        return site_file(around, *chargers, cloud=cloud) + f'version = "{version}"\n'

    async with (
        cloud.serving() as port,
        box(folder, *CHARGERS, plan=world(**CHARGERS), cloud=f"ws://127.0.0.1:{port}/ocpp", site=site) as lot,
        asyncio.timeout(120),
    ):
        await lot.until(free(*CHARGERS))
        await cloud.news.until(lambda: booted(cloud) == set(CHARGERS))
        yield lot, cloud


def booted(cloud):
    """Those whose first state has come, so that their boot is accepted."""
    return {name for name, action, _ in cloud.messages if action == "StatusNotification"}


def stops(cloud, bay):
    if isinstance(cloud, ForeignCsms201):
        return [event for event in cloud.of(bay, "TransactionEvent") if event["event_type"] == "Ended"]
    return [payload for name, action, payload in cloud.messages if (name, action) == (bay, "StopTransaction")]


@pytest.mark.parametrize("version", CLOUDS)
async def test_each_charger_is_seen_started_and_stopped_by_its_cloud(tmp_path, version):
    async with lot_under(tmp_path, version) as (lot, cloud):
        for bay in CHARGERS:
            lot.world.plug(bay, "quick")
            if version == "1.6":
                start = call_16.RemoteStartTransaction(id_tag=TOKEN, connector_id=1)
            else:
                token = {"id_token": TOKEN, "type": "ISO14443"}
                start = call_201.RequestStartTransaction(id_token=token, remote_start_id=7, evse_id=1)
            assert (await cloud.call(bay, start)).status == "Accepted", bay
        await lot.until(lambda _: all((lot.bay(bay).session_wh or 0) > 5 for bay in CHARGERS))
        for bay in CHARGERS:
            assert await lot.world.token(bay, TOKEN) == "Stopped"
        await cloud.news.until(lambda: all(stops(cloud, bay) for bay in CHARGERS))
        for bay in CHARGERS:
            (stop,) = stops(cloud, bay)
            (performed,) = lot.world.charger(bay).station.performed
            if version == "1.6":
                assert stop["meter_stop"] == performed.meter_stop_wh
                continue
            (value,) = stop["meter_value"][-1]["sampled_value"]
            assert value["value"] == performed.meter_stop_wh
            told = cloud.of(bay, "TransactionEvent")
            assert [event["seq_no"] for event in told] == list(range(len(told)))
            assert told[0]["transaction_info"]["remote_start_id"] == 7
            assert {event["transaction_info"]["transaction_id"] for event in told} == {
                stop["transaction_info"]["transaction_id"]
            }


async def test_the_settings_of_every_charger_are_a_device_model(tmp_path):
    async with lot_under(tmp_path, "2.0.1") as (_, cloud):
        place = {"component": {"name": "TxCtrlr"}, "variable": {"name": "EVConnectionTimeOut"}}
        for bay in CHARGERS:
            asked = await cloud.call(bay, call_201.GetVariables(get_variable_data=[place]))
            assert asked.get_variable_result[0]["attribute_status"] == "Accepted", bay
        base = call_201.GetBaseReport(request_id=5, report_base="FullInventory")
        assert (await cloud.call("bay-1", base)).status == "Accepted"  # whose charger speaks 1.6
        await cloud.news.until(
            lambda: any(not report.get("tbc") for report in cloud.of("bay-1", "NotifyReport"))
        )
