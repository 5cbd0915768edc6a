"""A foreign CSMS of OCPP 2.0.1: the `ocpp` package over `websockets`, judging all that it hears."""

import contextlib

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result

from tests.interop.peers import News, now


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
    async def on_authorize(self, **_):
        return call_result.Authorize(id_token_info={"status": "Accepted"})

    @on("TransactionEvent")
    async def on_transaction_event(self, **event):
        await self.cloud.heard(self.id, "TransactionEvent", event)
        opinion = {"id_token_info": {"status": "Accepted"}} if "id_token" in event else {}
        return call_result.TransactionEvent(**opinion)

    @on("NotifyReport")
    async def on_notify_report(self, **report):
        await self.cloud.heard(self.id, "NotifyReport", report)
        return call_result.NotifyReport()

    @on("NotifyChargingLimit")
    async def on_notify_charging_limit(self, **limit):
        await self.cloud.heard(self.id, "NotifyChargingLimit", limit)
        return call_result.NotifyChargingLimit()

    @on("ClearedChargingLimit")
    async def on_cleared_charging_limit(self, **limit):
        await self.cloud.heard(self.id, "ClearedChargingLimit", limit)
        return call_result.ClearedChargingLimit()


class ForeignCsms201:
    """Remembers all that it hears, in order."""

    def __init__(self):
        self.news = News()
        self.stations = {}
        self.messages = []  # (station, action, payload)

    async def heard(self, station, action, payload):
        self.messages.append((station, action, payload))
        await self.news.tell()

    def of(self, station, action):
        return [payload for name, each, payload in self.messages if (name, each) == (station, action)]

    def kinds(self, station):
        return [event["event_type"] for event in self.of(station, "TransactionEvent")]

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
        """Listen while the context lasts; it yields the port."""
        async with websockets.serve(
            self.connected, "127.0.0.1", port, subprotocols=["ocpp2.0.1"], close_timeout=0.5
        ) as server:
            yield server.sockets[0].getsockname()[1]
