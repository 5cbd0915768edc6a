"""A whole simulated lot that runs in real time: plant, chargers, meters, a CSMS, and the referee."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from edge.ocpp.v16.types import ChargePointErrorCode
from edge.plant.cars import CarModel
from edge.plant.lot import GRID, Lot
from edge.plant.wiring import NOTHING, Triple
from edge.simulator.books import Audit, audit
from edge.simulator.cable import Cable
from edge.simulator.charger import Charger
from edge.simulator.connector import Connector
from edge.simulator.csms import Csms
from edge.simulator.description import CARS, ChargerPlan, WorldPlan
from edge.simulator.meter import Meter
from edge.simulator.referee import Referee, Verdict
from edge.simulator.registers import Fault

Thing = TypeVar("Thing")
LinkState = Literal["cut", "stall", "restore"]
PowerState = Literal["off", "on", "cycle"]

CLOUD = "cloud"
HOST = "127.0.0.1"


class World:
    """Everything around a controller. `open` binds the ports, `run` lets it live, `close` ends it.

    Every command is a plain method, and counts as a disturbance where a controller must answer it.
    """

    def __init__(self, plan: WorldPlan, *, cloud_port: int = 0, cloud_password: bytes | None = None) -> None:
        self.plan = plan
        self.lot = Lot(plan.lot())
        self.cars = {**CARS, **plan.cars}
        self.referee = Referee(self.lot.ratings_ma(), allowance_ms=plan.allowance_ms, now_ms=mono_ms())
        self.cloud = Csms(wall_ms=wall_ms, port=cloud_port, password=cloud_password)
        self.meters = {
            m.circuit: Meter(
                m.model, unit=m.unit, refresh_ms=m.refresh_ms, voltage_mv=plan.voltage_mv, seed=seed
            )
            for seed, m in enumerate(plan.meters)
        }
        self.chargers: dict[str, Charger] = {}
        self._bays: dict[str, tuple[Charger, int]] = {}
        for each in plan.chargers:
            self._add(each)
        self._cables: dict[str, Cable] = {}
        self._group: asyncio.TaskGroup | None = None
        self._controller_url = ""
        self._steady: dict[str, Triple] = {}

    # -- life --------------------------------------------------------------------------------------------

    @property
    def cloud_url(self) -> str:
        """What the controller's uplink is given: the CSMS, behind a cable that can be cut."""
        return f"ws://{HOST}:{self._cables[CLOUD].port}/ocpp"

    def meter_address(self, circuit: str = GRID) -> tuple[str, int]:
        """Where the controller finds a circuit's meter, behind a cable that can be cut."""
        return (HOST, self._cables[_meter_cable(circuit)].port)

    async def open(self) -> None:
        """Binds everything that a controller connects to; addresses are known from then on."""
        await self.cloud.start()
        await self._lay(CLOUD, HOST, self.cloud.port)
        for circuit, meter in self.meters.items():
            await meter.start()
            await self._lay(_meter_cable(circuit), HOST, meter.port)
        self.advance(mono_ms())

    async def run(self, controller_url: str) -> None:
        """Lives until it is cancelled; its chargers look for the controller at `ws://host:port/path`."""
        self._controller_url = controller_url
        for charger in self.chargers.values():
            await self._wire(charger)
        try:
            async with asyncio.TaskGroup() as self._group:
                for name, charger in self.chargers.items():
                    self._group.create_task(charger.run(), name=f"charger {name}")
                await self._tick()
        finally:
            self._group = None
            for name in self.chargers:
                await self._cables.pop(name).close()

    async def appear(self, plan: ChargerPlan) -> None:
        """Somebody has mounted a charger more. Raises ValueError on a name that is taken, or before `run`."""
        if plan.name in self.chargers or self._group is None:
            raise ValueError(f"{plan.name} is there already, or the lot does not live yet")
        for evse in plan.evses():
            self.lot.add(evse)
        charger = self._add(plan)
        self._disturb(f"a new charger {plan.name} on {plan.circuit}")
        await self._wire(charger)
        self._group.create_task(charger.run(), name=f"charger {plan.name}")

    def _add(self, plan: ChargerPlan) -> Charger:
        charger = self.chargers[plan.name] = Charger(
            plan.station(),
            self.lot.evses,
            url="",
            mono_ms=mono_ms,
            wall_ms=wall_ms,
            pace=self.plan.pace,
            password=self.plan.password,
        )
        for number, bay in enumerate(plan.bays(), start=1):
            self._bays[bay] = (charger, number)
        return charger

    async def _wire(self, charger: Charger) -> None:
        """A cable of its own to the controller."""
        address = urlsplit(self._controller_url)
        cable = await self._lay(charger.name, address.hostname or HOST, address.port or 80)
        charger.url = f"ws://{HOST}:{cable.port}{address.path}"

    async def close(self) -> None:
        """Frees every port."""
        while self._cables:
            await self._cables.popitem()[1].close()
        for meter in self.meters.values():
            await meter.stop()
        await self.cloud.kill()

    def advance(self, now_ms: int) -> None:
        """One tick: chargers turn their pilots, currents flow, the referee looks, the meters measure."""
        for charger in self.chargers.values():
            charger.advance(now_ms)
        self._notice_steps(now_ms)
        currents = self.lot.advance(now_ms)
        self.referee.observe(currents, now_ms)
        for circuit, meter in self.meters.items():
            meter.measure(currents[circuit], now_ms)

    async def _tick(self) -> None:
        while True:
            self.advance(mono_ms())
            await asyncio.sleep(self.plan.tick_ms / 1_000)

    async def _lay(self, name: str, host: str, port: int) -> Cable:
        cable = self._cables[name] = Cable(host, port)
        await cable.open()
        return cable

    def _notice_steps(self, now_ms: int) -> None:
        """A building that rises noticeably is a disturbance, however it came about."""
        for name, building in self.lot.buildings.items():
            load, before = building.load_ma(now_ms), self._steady.get(name, NOTHING)
            if any(now - then >= self.plan.noticed_step_ma for now, then in zip(load, before, strict=True)):
                self.referee.disturb(f"the building on {name} rises to {load} mA", now_ms)
            self._steady[name] = load

    # -- cars and people ---------------------------------------------------------------------------------

    def plug(self, bay: str, car: str | CarModel = "three-phase", *, wanted_wh: int | None = None) -> None:
        """A car drives into a bay. Raises LookupError, and ValueError when the bay is taken."""
        charger, number = self._bay(bay)
        model = car if isinstance(car, CarModel) else _named(self.cars, car, "car")
        if wanted_wh is not None:
            model = replace(model, wanted_wh=wanted_wh)
        self._disturb(f"a car at {bay}")
        charger.plug(number, model)

    def unplug(self, bay: str) -> None:
        """The car drives away. Raises LookupError, and ValueError when there is none."""
        charger, number = self._bay(bay)
        if self.connector(bay).evse.car is None:
            raise ValueError(f"no car stands at {bay}")
        self._disturb(f"the car leaves {bay}")
        charger.unplug(number)

    async def token(self, bay: str, token: str) -> str:
        """Somebody shows a card: Stopped, or an AuthorizationStatus. Raises LookupError."""
        charger, number = self._bay(bay)
        self._disturb(f"a card at {bay}")
        return await charger.present(number, token)

    def demand(self, bay: str, wanted_wh: int) -> None:
        """The driver wants so much since plug-in. Raises LookupError, and ValueError without a car."""
        car = self.connector(bay).evse.car
        if car is None:
            raise ValueError(f"no car stands at {bay}")
        self._disturb(f"the car at {bay} wants {wanted_wh} Wh")
        car.want(wanted_wh)

    def building(self, load_ma: int, *, phase: int | None = None, circuit: str = GRID) -> None:
        """The building draws this from now on, on one phase (1..3) or on all. Raises LookupError."""
        building = _named(self.lot.buildings, circuit, "building on circuit")
        if phase is not None and phase not in {1, 2, 3}:
            raise ValueError("phases are 1, 2 and 3")
        self._disturb(f"the building on {circuit} set to {load_ma} mA")
        for index in range(3) if phase is None else (phase - 1,):
            building.set_phase(index, load_ma, mono_ms())

    # -- faults ------------------------------------------------------------------------------------------

    def meter_fault(self, fault: Fault | str, *, circuit: str = GRID, slow_ms: int = 3_000) -> None:
        """Spoils a meter, or heals it with `none`. Raises LookupError, ValueError."""
        meter = _named(self.meters, circuit, "meter on circuit")
        kind = Fault(fault)
        self._disturb(f"the meter of {circuit}: {kind}")
        meter.set_fault(kind, slow_ms=slow_ms)

    def charger_fault(self, bay: str, error: ChargePointErrorCode = "NoError") -> None:
        """A connector reports an error and stops, or recovers with NoError. Raises LookupError."""
        connector = self.connector(bay)
        self._disturb(f"{bay}: {error}")
        connector.error = error

    def oddity(self, charger: str, name: str, value: bool | int) -> None:  # noqa: FBT001  as JSON brings it
        """Changes how a charger behaves, see Oddities. Raises LookupError."""
        oddities = self.charger(charger).station.oddities
        if not hasattr(oddities, name):
            raise LookupError(f"no oddity is called {name!r}")
        self._disturb(f"{charger}: {name} {value}")
        setattr(oddities, name, value)

    def link(self, name: str, state: LinkState) -> None:
        """Cuts, stalls or restores the line of a charger, of `cloud`, or of `meter:<circuit>`.

        Who is cut off knows it at once; a stalled line looks alive until somebody waits in vain.
        Raises LookupError.
        """
        cable = _named(self._cables, name, "line")
        self._disturb(f"line of {name}: {state}")
        charger = self.chargers.get(name)
        if state == "stall":
            cable.stall()
        elif state == "cut":
            cable.cut()
            if charger is not None:
                charger.cut_link()
        else:
            cable.mend()
            if charger is not None:
                charger.restore_link()

    async def power(self, charger: str, state: PowerState) -> None:
        """Switches a charger's supply; `cycle` returns when it has power again. Raises LookupError."""
        device = self.charger(charger)
        self._disturb(f"power of {charger}: {state}")
        if state == "off":
            device.cut_power()
        elif state == "on":
            device.restore_power()
        else:
            await device.power_cycle()
            self._disturb(f"{charger} boots")

    # -- what is true ------------------------------------------------------------------------------------

    def charger(self, name: str) -> Charger:
        """A charger. Raises LookupError."""
        return _named(self.chargers, name, "charger")

    def charger_of(self, bay: str) -> Charger:
        """The charger of a bay. Raises LookupError."""
        return self._bay(bay)[0]

    def connector(self, bay: str) -> Connector:
        """The connector of a bay. Raises LookupError."""
        charger, number = self._bay(bay)
        return charger.station.connectors[number - 1]

    def bays(self) -> tuple[str, ...]:
        """The names of all bays."""
        return tuple(self._bays)

    def verdict(self) -> Verdict:
        """What was above a limit so far."""
        return self.referee.verdict(mono_ms())

    def audit(self, identities: Mapping[str, str] | None = None) -> Audit:
        """What chargers performed against what the CSMS booked; `identities`: its names for them."""
        performed = [t for charger in self.chargers.values() for t in charger.station.performed]
        return audit(performed, self.cloud.books.transactions.values(), identities=identities)

    def line(self, name: str) -> str:
        """A line's condition; a charger's is cut until `run`. Raises LookupError."""
        if name in self.chargers and name not in self._cables:
            return "cut"
        return _named(self._cables, name, "line").condition

    def _bay(self, name: str) -> tuple[Charger, int]:
        return _named(self._bays, name, "bay")

    def _disturb(self, what: str) -> None:
        self.referee.disturb(what, mono_ms())


def mono_ms() -> int:
    """The monotonic clock, on which everything flows."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """The true wall clock, ms since 1970."""
    return time.time_ns() // 1_000_000


def _meter_cable(circuit: str) -> str:
    return f"meter:{circuit}"


def _named(things: Mapping[str, Thing], name: str, kind: str) -> Thing:
    try:
        return things[name]
    except KeyError:
        raise LookupError(f"no {kind} is called {name!r}; there are {', '.join(things) or 'none'}") from None
