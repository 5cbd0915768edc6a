"""A foreign charger, the `ocpp` package, at our server: from its boot to the end of a transaction."""

import asyncio
import contextlib
from datetime import UTC, datetime

import aiohttp
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result

from edge.site.commands import Done, ReadSettings, StartCharging
from edge.site.events import ChargerBooted, EvseStatusChanged, Sampled, TransactionEnded, TransactionStarted
from edge.site.ports import Confirmed
from tests.chargers.stations import lot


class Socket:
    """What the package wants of a WebSocket."""

    def __init__(self, websocket):
        self.websocket = websocket

    async def recv(self):
        message = await self.websocket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise asyncio.CancelledError
        return message.data

    async def send(self, text):
        await self.websocket.send_str(text)


class ForeignCharger(ChargePoint):
    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.profiles = asyncio.Queue()
        self.configuration = {"MeterValueSampleInterval": "60", "MeterValuesSampledData": ""}
        self.remote_starts = []
        self.is_set_up = asyncio.Event()

    @on("SetChargingProfile")
    async def on_set_charging_profile(self, connector_id, cs_charging_profiles):
        self.profiles.put_nowait((connector_id, cs_charging_profiles))
        return call_result.SetChargingProfile(status="Accepted")

    @on("ClearChargingProfile")
    async def on_clear_charging_profile(self, **_):
        return call_result.ClearChargingProfile(status="Unknown")

    @on("GetConfiguration")
    async def on_get_configuration(self, key=()):
        rows = [
            {"key": name, "readonly": False, "value": value}
            for name, value in self.configuration.items()
            if not key or name in key
        ]
        return call_result.GetConfiguration(configuration_key=rows)

    @on("ChangeConfiguration")
    async def on_change_configuration(self, key, value):
        self.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    @on("TriggerMessage")
    async def on_trigger_message(self, **_):
        self.is_set_up.set()  # the last that it is asked after a boot
        return call_result.TriggerMessage(status="NotImplemented")

    @on("RemoteStartTransaction")
    async def on_remote_start_transaction(self, id_tag, connector_id=None, **_):
        self.remote_starts.append((id_tag, connector_id))
        return call_result.RemoteStartTransaction(status="Accepted")


@contextlib.asynccontextmanager
async def foreign_charger(site):
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{site.url}/CP-1", protocols=["ocpp1.6"]) as websocket,
    ):
        charger = ForeignCharger("CP-1", Socket(websocket))
        running = asyncio.create_task(charger.start())
        yield charger
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def now():
    return datetime.now(UTC).isoformat()


async def test_from_boot_to_the_end_of_a_transaction():
    async with lot() as site, foreign_charger(site) as charger, asyncio.timeout(120):
        boot = await charger.call(
            call.BootNotification(charge_point_vendor="Mobility", charge_point_model="House")
        )
        assert boot.status == "Accepted"
        beneath, above = await charger.profiles.get(), await charger.profiles.get()
        assert [profile["stack_level"] for _, profile in (beneath, above)] == [0, 1]

        await charger.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"))
        assert (await charger.call(call.Authorize(id_tag="04AB"))).id_tag_info["status"] == "Accepted"
        started = await charger.call(
            call.StartTransaction(connector_id=1, id_tag="04AB", meter_start=1000, timestamp=now())
        )
        assert started.transaction_id == 77

        assert isinstance(await site.offer(13_000), Confirmed)
        _, profile = await charger.profiles.get()
        assert [period["limit"] for period in profile["charging_schedule"]["charging_schedule_period"]] == [
            13,
            6,
        ]

        values = [
            {"value": "12.8", "measurand": "Current.Import", "phase": phase, "unit": "A"}
            for phase in ("L1", "L2", "L3")
        ]
        await charger.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=77,
                meter_value=[{"timestamp": now(), "sampled_value": values}],
            )
        )
        await charger.call(
            call.StopTransaction(meter_stop=2000, timestamp=now(), transaction_id=77, reason="EVDisconnected")
        )
        await charger.call(call.Heartbeat())

    doors = site.doors
    assert doors.of(ChargerBooted)[0].model == "House"
    assert doors.of(EvseStatusChanged)[0].state == "occupied"
    assert doors.of(TransactionStarted)[0].meter_wh == 1000
    assert doors.of(Sampled)[0].current_ma == (12_800, 12_800, 12_800)
    assert doors.of(TransactionEnded)[0].reason == "car-left"


async def test_commands_reach_it():
    async with lot() as site, foreign_charger(site) as charger, asyncio.timeout(120):
        await charger.call(call.BootNotification(charge_point_vendor="Mobility", charge_point_model="House"))
        await charger.is_set_up.wait()
        start = StartCharging(charger="bay-1", evse=1, token="04AB")
        assert await site.driver().perform(start, deadline_ms=9_000) == Done()
        assert charger.remote_starts == [("04AB", 1)]
        keys = ReadSettings(charger="bay-1", keys=("SampledDataCtrlr.TxUpdatedInterval",))
        outcome = await site.driver().perform(keys, deadline_ms=9_000)
        assert [(row.key, row.value) for row in outcome.settings] == [
            ("SampledDataCtrlr.TxUpdatedInterval", "10")
        ]
