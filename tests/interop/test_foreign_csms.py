"""A foreign CSMS above the whole box: what it is told of a simulated charger, and what it commands."""

import asyncio
import contextlib

from ocpp.v16 import call

from tests.interop.box import TOKEN, box
from tests.interop.peers import ForeignCsms


@contextlib.asynccontextmanager
async def lot_under_a_foreign_cloud(folder):
    """One simulated charger, connected, and told to the cloud."""
    cloud = ForeignCsms()
    async with (
        cloud.serving() as port,
        box(folder, "bay-1", simulated=("bay-1",), cloud=f"ws://127.0.0.1:{port}/ocpp") as lot,
        asyncio.timeout(120),
    ):
        await cloud.news.until(lambda: cloud.count("StatusNotification") >= 1)
        yield lot, cloud


async def charging(lot, cloud):
    """A car is charged, and the cloud has had a sample of it."""
    lot.world.plug("bay-1", "quick")
    assert await lot.world.token("bay-1", TOKEN) == "Accepted"
    await cloud.news.until(lambda: cloud.count("MeterValues") >= 1)
    return cloud.last_transaction_id


async def test_the_cloud_sees_the_charger_as_if_it_were_connected_there(tmp_path):
    async with lot_under_a_foreign_cloud(tmp_path) as (lot, cloud):
        assert cloud.messages[0][:2] == ("bay-1", "BootNotification")
        assert cloud.messages[0][2]["charge_point_model"] == "Simulator"
        number = await charging(lot, cloud)
        assert await lot.world.token("bay-1", TOKEN) == "Stopped"
        await cloud.news.until(lambda: cloud.count("StopTransaction") == 1)

        told = cloud.of("StartTransaction", "MeterValues", "StopTransaction")
        assert [action for action, _ in told] == [
            "StartTransaction",
            *["MeterValues"] * (len(told) - 2),
            "StopTransaction",
        ]
        assert {payload["transaction_id"] for _, payload in told} == {number}
        (performed,) = lot.world.charger("bay-1").station.performed
        assert performed.transaction_id != number  # the charger has our own number
        start, stop = told[0][1], told[-1][1]
        assert (start["id_tag"], start["meter_start"]) == (performed.token, performed.meter_start_wh)
        assert (stop["meter_stop"], stop["reason"]) == (performed.meter_stop_wh, "Local")
        states = [status["status"] for _, status in cloud.of("StatusNotification")]
        assert states[0] == "Available"
        assert "Charging" in states


async def test_a_remote_start_and_stop_reach_the_charger(tmp_path):
    async with lot_under_a_foreign_cloud(tmp_path) as (lot, cloud):
        lot.world.plug("bay-1", "quick")
        start = call.RemoteStartTransaction(id_tag="CLOUD-ONLY", connector_id=1)
        assert (await cloud.call("bay-1", start)).status == "Accepted"
        await cloud.news.until(lambda: cloud.count("StartTransaction") == 1)
        assert cloud.of("StartTransaction")[0][1]["id_tag"] == "CLOUD-ONLY"  # granted though not on our list
        await lot.until(lambda _: lot.bay().setpoint_ma > 0)

        wrong = call.RemoteStopTransaction(transaction_id=cloud.last_transaction_id + 1)
        assert (await cloud.call("bay-1", wrong)).status == "Rejected"
        stop = call.RemoteStopTransaction(transaction_id=cloud.last_transaction_id)
        assert (await cloud.call("bay-1", stop)).status == "Accepted"
        await cloud.news.until(lambda: cloud.count("StopTransaction") == 1)
        ((_, ended),) = cloud.of("StopTransaction")
        assert (ended["transaction_id"], ended["reason"]) == (cloud.last_transaction_id, "Remote")


async def test_configuration_is_read_and_written_but_not_what_the_site_owns(tmp_path):
    async with lot_under_a_foreign_cloud(tmp_path) as (lot, cloud):
        changed = await cloud.call("bay-1", call.ChangeConfiguration(key="ConnectionTimeOut", value="45"))
        assert changed.status == "Accepted"
        answer = await cloud.call("bay-1", call.GetConfiguration(key=["ConnectionTimeOut", "Nonsense"]))
        assert answer.configuration_key == [
            {"key": "ConnectionTimeOut", "readonly": False, "value": "45"},
        ]
        assert answer.unknown_key == ["Nonsense"]
        everything = await cloud.call("bay-1", call.GetConfiguration())
        assert len(everything.configuration_key) > 20
        for key in ("MeterValueSampleInterval", "meterValueSampleInterval", "AuthorizationKey"):
            owned = await cloud.call("bay-1", call.ChangeConfiguration(key=key, value="900"))
            assert owned.status == "Rejected", key
        assert lot.world.charger("bay-1").station.configuration.number("MeterValueSampleInterval") == 10


async def test_a_reset_reboots_the_charger_and_the_cloud_sees_its_transaction_end(tmp_path):
    async with lot_under_a_foreign_cloud(tmp_path) as (lot, cloud):
        number = await charging(lot, cloud)
        assert (await cloud.call("bay-1", call.Reset(type="Soft"))).status == "Accepted"
        await cloud.news.until(lambda: cloud.count("StopTransaction") == 1)
        ((_, ended),) = cloud.of("StopTransaction")
        assert (ended["transaction_id"], ended["reason"]) == (number, "SoftReset")


async def test_a_profile_of_the_cloud_lowers_the_bay_and_cannot_raise_it(tmp_path):
    async with lot_under_a_foreign_cloud(tmp_path) as (lot, cloud):
        await charging(lot, cloud)
        await lot.until(lambda _: lot.bay().setpoint_ma == 29_000)
        assert (await cloud.call("bay-1", profile(12))).status == "Accepted"
        await lot.until(lambda _: lot.bay().setpoint_ma == 12_000)
        assert lot.bay().word == "limit"
        assert (await cloud.call("bay-1", profile(400))).status == "Accepted"
        await lot.until(lambda _: lot.bay().setpoint_ma == 29_000, timeout_s=60)
        cleared = await cloud.call("bay-1", call.ClearChargingProfile(id=7))
        assert cleared.status == "Accepted"
        assert (await cloud.call("bay-1", call.ClearChargingProfile(id=7))).status == "Unknown"


def profile(amperes):
    period = {"start_period": 0, "limit": amperes}
    return call.SetChargingProfile(
        connector_id=1,
        cs_charging_profiles={
            "charging_profile_id": 7,
            "stack_level": 3,
            "charging_profile_purpose": "TxDefaultProfile",
            "charging_profile_kind": "Relative",
            "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": [period]},
        },
    )
