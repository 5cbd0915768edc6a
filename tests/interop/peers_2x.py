"""A foreign charger of OCPP 2.0.1 or 2.1: the `ocpp` package over `websockets`, validating all it sends."""

import asyncio
import contextlib
import importlib
import uuid

import websockets
from ocpp.routing import after, on

from tests.interop.peers import News, now

SUBPROTOCOLS = {"v201": "ocpp2.0.1", "v21": "ocpp2.1"}


def foreign_kind(version):
    """The class of such a charger, made for one version of the package."""
    package = importlib.import_module(f"ocpp.{version}")
    call, result = package.call, package.call_result

    class ForeignCharger(package.ChargePoint):
        """One EVSE with one connector. `profiles`: by stack level, as last set."""

        def __init__(self, identity, connection):
            super().__init__(identity, connection)
            self.news = News()
            self.profiles = {}
            self.limits = []
            self.held_at = None  # what all EVSEs are told while nobody knows it
            self.variables = {
                ("SampledDataCtrlr", "TxUpdatedInterval"): "60",
                ("SampledDataCtrlr", "TxUpdatedMeasurands"): "Energy.Active.Import.Register",
                ("SampledDataCtrlr", "TxStartedMeasurands"): "",
                ("SampledDataCtrlr", "TxEndedMeasurands"): "",
                ("SmartChargingCtrlr", "RateUnit"): "A,W",
                ("SmartChargingCtrlr", "ProfileStackLevel"): "8",
                ("SmartChargingCtrlr", "Enabled"): "true",
                ("DeviceDataCtrlr", "ItemsPerMessage"): "4",
                ("TxCtrlr", "EVConnectionTimeOut"): "90",
            }
            self.items = []
            self.starts = []
            self.resets = []
            self.running = None
            self.seq_no = 0
            self.ongoing = {}
            self.is_set_up = asyncio.Event()

        @on("SetChargingProfile")
        async def on_set_charging_profile(self, evse_id, charging_profile):
            if evse_id == 0 and charging_profile["charging_profile_purpose"] == "TxDefaultProfile":
                self.held_at = rates(charging_profile)
                await self.news.tell()
            if evse_id == 1:
                level = charging_profile["stack_level"]
                self.profiles[level] = charging_profile
                if level == 1:
                    self.limits.append(rates(charging_profile)[0])
                await self.news.tell()
            return result.SetChargingProfile(status="Accepted")

        @on("ClearChargingProfile")
        async def on_clear_charging_profile(self, **_):
            return result.ClearChargingProfile(status="Unknown")

        @on("GetCompositeSchedule")
        async def on_get_composite_schedule(self, duration, evse_id, charging_rate_unit="A"):
            schedule = {
                "evseId": evse_id,
                "duration": duration,
                "scheduleStart": now(),
                "chargingRateUnit": charging_rate_unit,
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
            }
            return result.GetCompositeSchedule(status="Accepted", schedule=schedule)

        @on("GetVariables")
        async def on_get_variables(self, get_variable_data):
            self.items.append(len(get_variable_data))
            rows = []
            for row in get_variable_data:
                value = self.variables.get((row["component"]["name"], row["variable"]["name"]))
                if row["component"].get("evse", {"id": 1})["id"] == 1 and row["component"]["name"] == "EVSE":
                    value = "Available"
                status = {"attribute_status": "UnknownVariable" if value is None else "Accepted"}
                value = {} if value is None else {"attribute_value": value}
                rows.append({**status, **value, "component": row["component"], "variable": row["variable"]})
            return result.GetVariables(get_variable_result=rows)

        @on("SetVariables")
        async def on_set_variables(self, set_variable_data):
            rows = []
            for row in set_variable_data:
                key = (row["component"]["name"], row["variable"]["name"])
                is_known = key in self.variables
                if is_known:
                    self.variables[key] = row["attribute_value"]
                rows.append(
                    {
                        "attribute_status": "Accepted" if is_known else "UnknownVariable",
                        "component": row["component"],
                        "variable": row["variable"],
                    }
                )
            return result.SetVariables(set_variable_result=rows)

        @on("GetBaseReport")
        async def on_get_base_report(self, **_):
            return result.GetBaseReport(status="Accepted")

        @after("GetBaseReport")
        async def after_get_base_report(self, request_id, **_):
            rows = [
                {
                    "component": {"name": component},
                    "variable": {"name": variable},
                    "variable_attribute": [{"value": value, "mutability": "ReadWrite"}],
                }
                for (component, variable), value in self.variables.items()
            ]
            half = len(rows) // 2
            for seq_no, part in enumerate((rows[:half], rows[half:])):
                await self.call(
                    call.NotifyReport(
                        request_id=request_id,
                        generated_at=now(),
                        seq_no=seq_no,
                        report_data=part,
                        tbc=seq_no == 0,
                    ),
                    suppress=False,
                )

        @on("TriggerMessage")
        async def on_trigger_message(self, **_):
            self.is_set_up.set()  # the last that it is asked after a boot
            return result.TriggerMessage(status="NotImplemented")

        @on("GetTransactionStatus")
        async def on_get_transaction_status(self, transaction_id=None):
            does = self.ongoing.get(transaction_id, transaction_id == self.running)
            return result.GetTransactionStatus(messages_in_queue=False, ongoing_indicator=does)

        @on("RequestStartTransaction")
        async def on_request_start(self, **_):
            return result.RequestStartTransaction(status="Accepted")

        @after("RequestStartTransaction")
        async def after_request_start(self, id_token, remote_start_id, evse_id=1, **_):
            self.starts.append((id_token["id_token"], id_token["type"], evse_id))
            await self.begin(id_token["id_token"], id_token["type"], remote_start_id=remote_start_id)

        @on("RequestStopTransaction")
        async def on_request_stop(self, transaction_id):
            is_known = transaction_id == self.running
            return result.RequestStopTransaction(status="Accepted" if is_known else "Rejected")

        @after("RequestStopTransaction")
        async def after_request_stop(self, **_):
            await self.end("Remote", trigger="RemoteStop")

        @on("Reset")
        async def on_reset(self, type, **_):  # noqa: A002  the package calls it so
            self.resets.append(type)
            return result.Reset(status="Accepted")

        # -- what its driver does ------------------------------------------------------------------------

        async def boot(self, firmware="1.0"):
            station = {"vendor_name": "Mobility", "model": "House", "firmware_version": firmware}
            boot = call.BootNotification(charging_station=station, reason="PowerUp")
            return (await self.call(boot, suppress=False)).status

        async def authorise(self, token):
            asked = call.Authorize(id_token={"id_token": token, "type": "ISO14443"})
            return (await self.call(asked, suppress=False)).id_token_info["status"]

        async def tell(self, status):
            news = call.StatusNotification(
                timestamp=now(), connector_status=status, evse_id=1, connector_id=1
            )
            await self.call(news, suppress=False)

        async def event(self, kind, trigger, **fields):
            info = {"transaction_id": self.running, **fields.pop("info", {})}
            told = call.TransactionEvent(
                event_type=kind,
                timestamp=fields.pop("timestamp", None) or now(),
                trigger_reason=trigger,
                seq_no=self.seq_no,
                transaction_info=info,
                **fields,
            )
            self.seq_no += 1
            return await self.call(told, suppress=False)

        async def begin(self, token=None, kind="ISO14443", meter_wh=1000, remote_start_id=None):
            self.running, self.seq_no = str(uuid.uuid4()), 0
            info = {"charging_state": "Charging"}
            if remote_start_id is not None:
                info["remote_start_id"] = remote_start_id
            shown = {} if token is None else {"id_token": {"id_token": token, "type": kind}}
            answer = await self.event(
                "Started",
                "CablePluggedIn" if token is None else "Authorized",
                info=info,
                evse={"id": 1, "connector_id": 1},
                meter_value=[values(energy_wh=meter_wh, context="Transaction.Begin")],
                **shown,
            )
            await self.news.tell()
            return answer

        async def sample(self, amperes, energy_wh):
            await self.event(
                "Updated", "MeterValuePeriodic", meter_value=[values(amperes=amperes, energy_wh=energy_wh)]
            )

        async def end(self, reason, meter_wh=5000, trigger="EVDeparted"):
            ended = await self.event(
                "Ended",
                trigger,
                info={"stopped_reason": reason, "charging_state": "Idle"},
                meter_value=[values(energy_wh=meter_wh, context="Transaction.End")],
            )
            self.running = None
            await self.tell("Available")
            await self.news.tell()
            return ended

    return ForeignCharger


def values(*, energy_wh, amperes=None, context="Sample.Periodic"):
    """A MeterValue: the register, and perhaps a current on each phase."""
    rows = [{"value": float(energy_wh), "context": context, "measurand": "Energy.Active.Import.Register"}]
    for phase in ("L1", "L2", "L3") if amperes is not None else ():
        current = {"value": float(amperes), "context": context, "measurand": "Current.Import"}
        rows.append({**current, "phase": phase, "unit_of_measure": {"unit": "A"}})
    return {"timestamp": now(), "sampled_value": rows}


def rates(profile):
    (schedule,) = profile["charging_schedule"]
    return [period["limit"] for period in schedule["charging_schedule_period"]]


@contextlib.asynccontextmanager
async def foreign_charger(url, name="bay-1", version="v201"):
    """Connected while the context lasts."""
    kind = foreign_kind(version)
    async with websockets.connect(f"{url}/{name}", subprotocols=[SUBPROTOCOLS[version]]) as socket:
        charger = kind(name, socket)
        running = asyncio.create_task(charger.start())
        yield charger
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
