"""A small site, a charger server on a free port, and stations that answer as they are told."""

import asyncio
import contextlib
import json
import time
from pathlib import Path

from edge.chargers.entrance import Vault
from edge.chargers.ocpp_server import OcppServer
from edge.links.ocppj_client import connect
from edge.settings.model import (
    ChargerSettings,
    ControlSettings,
    EvseSettings,
    OcppSettings,
    Secret,
    Site,
    TokenSettings,
    WebSettings,
)
from edge.site.events import (
    Acknowledged,
    BootAnswer,
    ChargerBooted,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionStarted,
)
from edge.site.ports import ChargerView

SUBPROTOCOLS = ("ocpp1.6",)
BOOT = b'{"chargePointVendor":"Alfen","chargePointModel":"NG910"}'


class SteadyClock:
    """The machine's clock; `skipped_ms` moves the wall clock on."""

    def __init__(self):
        self.skipped_ms = 0

    def now_ms(self):
        return int(time.time() * 1000) + self.skipped_ms

    def mono_ms(self):
        return int(time.monotonic() * 1000)

    def is_synchronised(self):
        return True


class Doors:
    """A site that remembers what it was told and answers by the book."""

    def __init__(self, known):
        self.known = known
        self.events = []
        self.boots = {}
        self.alerts = []
        self.news = asyncio.Event()

    async def report(self, event):
        self.events.append(event)
        self.news.set()
        match event:
            case ChargerBooted():
                self.boots[event.charger] = event
                status = "accepted" if event.charger in self.known else "pending"
                return BootAnswer(status=status, interval_s=60, now_ms=event.at_ms)
            case TokenPresented():
                return TokenAnswer(status="accepted")
            case TransactionStarted():
                return StartAnswer(transaction_id=77, token=TokenAnswer(status="accepted"))
        return Acknowledged()

    def alert(self, about, word, sentence):
        self.alerts.append((about, word, sentence))

    def charger(self, name):
        return ChargerView(version=1, is_linked=True, boot=self.boots.get(name), statuses=())

    async def until(self, condition):
        async with asyncio.timeout(5):
            while not condition():
                self.news.clear()
                await self.news.wait()

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


class Station:
    """What a station was asked, and how it answers."""

    ACCEPTED = b'{"status":"Accepted"}'

    def __init__(self):
        self.asked = []
        self.answers = {"GetConfiguration": b"{}", "ClearChargingProfile": b'{"status":"Unknown"}'}
        self.news = asyncio.Event()

    async def handle(self, action, raw):
        self.asked.append((action, json.loads(bytes(raw))))
        self.news.set()
        answer = self.answers.get(action, self.ACCEPTED)
        if callable(answer):
            answer = await answer(json.loads(bytes(raw)))
        return answer

    def of(self, action):
        return [payload for asked, payload in self.asked if asked == action]

    async def until(self, condition):
        async with asyncio.timeout(3):
            while not condition():
                self.news.clear()
                await self.news.wait()

    def profiles(self):
        return [
            (payload["connectorId"], profile["stackLevel"], limits(profile))
            for payload in self.of("SetChargingProfile")
            for profile in [payload["csChargingProfiles"]]
        ]


def limits(profile):
    return [period["limit"] for period in profile["chargingSchedule"]["chargingSchedulePeriod"]]


def socket(name="1", **changes):
    return EvseSettings(
        **{
            "name": name,
            "max_ma": 32_000,
            "min_ma": 6_000,
            "fallback_ma": 6_000,
            "phase_rotation": "L1L2L3",
            **changes,
        }
    )


def charger(name="bay-1", station="CP-1", sockets=1, **changes):
    return ChargerSettings(
        **{
            "name": name,
            "station": station,
            "circuit": "grid",
            "dead_man": "profile",
            "evses": tuple(socket(str(number)) for number in range(1, sockets + 1)),
            "rating_ma": None,
            "priority": 0,
            "line_number": 1,
            **changes,
        }
    )


def site_of(*chargers, unknown="wait", **ocpp):
    return Site(
        name="Test",
        timezone=None,
        voltage_mv=230_000,
        guarantee="declared",
        circuits=(),
        chargers=chargers,
        ocpp=OcppSettings(port=0, **{"password": None, "unknown": unknown, **ocpp}),
        web=WebSettings(port=0),
        tokens=TokenSettings(accept="all", offline="all", list=None),
        groups={},
        uplinks=(),
        mqtt=None,
        control=ControlSettings(hold_up_ms=60_000, min_on_ms=0, min_off_ms=0),
    )


def text_of(secret):
    return secret.read_text() if isinstance(secret, Path) else secret


class Lot:
    def __init__(self, server, doors, clock, url):
        self.server = server
        self.clock = clock
        self.doors = doors
        self.url = url

    @contextlib.asynccontextmanager
    async def station(self, identity="CP-1", *, boots=True, station=None, **options):
        station = station or Station()
        end = connect(self.url, identity=identity, subprotocols=SUBPROTOCOLS, **options)
        async with end as connection, asyncio.TaskGroup() as group:
            running = group.create_task(connection.run(station.handle))
            station.connection = connection
            if boots:
                station.boot = json.loads(bytes(await connection.call("BootNotification", BOOT, timeout_s=3)))
            yield station
            running.cancel()

    def driver(self, name="bay-1"):
        return self.server.chargers[name]

    async def offer(self, limit_ma=16_000, *, name="bay-1", evse=1, deadline_ms=3_000):
        return await self.driver(name).offer(evse, limit_ma, valid_ms=120_000, deadline_ms=deadline_ms)


@contextlib.asynccontextmanager
async def lot(*chargers, unknown="wait", password=None, secrets=None, store=None, **ocpp):
    """`password` is every charger's; `secrets` by name are texts, or files."""
    chargers = chargers or (charger(),)
    doors = Doors({each.name for each in chargers})
    known = {"stations": password, **(secrets or {})}
    shared = None if password is None else Secret(name="stations")
    settings = site_of(*chargers, unknown=unknown, password=shared, **ocpp)
    vault = Vault(
        look_up=lambda secret: text_of(known.get(secret.name)), file_of=lambda secret: known.get(secret.name)
    )
    clock = SteadyClock()
    server = OcppServer(settings, doors, clock, host="127.0.0.1", vault=vault, store=store)
    scheme = "wss" if settings.ocpp.tls else "ws"
    port = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run(port.set_result))
        yield Lot(server, doors, clock, f"{scheme}://127.0.0.1:{await port}/any/path")
        running.cancel()
