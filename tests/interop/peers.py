"""Foreign peers: the `ocpp` package over `websockets` at both ends, its own validation in force."""

import asyncio
import contextlib
from datetime import UTC, datetime

import websockets
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class News:
    """Wakes whoever waits for something that a peer has learnt."""

    def __init__(self):
        self.bell = asyncio.Condition()

    async def tell(self):
        async with self.bell:
            self.bell.notify_all()

    async def until(self, is_so, timeout_s=60):
        async with asyncio.timeout(timeout_s), self.bell:
            await self.bell.wait_for(is_so)


class ForeignCharger(ChargePoint):
    """A charger with one connector. `profiles`: by stack level, as last set."""

    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.news = News()
        self.profiles = {}
        self.limits = []
        self.configuration = {"MeterValueSampleInterval": "60", "MeterValuesSampledData": "", "Colour": "red"}
        self.remote_starts = []
        self.remote_stops = []
        self.resets = []
        self.transaction_id = None

    @on("SetChargingProfile")
    async def on_set_charging_profile(self, connector_id, cs_charging_profiles):
        assert connector_id == 1
        self.profiles[cs_charging_profiles["stack_level"]] = cs_charging_profiles
        if cs_charging_profiles["stack_level"] == 1:
            self.limits.append(limits(cs_charging_profiles)[0])
        await self.news.tell()
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
        unknown = [name for name in key if name not in self.configuration]
        return call_result.GetConfiguration(configuration_key=rows, unknown_key=unknown)

    @on("ChangeConfiguration")
    async def on_change_configuration(self, key, value):
        self.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    @on("TriggerMessage")
    async def on_trigger_message(self, **_):
        return call_result.TriggerMessage(status="NotImplemented")

    @on("RemoteStartTransaction")
    async def on_remote_start_transaction(self, **_):
        return call_result.RemoteStartTransaction(status="Accepted")

    @after("RemoteStartTransaction")
    async def after_remote_start_transaction(self, id_tag, connector_id=1, **_):
        self.remote_starts.append((id_tag, connector_id))
        await self.begin(id_tag)

    @on("RemoteStopTransaction")
    async def on_remote_stop_transaction(self, transaction_id):
        known = transaction_id == self.transaction_id
        return call_result.RemoteStopTransaction(status="Accepted" if known else "Rejected")

    @after("RemoteStopTransaction")
    async def after_remote_stop_transaction(self, transaction_id):
        self.remote_stops.append(transaction_id)
        await self.end("Remote")

    @on("Reset")
    async def on_reset(self, type):  # noqa: A002  the package calls it so
        self.resets.append(type)
        await self.news.tell()
        return call_result.Reset(status="Accepted")

    # -- what its driver does ----------------------------------------------------------------------------

    async def boot(self):
        boot = call.BootNotification(
            charge_point_vendor="Mobility", charge_point_model="House", firmware_version="1.0"
        )
        return (await self.call(boot, suppress=False)).status

    async def tell(self, status):
        news = call.StatusNotification(connector_id=1, error_code="NoError", status=status, timestamp=now())
        await self.call(news, suppress=False)

    async def begin(self, token, meter_wh=1000):
        start = call.StartTransaction(connector_id=1, id_tag=token, meter_start=meter_wh, timestamp=now())
        started = await self.call(start, suppress=False)
        self.transaction_id = started.transaction_id
        await self.tell("Charging")
        await self.news.tell()
        return started

    async def sample(self, amperes, energy_wh):
        values = [
            {"value": str(amperes), "measurand": "Current.Import", "phase": phase, "unit": "A"}
            for phase in ("L1", "L2", "L3")
        ]
        values.append({"value": str(energy_wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"})
        await self.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=self.transaction_id,
                meter_value=[{"timestamp": now(), "sampled_value": values}],
            ),
            suppress=False,
        )

    async def end(self, reason, meter_wh=5000):
        stop = call.StopTransaction(
            meter_stop=meter_wh, timestamp=now(), transaction_id=self.transaction_id, reason=reason
        )
        await self.call(stop, suppress=False)
        self.transaction_id = None
        await self.tell("Available")
        await self.news.tell()


def limits(profile):
    return [period["limit"] for period in profile["charging_schedule"]["charging_schedule_period"]]


class ForeignTwin(ChargePoint):
    """A charger with two connectors. `profiles`: by id, for it keeps one of each, whatever its connector."""

    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.news = News()
        self.profiles = {}
        self.remote_stops = []

    def limit(self, connector):
        """What the upper profile of a connector allows now; None: it has none."""
        mine = [
            each for each in self.profiles.values() if (each["connector"], each["level"]) == (connector, 1)
        ]
        return mine[0]["limit"] if mine else None

    @on("SetChargingProfile")
    async def on_set_charging_profile(self, connector_id, cs_charging_profiles):
        self.profiles[cs_charging_profiles["charging_profile_id"]] = {
            "connector": connector_id,
            "level": cs_charging_profiles["stack_level"],
            "purpose": cs_charging_profiles["charging_profile_purpose"],
            "limit": limits(cs_charging_profiles)[0],
        }
        await self.news.tell()
        return call_result.SetChargingProfile(status="Accepted")

    @on("ClearChargingProfile")
    async def on_clear_charging_profile(self, **_):
        return call_result.ClearChargingProfile(status="Unknown")

    @on("GetConfiguration")
    async def on_get_configuration(self, key=()):
        return call_result.GetConfiguration(configuration_key=[], unknown_key=list(key))

    @on("ChangeConfiguration")
    async def on_change_configuration(self, **_):
        return call_result.ChangeConfiguration(status="Accepted")

    @on("TriggerMessage")
    async def on_trigger_message(self, **_):
        return call_result.TriggerMessage(status="NotImplemented")

    @on("RemoteStopTransaction")
    async def on_remote_stop_transaction(self, transaction_id):
        self.remote_stops.append(transaction_id)
        await self.news.tell()
        return call_result.RemoteStopTransaction(status="Accepted")

    @on("Reset")
    async def on_reset(self, **_):
        return call_result.Reset(status="Accepted")

    async def boot(self):
        boot = call.BootNotification(
            charge_point_vendor="Mobility", charge_point_model="House", firmware_version="1.0"
        )
        return (await self.call(boot, suppress=False)).status

    async def tell(self, connector, status):
        news = call.StatusNotification(connector_id=connector, error_code="NoError", status=status)
        await self.call(news, suppress=False)

    async def begin(self, connector, token):
        start = call.StartTransaction(connector_id=connector, id_tag=token, meter_start=1000, timestamp=now())
        started = await self.call(start, suppress=False)
        await self.tell(connector, "Charging")
        return started.transaction_id

    async def end(self, transaction_id, reason):
        stop = call.StopTransaction(
            meter_stop=5000, timestamp=now(), transaction_id=transaction_id, reason=reason
        )
        await self.call(stop, suppress=False)


@contextlib.asynccontextmanager
async def foreign_twin(url, identity):
    """A foreign charger with two connectors; connected, and reading, while the context lasts."""
    async with websockets.connect(f"{url}/{identity}", subprotocols=["ocpp1.6"]) as connection:
        charger = ForeignTwin(identity, connection)
        running = asyncio.create_task(charger.start())
        try:
            yield charger
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@contextlib.asynccontextmanager
async def foreign_charger(url, identity="bay-1"):
    """Connected, and reading, while the context lasts."""
    async with websockets.connect(f"{url}/{identity}", subprotocols=["ocpp1.6"]) as connection:
        charger = ForeignCharger(identity, connection)
        running = asyncio.create_task(charger.start())
        try:
            yield charger
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class Station(ChargePoint):
    """A station as the foreign CSMS sees it."""

    def __init__(self, identity, connection, cloud):
        super().__init__(identity, connection)
        self.cloud = cloud

    @on("BootNotification")
    async def on_boot_notification(self, **boot):
        await self.cloud.heard(self.id, "BootNotification", boot)
        return call_result.BootNotification(current_time=now(), interval=60, status="Accepted")

    @on("StatusNotification")
    async def on_status_notification(self, **status):
        await self.cloud.heard(self.id, "StatusNotification", status)
        return call_result.StatusNotification()

    @on("Heartbeat")
    async def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on("Authorize")
    async def on_authorize(self, id_tag):
        return call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on("StartTransaction")
    async def on_start_transaction(self, **start):
        self.cloud.last_transaction_id += 1
        start["transaction_id"] = self.cloud.last_transaction_id
        await self.cloud.heard(self.id, "StartTransaction", start)
        return call_result.StartTransaction(
            transaction_id=start["transaction_id"], id_tag_info={"status": "Accepted"}
        )

    @on("MeterValues")
    async def on_meter_values(self, **values):
        await self.cloud.heard(self.id, "MeterValues", values)
        return call_result.MeterValues()

    @on("StopTransaction")
    async def on_stop_transaction(self, **stop):
        await self.cloud.heard(self.id, "StopTransaction", stop)
        return call_result.StopTransaction()


class ForeignCsms:
    """A CSMS that numbers transactions in its own way and remembers all it hears, in order."""

    def __init__(self):
        self.news = News()
        self.stations = {}
        self.messages = []  # (station, action, payload)
        self.last_transaction_id = 9000

    async def heard(self, station, action, payload):
        self.messages.append((station, action, payload))
        await self.news.tell()

    def of(self, *actions):
        return [(action, payload) for _, action, payload in self.messages if action in actions]

    def count(self, action):
        return len(self.of(action))

    async def call(self, station, request):
        """Ask a station; its answer has passed the package's validation."""
        return await self.stations[station].call(request, suppress=False)

    async def connected(self, connection):
        identity = connection.request.path.rsplit("/", 1)[-1]
        station = self.stations[identity] = Station(identity, connection, self)
        with contextlib.suppress(websockets.ConnectionClosed):
            await station.start()

    @contextlib.asynccontextmanager
    async def serving(self, port=0):
        """Listen while the context lasts; it yields the port. Leaving cuts every link."""
        async with websockets.serve(
            self.connected, "127.0.0.1", port, subprotocols=["ocpp1.6"], close_timeout=0.5
        ) as server:
            yield server.sockets[0].getsockname()[1]
