"""Whole days in virtual time: cars come and go, a controller shares out, a referee counts what truly flows.

Every EVSE takes an offer at once and confirms it; everything that can fail is left to other tests. Time moves
in ticks (10 s): cars leave and arrive, currents flow, the referee judges, the controller decides on what
meters and samples say. While nobody is there time jumps to the next arrival.

The referee calls a current above a rating a violation when the building's rise within the reaction time
cannot explain it: the chargers' currents are held against the least that the building drew since then.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from edge.core import evse as core
from edge.core.lot import Lot
from edge.plant.arrivals import HOUR_MS, Arrivals, Scenario, Visit
from edge.plant.building import Building, BuildingPlan
from edge.plant.evse import Evse, EvsePlan
from edge.plant.lot import CircuitPlan, LotPlan
from edge.plant.lot import Lot as PlantLot
from edge.plant.outcome import Moment, Outcome, Session, Violation
from edge.plant.wiring import NOTHING, Triple, Wiring, add

TICK_MS = 10_000
FOLLOW_MS = 5_000  # a car has followed a new offer: IEC 61851-1 annex A
LEAD_MS = 60_000  # the controller runs for so long before the first car comes
QUARTER_MS = HOUR_MS // 4
MOMENT_EVERY_MS = 60_000

Progress = Callable[[int, int], None]
"""Called now and then with the virtual time that has passed, and all of it."""


@dataclass(slots=True, kw_only=True)
class Bay:
    """One EVSE in the course of a day. `setpoint_ma` is what it was last offered."""

    core: core.Evse
    evse: Evse
    session: Session | None = None
    setpoint_ma: int = 0
    has_begun: bool = False

    @property
    def wants(self) -> bool:
        """Whether there is a car, and it is not full."""
        return self.evse.car is not None and not self.evse.car.is_full


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a controller finds: true currents of every circuit, and of the building alone."""

    now_ms: int
    currents_ma: Mapping[str, Triple]
    buildings_ma: Mapping[str, Triple]
    bays: Mapping[str, Bay]


class Controller(Protocol):
    """Whoever shares out."""

    name: str

    def decide(self, scene: Scene) -> Mapping[str, int]:
        """New setpoints in mA, for those bays whose setpoint changes."""


@dataclass(slots=True, kw_only=True)
class Day:
    """One run of a lot under one controller. `overheard` is told every tick, for those who want to watch."""

    lot: Lot
    arrivals: Arrivals
    buildings: Mapping[str, Building]
    controller: Controller
    tick_ms: int = TICK_MS
    seed: int = 0
    overheard: Callable[[Scene], None] = lambda _: None
    _recent: deque[tuple[int, dict[str, Triple]]] = field(default_factory=deque)

    def run(self, progress: Progress = lambda _done, _all: None) -> Outcome:
        """From shortly before the first arrival to the last departure."""
        visits = deque(self.arrivals.visits)
        outcome = Outcome(strategy=self.controller.name, turned_away=self.arrivals.turned_away)
        if not visits:
            return outcome
        plant = self._plant()
        bays = {evse.id: Bay(core=evse, evse=plant.evses[evse.id]) for evse in self.lot.evses}
        outcome.peaks_ma = dict.fromkeys(self.lot.tree.names, NOTHING)
        begin_ms = visits[0].arrives_ms - LEAD_MS
        end_ms = max(visit.departs_ms for visit in visits)
        now_ms = begin_ms
        while now_ms < end_ms:
            self._come_and_go(bays, visits, outcome, now_ms)
            scene = self._scene(plant, bays, now_ms)
            self._judge(scene, outcome)
            self.overheard(scene)
            for name, setpoint_ma in self.controller.decide(scene).items():
                _offer(bays[name], setpoint_ma, now_ms)
            for bay in bays.values():
                if bay.session is not None and bay.wants:
                    bay.session.wanting_ms += self.tick_ms
            now_ms += self.tick_ms
            if visits and all(bay.session is None for bay in bays.values()):
                now_ms = max(now_ms, visits[0].arrives_ms - LEAD_MS)
            progress(min(now_ms, end_ms) - begin_ms, end_ms - begin_ms)
        self._come_and_go(bays, visits, outcome, now_ms)
        return outcome

    def _plant(self) -> PlantLot:
        """The physical lot; where nobody knows how an EVSE is wired it is wired somehow."""
        tree = self.lot.tree
        chance = Random(f"{self.seed}/wiring")
        evses = [
            EvsePlan(
                name=evse.id,
                circuit=evse.circuit,
                wiring=Wiring(grid=evse.wiring or tuple(chance.sample(range(3), 3))),
                max_ma=evse.max_ma,
            )
            for evse in self.lot.evses
        ]
        circuits = [
            CircuitPlan(name=name, rating_ma=tree.circuits[name].rating_ma, parent=tree.circuits[name].parent)
            for name in tree.names
        ]
        plan = LotPlan(circuits=tuple(circuits), evses=tuple(evses), voltage_mv=self.lot.voltage_mv)
        plant = PlantLot(plan)
        plant.buildings.update(self.buildings)
        return plant

    def _come_and_go(
        self, bays: Mapping[str, Bay], visits: deque[Visit], outcome: Outcome, now_ms: int
    ) -> None:
        for bay in bays.values():
            if bay.session is not None and bay.session.visit.departs_ms < now_ms + self.tick_ms:
                outcome.sessions.append(_ended(bay, bay.session, now_ms))
        while visits and visits[0].arrives_ms <= now_ms:
            visit = visits.popleft()
            bay = bays[visit.bay]
            bay.evse.plug(visit.car, now_ms)
            bay.session = Session(visit=visit)
            bay.has_begun = bay.setpoint_ma > 0

    def _scene(self, plant: PlantLot, bays: Mapping[str, Bay], now_ms: int) -> Scene:
        buildings = dict.fromkeys(self.lot.tree.names, NOTHING)
        for name, building in self.buildings.items():
            load = building.load_ma(now_ms)
            for above in self.lot.tree.path(name):
                buildings[above] = add(buildings[above], load)
        return Scene(now_ms=now_ms, currents_ma=plant.advance(now_ms), buildings_ma=buildings, bays=bays)

    def _judge(self, scene: Scene, outcome: Outcome) -> None:
        now_ms = scene.now_ms
        self._recent.append((now_ms, dict(scene.buildings_ma)))
        while now_ms - self._recent[0][0] > self.tick_ms + FOLLOW_MS:
            self._recent.popleft()
        for name in self.lot.tree.names:
            rating_ma = self.lot.tree.circuits[name].rating_ma
            current, building = scene.currents_ma[name], scene.buildings_ma[name]
            peak = outcome.peaks_ma[name]
            outcome.peaks_ma[name] = (
                max(peak[0], current[0]),
                max(peak[1], current[1]),
                max(peak[2], current[2]),
            )
            if max(current) <= rating_ma:
                continue
            for phase in range(3):
                outcome.overload_mas += max(0, current[phase] - rating_ma) * self.tick_ms // 1_000
                least = min(loads[name][phase] for _, loads in self._recent)
                above_ma = current[phase] - building[phase] + least - rating_ma
                if above_ma > 0:
                    outcome.violations.append(
                        Violation(at_ms=now_ms, circuit=name, phase=phase, above_ma=above_ma)
                    )
        if not outcome.moments or now_ms - outcome.moments[-1].at_ms >= MOMENT_EVERY_MS:
            outcome.moments.append(
                Moment(
                    at_ms=now_ms,
                    building_ma=scene.buildings_ma["grid"],
                    total_ma=scene.currents_ma["grid"],
                )
            )


def buildings(lot: Lot, scenario: Scenario, *, days: int, seed: int) -> dict[str, Building]:
    """What draws beside the chargers: by the hour, uneven between phases, restless by the quarter and by
    the half minute, never above what the installer declared as its worst case.
    """
    found = {}
    for name in lot.tree.names:
        below = sum(lot.tree.building_max_ma(child) for child in lot.tree.children(name))
        most_ma = lot.tree.building_max_ma(name) - below
        if most_ma > 0:
            found[name] = _building(scenario, most_ma, days, f"{seed}/{name}")
    return found


def _building(scenario: Scenario, most_ma: int, days: int, seed: str) -> Building:
    chance = Random(seed)
    noise_ma = most_ma // 50
    building = Building(
        BuildingPlan(noise_ma=noise_ma, noise_period_ms=30_000, seed=chance.randrange(1 << 30))
    )
    uneven = [chance.uniform(0.85, 1) for _ in range(3)]
    for quarter in range((days + 1) * 96):
        percent = scenario.building[quarter // 4 % 24]
        a, b, c = (
            min(most_ma - noise_ma, round(most_ma * percent / 100 * part * chance.uniform(0.92, 1.05)))
            for part in uneven
        )
        building.set_steady((a, b, c), quarter * QUARTER_MS)
    return building


def _offer(bay: Bay, setpoint_ma: int, now_ms: int) -> None:
    if setpoint_ma == bay.setpoint_ma:
        return
    if bay.session is not None and bay.wants and bay.has_begun:
        bay.session.changes += 1
        bay.session.pauses += setpoint_ma == 0
    bay.has_begun = bay.has_begun or setpoint_ma > 0
    bay.setpoint_ma = setpoint_ma
    bay.evse.set_pilot(setpoint_ma, now_ms)
    bay.evse.advance(now_ms)  # from now on the car has seen it


def _ended(bay: Bay, session: Session, now_ms: int) -> Session:
    bay.evse.advance(now_ms)
    if bay.evse.car is not None:
        session.delivered_wh = min(bay.evse.car.taken_wh, session.wished_wh)
    bay.evse.unplug(now_ms)
    bay.session = None
    return session
