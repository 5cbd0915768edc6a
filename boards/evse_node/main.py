"""The node's program: `boot.py` starts it out of the chosen slot. Settings: settings.json, see README.md."""

import asyncio
import json

import machine

from boards.common import flash
from boards.common.clock import Clock
from boards.common.meter import Meter
from boards.common.modbus import ModbusError
from boards.common.modbus_links import SerialDevice, SerialLine, TcpDevice
from boards.common.slots import Slots
from boards.common.update import Updates
from boards.evse_node.hardware import Hardware
from boards.evse_node.node import Measured, Node
from boards.evse_node.registers import Bank

STEP_MS = 20
METER_MS = 1_000
WATCHDOG_MS = 4_000
PROVEN_MS = 60_000  # a new program that has worked for so long is good
METER_FIELDS = ("current", "voltage", "power", "energy_import")


def settings_of(root: str) -> dict:
    """What the installer wrote, and over it what was written by the gateway since."""
    with open(root + "/settings.json") as file:
        settings = json.load(file)
    settings.update(flash.load(root + "/kept", {}))
    return settings


class Program:
    """The node and its links. `run` ends never, or by an error: then the watchdog restarts the board."""

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._clock = Clock()
        self._settings = settings = settings_of(root)
        self._hardware = Hardware(
            settings["pins"], settings.get("pilot_mv", [-12_600, 12_600]), settings.get("proximity_ohm", 330)
        )
        self._slots = Slots(root)
        self._kept = flash.load(root + "/kept", {})
        self._keep({"starts": self._kept.get("starts", 0) + 1})
        settings["starts"] = self._kept["starts"]
        self.node = Node(settings, now_ms=self._clock.now_ms(), keep=self._keep)

    def _keep(self, changed: dict) -> None:
        self._kept.update(changed)
        try:
            flash.store(self._root + "/kept", self._kept)
        except OSError:
            pass  # a worn flash must not stop what guards the fuse

    async def run(self) -> None:
        """Until something breaks."""
        settings, bank = self._settings, Bank(self.node)
        tasks = [self._drive()]
        if "port" in settings:
            await TcpDevice(bank).serve(settings["port"])
        if "rtu" in settings:
            device = SerialDevice(bank, settings["rtu"]["unit"])
            tasks.append(device.run(uart(settings["rtu"])))
        if "meter" in settings:
            tasks.append(self._measure(settings["meter"]))
        if settings.get("update_key"):
            updates = Updates(self._slots, settings["update_key"].encode(), self._restart)
            await updates.serve(settings.get("update_port", 3232))
        try:
            await asyncio.gather(*tasks)
        finally:
            self._hardware.rest()

    async def _drive(self) -> None:
        """Look, decide, drive, and pet the dog: this loop is what must not stand still."""
        dog = machine.WDT(timeout=WATCHDOG_MS)
        is_proven = not self._slots.is_on_trial()
        while True:
            now_ms = self._clock.now_ms()
            pilot = self.node.step(self._hardware.see(), now_ms)
            self._hardware.drive(pilot, beats=self.node.may_beat)
            dog.feed()
            if not is_proven and now_ms >= PROVEN_MS:
                is_proven = True
                self._slots.confirm()
            await asyncio.sleep_ms(STEP_MS)

    async def _measure(self, settings: dict) -> None:
        line = SerialLine(uart(settings))
        fields = [row for row in settings["fields"] if row[0] in METER_FIELDS]
        meter = Meter(line, settings.get("unit", 1), fields)
        while True:
            try:
                found = await meter.read()
            except (OSError, ModbusError):
                pass  # it grows old, and is told so
            else:
                self.node.measured(_measured(found, self._clock.now_ms()))
            await asyncio.sleep_ms(METER_MS)

    def _restart(self) -> None:
        self._hardware.rest()
        machine.reset()


def _measured(found: dict, now_ms: int) -> Measured:
    powers = [watts for watts in found.get("power", ()) if watts is not None]
    energies = [wh for wh in found.get("energy_import", ()) if wh is not None]
    return Measured(
        _three(found.get("current", ())),
        _three(found.get("voltage", ())),
        sum(powers) if powers else None,
        sum(energies) if energies else None,
        now_ms,
    )


def _three(values: tuple) -> tuple:
    return (tuple(values) + (None,) * 3)[:3]


def uart(settings: dict):
    """The serial port that these settings name."""
    return machine.UART(
        settings.get("uart", 1),
        baudrate=settings.get("baud", 9_600),
        tx=settings.get("tx"),
        rx=settings.get("rx"),
    )


def main(root: str = "") -> None:
    """Start, for ever."""
    asyncio.run(Program(root).run())
