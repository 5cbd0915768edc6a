"""The uplink in OCPP 2.0.1: any charger appears as a station that counts what it tells, without a gap."""

import asyncio

import pytest

from edge.ocpp.v201 import operation, provisioning, smart_charging
from edge.ocpp.v201.types import (
    ChargingProfile,
    ChargingSchedule,
    Component,
    IdToken,
    SchedulePeriod,
    Variable,
)
from edge.site.commands import Done, NotSupported, Setting, StartCharging, StopCharging
from edge.site.events import EvseStatusChanged, JobProgressed
from tests.uplink.cloud_201 import Csms201
from tests.uplink.cloud_lot import cloud_lot

WHOLE = ["Started", "Updated", "Ended"]
SLOW_TO_SEE_S = 12


def lot_201(folder, **named):
    return cloud_lot(folder, cloud=Csms201(), **named)


async def drained(lot):
    await lot.drained()
    assert lot.cloud.irregularities == []


async def test_a_session_is_told_as_events_with_numbers_and_times_of_its_own(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await lot.until(lambda: lot.cloud.counts()["BootNotification"])
        await lot.session(samples=1)
        await drained(lot)
        ((_, book),) = lot.cloud.transactions.items()
        start, *between, end = book.events
        assert start.trigger_reason == "Authorized"
        assert (start.id_token.id_token, start.id_token.type) == ("04AB", "Central")
        assert start.meter_value[0].sampled_value[0].value == 1_000
        assert (start.evse.id, start.evse.connector_id) == (1, 1)
        assert {event.event_type for event in between} == {"Updated"}
        assert (end.trigger_reason, end.meter_value[-1].sampled_value[0].value) == ("StopAuthorized", 2_500)
        assert not any(event.offline for event in book.events)


async def test_what_happened_while_the_cloud_was_away_is_told_in_order_and_as_offline(tmp_path):
    async with lot_201(tmp_path, is_cloud_up=False) as lot:
        await lot.connect()
        await lot.session()
        await lot.session(meter_wh=7_000)
        await lot.cloud.start()
        await drained(lot)
        assert lot.cloud.kinds() == [WHOLE, WHOLE]
        assert all(event.offline for book in lot.cloud.transactions.values() for event in book.events)


async def test_a_repetition_is_the_same_byte_for_byte_and_counts_once(tmp_path):
    async with lot_201(tmp_path) as lot:
        lot.cloud.mood.loses_answers = 3
        await lot.connect()
        await lot.session()
        await lot.session(meter_wh=7_000)
        await drained(lot)
        assert lot.cloud.repeats == 3
        assert [kinds[0] + kinds[-1] for kinds in lot.cloud.kinds()] == ["StartedEnded"] * 2


async def test_what_is_refused_for_good_leaves_no_gap(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        begun = await lot.start()
        await lot.drained()
        lot.cloud.mood.refuses["TransactionEvent"] = "InternalError"
        await lot.tell(EvseStatusChanged, evse=1, state="suspended-car")
        await lot.until(parked(lot, 1), SLOW_TO_SEE_S)
        lot.cloud.mood.refuses.clear()
        await lot.stop(begun.transaction_id)
        await drained(lot)
        assert [kinds[-1] for kinds in lot.cloud.kinds()] == ["Ended"]


def parked(lot, count):
    async def is_so():
        return (await lot.outbox.backlog("cloud")).parked == count

    return is_so


async def test_how_it_charges_is_told_within_its_transaction(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await lot.start()
        await lot.tell(EvseStatusChanged, evse=1, state="suspended-car")
        await lot.drained()
        states = [event.transaction_info.charging_state for event in lot.cloud.of("TransactionEvent")]
        assert states[-1] == "SuspendedEV"
        assert lot.seen().statuses == {1: "Occupied"}


async def test_a_remote_start_comes_back_with_its_number(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await lot.until(lambda: lot.cloud.counts()["BootNotification"])
        await settled(lot)
        ask = operation.RequestStartTransaction(
            id_token=IdToken(id_token="CLOUD", type="Central"), remote_start_id=77, evse_id=1
        )
        assert (await lot.cloud.call("CP-1", ask)).status == "Accepted"
        assert lot.chargers["bay-1"].commands == [StartCharging(charger="bay-1", evse=1, token="CLOUD")]
        begun = await lot.start(token="CLOUD")
        await lot.drained()
        (start,) = [each for each in lot.cloud.of("TransactionEvent") if each.event_type == "Started"]
        assert (start.trigger_reason, start.transaction_info.remote_start_id) == ("RemoteStart", 77)

        wrong = operation.RequestStopTransaction(transaction_id="none")
        assert (await lot.cloud.call("CP-1", wrong)).status == "Rejected"
        stop = operation.RequestStopTransaction(transaction_id=start.transaction_info.transaction_id)
        assert (await lot.cloud.call("CP-1", stop)).status == "Accepted"
        ours = StopCharging(charger="bay-1", transaction_id=begun.transaction_id)
        assert lot.chargers["bay-1"].commands[-1] == ours


async def settled(lot):
    """The boot is accepted, and commands are taken."""
    await lot.until(lambda: (told := lot.status_of_uplink()) is not None and told.connected == 1)


def profile(amperes, **named):
    return ChargingProfile(
        id=5,
        stack_level=2,
        charging_profile_kind="Relative",
        charging_schedule=(
            ChargingSchedule(
                id=1,
                charging_rate_unit="A",
                charging_schedule_period=(SchedulePeriod(start_period=0, limit=amperes),),
            ),
        ),
        **{"charging_profile_purpose": "TxDefaultProfile", **named},
    )


async def test_a_profile_becomes_a_limit_and_the_composite_schedule_tells_the_truth(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect("bay-2")
        await lot.connect()
        await lot.start()
        await lot.drained()
        await lot.until(lambda: lot.bay().setpoint_ma == 32_000)
        (name,) = lot.cloud.transactions
        tx = profile(9, charging_profile_purpose="TxProfile", transaction_id=name)
        set_it = smart_charging.SetChargingProfile(evse_id=1, charging_profile=tx)
        assert (await lot.cloud.call("CP-1", set_it)).status == "Accepted"
        await lot.until(lambda: lot.bay().setpoint_ma == 9_000)
        ask = smart_charging.GetCompositeSchedule(evse_id=1, duration=600)
        told = (await lot.cloud.call("CP-1", ask)).schedule
        assert [(p.start_period, p.limit) for p in told.charging_schedule_period] == [(0, 9.0)]
        clear = smart_charging.ClearChargingProfile(charging_profile_id=5)
        assert (await lot.cloud.call("CP-1", clear)).status == "Accepted"
        assert (await lot.cloud.call("CP-1", clear)).status == "Unknown"
        await lot.until(lambda: lot.site.control.limits == {})


async def test_settings_of_any_charger_are_its_device_model(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await settled(lot)
        lot.chargers["bay-1"].outcome = Done(
            settings=(
                Setting(key="TxCtrlr.EVConnectionTimeOut", value="60"),
                Setting(key="ocpp16:Colour", value="red", readonly=True),
            )
        )
        base = provisioning.GetBaseReport(request_id=4, report_base="FullInventory")
        assert (await lot.cloud.call("CP-1", base)).status == "Accepted"
        await lot.until(lambda: lot.cloud.of("NotifyReport"))
        (report,) = lot.cloud.of("NotifyReport")
        rows = [(row.component.name, row.variable.name) for row in report.report_data]
        assert rows == [("TxCtrlr", "EVConnectionTimeOut"), ("OCPP16Configuration", "Colour")]

        place = {"component": Component(name="TxCtrlr"), "variable": Variable(name="EVConnectionTimeOut")}
        other = {"component": Component(name="TxCtrlr"), "variable": Variable(name="Nothing")}
        get = provisioning.GetVariables(
            get_variable_data=(provisioning.GetVariableData(**place), provisioning.GetVariableData(**other))
        )
        rows = (await lot.cloud.call("CP-1", get)).get_variable_result
        assert [row.attribute_status for row in rows] == ["Accepted", "UnknownVariable"]
        owned = {"component": Component(name="SmartChargingCtrlr"), "variable": Variable(name="Enabled")}
        put = provisioning.SetVariables(
            set_variable_data=(
                provisioning.SetVariableData(attribute_value="9", **place),
                provisioning.SetVariableData(attribute_value="false", **owned),
            )
        )
        rows = (await lot.cloud.call("CP-1", put)).set_variable_result
        assert [row.attribute_status for row in rows] == ["Accepted", "Rejected"]


async def test_a_new_password_is_used_from_the_next_connection_on_and_kept(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await settled(lot)
        place = {"component": Component(name="SecurityCtrlr"), "variable": Variable(name="BasicAuthPassword")}
        put = provisioning.SetVariables(
            set_variable_data=(provisioning.SetVariableData(attribute_value="a-new-password", **place),)
        )
        assert (await lot.cloud.call("CP-1", put)).set_variable_result[0].attribute_status == "Accepted"
        lot.cloud.password = b"a-new-password"
        assert lot.chargers["bay-1"].commands == []  # it is this box that shows it
        await lot.until(lambda: lot.seen().connects == 2, SLOW_TO_SEE_S)
        assert await lot.journal.document("uplink-password", "cloud/bay-1") == b"a-new-password"


async def test_jobs_and_what_nobody_can_do_are_told_in_its_words(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await settled(lot)
        await lot.tell(JobProgressed, job="firmware", state="installed", word="Installed", request_id=9)
        await lot.until(lambda: lot.cloud.of("FirmwareStatusNotification"))
        assert lot.cloud.of("FirmwareStatusNotification")[0].request_id == 9
        lot.chargers["bay-1"].outcome = NotSupported(sentence="it has no lock")
        unlock = operation.UnlockConnector(evse_id=1, connector_id=1)
        answer = await lot.cloud.call("CP-1", unlock)
        assert (answer.status, answer.status_info.additional_info) == ("UnlockFailed", "it has no lock")


async def test_an_observer_is_told_everything_and_commands_nothing(tmp_path):
    second = Csms201()
    await second.start()
    others = f'[uplink.second]\nurl = "{second.url}"\nversion = "2.0.1"\nrole = "observer"\n'
    try:
        async with cloud_lot(tmp_path, others=others) as lot:
            await lot.connect()
            await lot.until(lambda: second.counts()["BootNotification"])
            await lot.session()
            await lot.drained()
            await lot.until(lambda: second.kinds() == [["Started", "Updated", "Ended"]])
            assert second.irregularities == []
            assert lot.told() == ["StartTransaction", "MeterValues", "StopTransaction"]
            unlock = operation.UnlockConnector(evse_id=1, connector_id=1)
            assert (await second.call("CP-1", unlock)).status == "UnlockFailed"
            set_it = smart_charging.SetChargingProfile(evse_id=1, charging_profile=profile(6))
            assert (await second.call("CP-1", set_it)).status == "Rejected"
            assert lot.chargers["bay-1"].commands == []
            assert lot.site.control.limits == {}
    finally:
        await second.kill()


@pytest.mark.parametrize("trouble", ["killed", "silent", "refusing"])
async def test_a_cloud_in_trouble_costs_the_other_nothing(tmp_path, trouble):
    second = Csms201()
    await second.start()
    others = f'[uplink.second]\nurl = "{second.url}"\nversion = "2.0.1"\nrole = "observer"\n'
    try:
        async with cloud_lot(tmp_path, others=others) as lot:
            if trouble == "killed":
                await second.kill()
            elif trouble == "silent":
                second.mood.slow_ms = 60_000
            else:
                second.mood.refuses["TransactionEvent"] = "InternalError"
            await lot.connect()
            async with asyncio.timeout(5):
                await lot.session()
                await lot.drained()
            assert lot.told() == ["StartTransaction", "MeterValues", "StopTransaction"]
            assert lot.books.irregularities == []
    finally:
        await second.kill()


async def test_a_link_that_is_lost_while_something_follows_an_answer_costs_that_link_only(tmp_path):
    async with lot_201(tmp_path) as lot:
        await lot.connect()
        await settled(lot)
        for _ in range(5):
            connects = lot.seen().connects
            trigger = operation.TriggerMessage(requested_message="BootNotification")
            lot.cloud.mood.slow_ms = 200
            assert (await lot.cloud.call("CP-1", trigger)).status == "Accepted"
            lot.seen().connection.cut()
            lot.cloud.mood.slow_ms = 0
            await lot.until(lambda: lot.seen().connects > connects)  # noqa: B023
            await settled(lot)
        await lot.session()
        await drained(lot)
