"""Who shares out in a simulated day: the core's own step, or one of the rivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.core.evse import EvseImage
from edge.core.image import CONFIRMED, DemandImage, Image, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.quantities import everywhere, larger, minus, plus
from edge.core.step import step
from edge.plant.days import Bay, Controller, Scene
from edge.plant.rivals import RULES, Demand, Rule
from edge.plant.wiring import NOTHING, Triple

OURS = "ours"
STRATEGIES = (OURS, *RULES)
RIVAL_EVERY_MS = 60_000


def controller(name: str, lot: Lot) -> Controller:
    """The strategy of that name; KeyError when there is none."""
    return Ours(lot) if name == OURS else Rival(name, RULES[name], lot)


class Ours:
    """The controller's own step, fed as the site feeds it.

    Pausing counts as proven; a car that did not wake once is known when it comes again. Departure and wish
    are known of those drivers who state them.
    """

    def __init__(self, lot: Lot) -> None:
        self.name = OURS
        self._lot = lot
        self._memory: Memory | None = None
        self._results: list[OfferResult] = []
        self._sleepers: set[str] = set()

    def decide(self, scene: Scene) -> Mapping[str, int]:
        """One step; every offer arrives at once, its confirmation is in the next image."""
        if self._memory is None:
            self._memory = Memory(self._lot, now_ms=scene.now_ms)
        image = Image(
            meters=_meters(self._lot, scene),
            evses=[self._image(bay, scene.now_ms) for bay in scene.bays.values()],
            results=self._results,
            limits=[],
            demands=_demands(self._lot, scene.now_ms),
        )
        decision = step(self._memory, image, scene.now_ms)
        for name in decision.sleepers:
            session = scene.bays[name].session
            if session is not None:
                self._sleepers.add(session.visit.driver)
        self._results = [
            OfferResult(evse=offer.evse, number=offer.number, result=CONFIRMED, sent_ms=scene.now_ms)
            for offer in decision.offers
        ]
        for offer in decision.offers:
            if offer.phases is not None:
                scene.bays[offer.evse].evse.connect(offer.phases, scene.now_ms)
        return {offer.evse: offer.limit_ma for offer in decision.offers}

    def _image(self, bay: Bay, now_ms: int) -> EvseImage:
        session, car = bay.session, bay.evse.car
        visit = None if session is None else session.visit
        is_stated = visit is not None and visit.is_stated
        return EvseImage(
            id=bay.core.id,
            is_linked=True,
            has_car=visit is not None,
            wants=visit is not None,
            terminals_ma=bay.evse.flowing_ma,
            sampled_ms=now_ms,
            arrived_ms=0 if visit is None else visit.arrives_ms,
            served_wh=0 if car is None else car.taken_wh,
            pause_proven=True,
            says_paused=visit is not None and bay.setpoint_ma == 0,
            departs_ms=visit.departs_ms if visit is not None and is_stated else None,
            wanted_wh=visit.car.wanted_wh if visit is not None and is_stated else None,
            sleeps=visit is not None and visit.driver in self._sleepers,
        )


def _demands(lot: Lot, now_ms: int) -> list[DemandImage]:
    """Windows by a clock that is right and begins with the simulation, at the nominal voltage."""
    return [
        DemandImage(circuit=name, wall_ms=now_ms, voltage_mv=lot.voltage_mv)
        for name in lot.tree.names
        if lot.tree.circuits[name].demand is not None
    ]


def _meters(lot: Lot, scene: Scene) -> list[MeterImage]:
    return [
        MeterImage(
            circuit=name,
            taken_ms=scene.now_ms,
            unchanged_since_ms=scene.now_ms,
            current_ma=scene.currents_ma[name],
        )
        for name in lot.tree.names
        if lot.tree.circuits[name].is_metered
    ]


@dataclass(slots=True)
class Rival:
    """A rule that shares out every minute, at once on overload, and when a car comes, leaves or is full."""

    name: str
    rule: Rule
    lot: Lot
    last_ms: int = -RIVAL_EVERY_MS
    wanting: frozenset[str] = frozenset()

    def decide(self, scene: Scene) -> Mapping[str, int]:
        """What the rule says, of everybody; between its rounds nothing."""
        wanting = frozenset(name for name, bay in scene.bays.items() if bay.wants)
        free_ma = headroom(self.lot, scene)
        is_due = scene.now_ms - self.last_ms >= RIVAL_EVERY_MS
        if not is_due and wanting == self.wanting and not self._is_over(scene, free_ma):
            return {}
        self.last_ms, self.wanting = scene.now_ms, wanting
        demands = [self._demand(scene.bays[name]) for name in sorted(wanting)]
        given = self.rule(demands, free_ma, self.lot.tolerance_ma, scene.now_ms)
        return {name: given.get(name, 0) for name in scene.bays}

    def _is_over(self, scene: Scene, free_ma: Sequence[int]) -> bool:
        left = list(free_ma)
        for name, bay in scene.bays.items():
            if bay.setpoint_ma and name in self.wanting:
                for room in self._rooms(bay):
                    left[room] -= bay.setpoint_ma
        return min(left) < 0

    def _rooms(self, bay: Bay) -> tuple[int, ...]:
        phases = bay.evse.plan.wiring.grid
        used = 3 if bay.evse.car is None else bay.evse.car.model.phases
        return tuple(self.lot.rooms_of(bay.core, tuple(sorted(phases[:used]))))

    def _demand(self, bay: Bay) -> Demand:
        session, car = bay.session, bay.evse.car
        if session is None or car is None:
            raise ValueError(f"nobody is at {bay.core.id}")
        max_ma = min(bay.core.max_ma, car.model.max_ma)
        return Demand(
            bay=bay.core.id,
            rooms=self._rooms(bay),
            circuits=tuple(first // 3 for first in self.lot.circuit_rooms[bay.core.circuit]),
            min_ma=bay.core.min_ma,
            max_ma=max_ma,
            arrived_ms=session.visit.arrives_ms,
            departs_ms=session.visit.departs_ms,
            missing_wh=session.wished_wh - car.taken_wh,
            power_w=max_ma * car.model.phases * self.lot.voltage_mv // 1_000_000,
        )


def headroom(lot: Lot, scene: Scene) -> list[int]:
    """What every room leaves to the chargers, in mA: measured where there is a meter, else the worst case."""
    background: dict[str, Triple] = {}
    for name in reversed(lot.tree.names):  # children first
        below = NOTHING
        for child in lot.tree.children(name):
            below = plus(below, background[child])
        assumed = larger(everywhere(lot.tree.building_max_ma(name)), below)
        background[name] = scene.buildings_ma[name] if lot.tree.circuits[name].is_metered else assumed
    free: list[int] = []
    for name in lot.tree.names:
        free.extend(minus(lot.tree.rating(name), background[name]))
    return free
