"""The controller's program: polls, steps, offers, keeps, tells. The site is a constant of the build."""

import asyncio
import json

import machine

from boards.common import flash
from boards.common.clock import Clock
from boards.common.log import Log
from boards.common.meter import Meter
from boards.common.modbus import ModbusError
from boards.common.modbus_links import SerialLine, TcpLine
from boards.common.mqtt import Mqtt, MqttError
from boards.common.slots import Slots
from boards.common.update import Updates
from boards.controller.cloud import Cloud
from boards.controller.devices import Device
from boards.controller.lot import Controller
from boards.controller.sessions import Sessions
from boards.controller.station import Station

CYCLE_MS = 1_000
METER_MS = 500
WATCHDOG_MS = 8_000
PROVEN_MS = 60_000
PUBLISH_MS = 5_000
LIMIT_S = 300  # what comes over MQTT without an end ends then


class Program:
    """Everything of one board. `site`: what the build has written, with `root` for its memory."""

    def __init__(self, site: dict, root: str = "") -> None:
        self.clock = Clock()
        self._root = root
        self._site = site
        self._lines: dict[object, object] = {}
        self._slots = Slots(root)
        kept = flash.load(root + "/kept", {"pauses": [], "starts": 0})
        self._kept = {"pauses": kept["pauses"], "starts": kept["starts"] + 1}
        flash.store(root + "/kept", self._kept)
        self.devices = {
            bay: Device(self._line(each), each.get("unit", 1), site["models"][each["model"]])
            for bay, each in site["chargers"].items()
        }
        self.log = Log(root + "/log")
        self.sessions = Sessions(root, self.log, accept=site["accept"])
        self.controller = Controller(
            site, self.devices, now_ms=self.clock.now_ms(), pauses=self._kept["pauses"]
        )
        self._began_ms: dict[str, int] = {}
        self.cloud = Cloud(
            sorted(self.devices),
            self.devices,
            self.sessions,
            self.controller,
            clock=self.clock,
            voltage_mv=site["times"]["voltage_mv"],
            restart=self._restart,
        )
        self.station = None
        if site.get("uplink"):
            prefix = site["uplink"]["station"] + "-"
            self.station = Station(site["uplink"], self.log, self.cloud, clock=self.clock, prefix=prefix)
        self.slowest_ms = 0

    def _line(self, where: dict):
        """The line to a device: one for each serial port, one for each host."""
        key = where.get("uart") if "uart" in where else (where["host"], where.get("port", 502))
        if key not in self._lines:
            self._lines[key] = SerialLine(_uart(where)) if "uart" in where else TcpLine(key[0], key[1])
        return self._lines[key]

    async def run(self) -> None:
        """Until something breaks; then the watchdog starts it anew, under the chargers' dead man."""
        site = self._site
        tasks = [self._cycles()]
        tasks += [self._poll(bay, device) for bay, device in self.devices.items()]
        tasks += [self._measure(circuit, each) for circuit, each in site["meters"].items()]
        if self.station is not None:
            tasks.append(self.station.run())
        if site.get("mqtt"):
            tasks.append(self._publish(site["mqtt"]))
        if site.get("update_key"):
            await Updates(self._slots, site["update_key"].encode(), self._restart).serve(3232)
        await asyncio.gather(*tasks)

    async def _measure(self, circuit: str, where: dict) -> None:
        meter = Meter(self._line(where), where.get("unit", 1), where["fields"])
        while True:
            taken_ms = self.clock.now_ms()
            try:
                found = await meter.read()
            except (OSError, ModbusError):
                pass  # it grows old, and the step knows what that means
            else:
                self.controller.reading(circuit, found.get("current"), taken_ms)
            await asyncio.sleep_ms(METER_MS)

    async def _poll(self, bay: str, device) -> None:
        connector = sorted(self.devices).index(bay) + 1
        while True:
            await device.poll(self.clock.now_ms())
            if device.is_linked and (bay in self.sessions.running or self.cloud.is_operative(bay)):
                self.sessions.note(
                    bay,
                    connector,
                    has_car=device.has_car,
                    energy_wh=device.energy_wh,
                    now_s=self.cloud.now_s(),
                )
            await asyncio.sleep_ms(CYCLE_MS)

    async def _cycles(self) -> None:
        """The step; its offers leave together, decreases first by their order, and are awaited aside."""
        dog = machine.WDT(timeout=WATCHDOG_MS)
        is_proven = not self._slots.is_on_trial()
        while True:
            now_ms = self.clock.now_ms()
            self.cloud.set_limits()
            for bay in self.sessions.running:
                self._began_ms.setdefault(bay, now_ms)
            for bay in [bay for bay in self._began_ms if bay not in self.sessions.running]:
                del self._began_ms[bay]
            decision = self.controller.cycle(self.sessions.running, self._began_ms, now_ms)
            for offer in decision.offers:
                asyncio.create_task(self._offer(offer, now_ms))  # noqa: RUF006  MicroPython keeps its tasks
            if decision.learned:
                self._kept["pauses"] = sorted(self.controller.pauses)
                flash.store(self._root + "/kept", self._kept)
            dog.feed()
            took_ms = self.clock.now_ms() - now_ms
            self.slowest_ms = max(self.slowest_ms, took_ms)
            if not is_proven and now_ms >= PROVEN_MS:
                is_proven = True
                self._slots.confirm()
            await asyncio.sleep_ms(max(10, CYCLE_MS - took_ms))

    async def _offer(self, offer, sent_ms: int) -> None:
        try:
            await self.devices[offer.evse].offer(offer.limit_ma)
        except (OSError, ModbusError):
            self.controller.outcome(offer, sent_ms, is_confirmed=False)
        else:
            self.controller.outcome(offer, sent_ms, is_confirmed=True)

    async def _publish(self, settings: dict) -> None:
        """States, retained; `PREFIX/limit` takes {"limit_a": 20, "for_s": 60} for all chargers together."""
        prefix = settings["prefix"]
        broker = Mqtt(
            settings["host"],
            settings.get("port", 1883),
            client_id=settings["client_id"],
            will=(prefix + "/state", "offline"),
            user=settings.get("user", ""),
            password=settings.get("password", ""),
            heard=self._ordered,
        )
        asyncio.create_task(self._tell(broker, prefix))  # noqa: RUF006
        while True:
            try:
                await broker.run([prefix + "/limit"])
            except (OSError, MqttError, EOFError, IndexError, asyncio.TimeoutError):
                pass  # the lot does not need it
            await asyncio.sleep_ms(PUBLISH_MS)

    async def _tell(self, broker, prefix: str) -> None:
        while True:
            await asyncio.sleep_ms(PUBLISH_MS)
            try:
                if broker.is_up:
                    await broker.publish(prefix + "/state", "online")
                    for bay in self.devices:
                        await broker.publish(prefix + "/evse/" + bay, json.dumps(self.state(bay)))
            except OSError:
                continue

    def state(self, bay: str) -> dict:
        """What is told of an EVSE."""
        device, decision = self.devices[bay], self.controller.decision
        setpoint = [each for each in decision.setpoints if each.evse == bay] if decision else []
        terminals = device.terminals_ma or (None,) * 3
        return {
            "state": device.letter if device.is_linked else "lost",
            "setpoint_a": setpoint[0].limit_ma / 1_000 if setpoint else 0,
            "reason": setpoint[0].reason.word if setpoint else "",
            "measured_a": [None if ma is None else ma / 1_000 for ma in terminals],
            "energy_kwh": None if device.energy_wh is None else device.energy_wh / 1_000,
            "session": bay in self.sessions.running,
        }

    def _ordered(self, _topic: str, payload: bytes, is_retained: bool) -> None:
        """A limit from outside: an old one that the broker has kept is none."""
        try:
            told = json.loads(payload)
            limit_ma, for_s = int(float(told["limit_a"]) * 1_000), int(told.get("for_s", LIMIT_S))
        except (ValueError, TypeError, KeyError):
            return
        if is_retained or not 0 <= limit_ma <= 1_000_000 or not 0 < for_s <= 86_400:
            return
        ends_ms = self.clock.now_ms() + for_s * 1_000
        self.controller.limit("mqtt", "chargers", self.controller.root, limit_ma, ends_ms)

    def _restart(self) -> None:
        machine.reset()


def _uart(where: dict):
    return machine.UART(
        where["uart"], baudrate=where.get("baud", 9_600), tx=where.get("tx"), rx=where.get("rx")
    )


def _secrets(root: str) -> dict:
    """`secrets.json` beside the program: uplink, mqtt, update_key. They are in no build."""
    try:
        with open(root + "/secrets.json") as file:
            return json.load(file)
    except OSError:
        return {}


def main(root: str = "", site: dict | None = None) -> None:
    """Start, for ever. `site` None: the constants that the build has put beside this program."""
    if site is None:
        from boards.controller import site_constants

        site = site_constants.SITE
    for name, secret in _secrets(root).items():
        if name in site:
            site[name]["password"] = secret
        elif name == "update_key":
            site[name] = secret
    asyncio.run(Program(site, root).run())
