"""The true state of a simulated lot at one moment, as JSON shows it."""

import msgspec

from edge.plant.wiring import Triple
from edge.simulator.charger import Charger
from edge.simulator.connector import Connector
from edge.simulator.referee import Excursion
from edge.simulator.world import CLOUD, World, mono_ms


class CarState(msgspec.Struct, frozen=True, kw_only=True):
    """The car in a bay."""

    phases: int
    max_ma: int
    wanted_wh: int
    taken_wh: int
    is_full: bool
    is_asleep: bool


class BayState(msgspec.Struct, frozen=True, kw_only=True):
    """A bay; `flowing_ma` by grid phase."""

    charger: str
    connector: int
    circuit: str
    status: str
    error: str
    pilot_ma: int
    flowing_ma: Triple
    energy_wh: int
    token: str | None
    transaction_id: int | None
    car: CarState | None


class ChargerState(msgspec.Struct, frozen=True, kw_only=True):
    """A charger and its line."""

    is_powered: bool
    is_connected: bool
    line: str
    owed: int
    profiles: int


class CircuitState(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit's true current."""

    parent: str | None
    rating_ma: int
    limit_ma: int
    current_ma: Triple
    building_ma: Triple | None
    meter: str | None
    """What is wrong with its meter; None where there is none."""


class CloudState(msgspec.Struct, frozen=True, kw_only=True):
    """The CSMS."""

    line: str
    connected: int
    transactions: int
    running: int
    irregularities: tuple[str, ...]


class RefereeState(msgspec.Struct, frozen=True, kw_only=True):
    """What was above a limit; a million mA.ms are one A.s."""

    excess_ma_ms: int
    late_ma_ms: int
    longest_ms: int
    excursions: tuple[Excursion, ...]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything."""

    bays: dict[str, BayState]
    chargers: dict[str, ChargerState]
    circuits: dict[str, CircuitState]
    cloud: CloudState
    referee: RefereeState


def snapshot(world: World) -> State:
    """What is true now."""
    verdict = world.verdict()
    return State(
        bays={name: _bay(world, name) for name in world.bays()},
        chargers={name: _charger(world, charger) for name, charger in world.chargers.items()},
        circuits=_circuits(world),
        cloud=_cloud(world),
        referee=RefereeState(
            excess_ma_ms=verdict.excess_ma_ms,
            late_ma_ms=verdict.late_ma_ms,
            longest_ms=verdict.longest_ms,
            excursions=verdict.excursions[-20:],
        ),
    )


def _bay(world: World, name: str) -> BayState:
    connector = world.connector(name)
    evse, running = connector.evse, connector.transaction
    return BayState(
        charger=world.charger_of(name).name,
        connector=connector.number,
        circuit=evse.plan.circuit,
        status=connector.status(),
        error=connector.error,
        pilot_ma=evse.pilot_ma,
        flowing_ma=evse.plan.wiring.to_grid(evse.flowing_ma),
        energy_wh=evse.energy_wh,
        token=running.token if running else connector.token,
        transaction_id=running.transaction_id if running else None,
        car=_car(connector),
    )


def _car(connector: Connector) -> CarState | None:
    car = connector.evse.car
    if car is None:
        return None
    return CarState(
        phases=car.model.phases,
        max_ma=car.model.max_ma,
        wanted_wh=car.model.wanted_wh,
        taken_wh=car.taken_wh,
        is_full=car.is_full,
        is_asleep=car.is_asleep,
    )


def _charger(world: World, charger: Charger) -> ChargerState:
    station = charger.station
    return ChargerState(
        is_powered=station.is_powered,
        is_connected=charger.is_connected,
        line=world.line(charger.name),
        owed=len(station.outbox),
        profiles=len(station.profiles),
    )


def _circuits(world: World) -> dict[str, CircuitState]:
    now_ms, currents = mono_ms(), world.referee.currents_ma
    states = {}
    for plan in world.lot.plan.circuits:
        building = world.lot.buildings.get(plan.name)
        meter = world.meters.get(plan.name)
        states[plan.name] = CircuitState(
            parent=plan.parent,
            rating_ma=plan.rating_ma,
            limit_ma=world.referee.limits_ma[plan.name],
            current_ma=currents[plan.name],
            building_ma=building.load_ma(now_ms) if building else None,
            meter=meter.fault if meter else None,
        )
    return states


def _cloud(world: World) -> CloudState:
    books = world.cloud.books
    return CloudState(
        line=world.line(CLOUD),
        connected=sum(seen.connection is not None for seen in world.cloud.stations.values()),
        transactions=len(books.transactions),
        running=sum(t.ended_ms is None for t in books.transactions.values()),
        irregularities=tuple(books.irregularities[-20:]),
    )
