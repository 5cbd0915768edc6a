"""What a simulated lot consists of, small enough to write as JSON."""

from dataclasses import dataclass, field

from edge.plant.building import BuildingPlan
from edge.plant.cars import CarModel
from edge.plant.evse import EvsePlan
from edge.plant.lot import GRID, CircuitPlan, LotPlan
from edge.plant.wiring import Wiring
from edge.simulator.conversation import Pace
from edge.simulator.station import Oddities, StationPlan

CARS = {
    "three-phase": CarModel(),
    "two-phase": CarModel(phases=2),
    "one-phase": CarModel(phases=1, max_ma=32_000, wanted_wh=20_000),
    "fast": CarModel(max_ma=32_000, wanted_wh=60_000),
    "slow": CarModel(follow_ms=4_000, ramp_ma_per_s=2_000, start_ms=8_000),
    "sleepy": CarModel(phases=1, sleeps=True),
    "nearly-full": CarModel(wanted_wh=3_000),
}
"""Cars that drive in everywhere; a description may add its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerPlan:
    """A charger and where it hangs. Its connector has its name; several are `name/1`, `name/2`, .."""

    name: str
    circuit: str = GRID
    rotation: str = "L1L2L3"
    rotations: tuple[str, ...] = ()
    """Of each connector, where they are not all wired alike."""
    max_ma: int = 32_000
    connectors: int = 1
    supply_ma: int | None = None
    """The breaker of the line that its connectors share: a circuit of its own, `name/supply`."""
    model: str = "Simulator"
    version: str = "1.6"
    """Of OCPP: 1.6, 2.0.1 or 2.1."""
    configuration: dict[str, str] = field(default_factory=dict)
    clock_offset_ms: int = 0
    has_stubborn_clock: bool = False
    oddities: Oddities = field(default_factory=Oddities)

    def bays(self) -> tuple[str, ...]:
        """The names of its connectors."""
        if self.connectors == 1:
            return (self.name,)
        return tuple(f"{self.name}/{n}" for n in range(1, self.connectors + 1))

    @property
    def feeder(self) -> str:
        """The circuit on which its connectors hang."""
        return self.circuit if self.supply_ma is None else f"{self.name}/supply"

    def evses(self) -> tuple[EvsePlan, ...]:
        """Its connectors in the plant."""
        rotations = self.rotations or (self.rotation,)
        return tuple(
            EvsePlan(
                name=bay,
                circuit=self.feeder,
                wiring=Wiring.parse(rotations[number % len(rotations)]),
                max_ma=self.max_ma,
            )
            for number, bay in enumerate(self.bays())
        )

    def station(self) -> StationPlan:
        """The charger as a device."""
        return StationPlan(
            name=self.name,
            evses=self.bays(),
            model=self.model,
            version=self.version,
            configuration=self.configuration,
            clock_offset_ms=self.clock_offset_ms,
            has_stubborn_clock=self.has_stubborn_clock,
            oddities=self.oddities,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """A meter on a circuit."""

    circuit: str = GRID
    model: str = "eastron-sdm630"
    unit: int = 1
    refresh_ms: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPlan:
    """A whole lot. `allowance_ms` is the time that a controller may take to answer a disturbance."""

    circuits: tuple[CircuitPlan, ...]
    chargers: tuple[ChargerPlan, ...] = ()
    meters: tuple[MeterPlan, ...] = (MeterPlan(),)
    cars: dict[str, CarModel] = field(default_factory=dict)
    voltage_mv: int = 230_000
    tick_ms: int = 100
    allowance_ms: int = 5_000
    noticed_step_ma: int = 1_000
    """A building that rises by so much in a tick counts as a disturbance."""
    pace: Pace = field(default_factory=Pace)
    password: str | None = None
    """What the chargers show to the controller."""

    def lot(self) -> LotPlan:
        """The plant."""
        return LotPlan(
            circuits=(
                *self.circuits,
                *(
                    CircuitPlan(name=charger.feeder, parent=charger.circuit, rating_ma=charger.supply_ma)
                    for charger in self.chargers
                    if charger.supply_ma is not None
                ),
            ),
            voltage_mv=self.voltage_mv,
            evses=tuple(evse for charger in self.chargers for evse in charger.evses()),
        )


def demo(newest: str = "1.6") -> WorldPlan:
    """The lot of the demo: two feeders, eight chargers wired in rotation, a building that lives.

    `newest`: the version of OCPP that the last charger speaks.
    """
    rotations = ("L1L2L3", "L2L3L1", "L3L1L2")
    building = BuildingPlan(
        steady_ma=(22_000, 18_000, 20_000), drift_ma=3_000, drift_period_ms=90_000, noise_ma=300, seed=1
    )
    return WorldPlan(
        circuits=(
            CircuitPlan(name=GRID, parent=None, rating_ma=100_000, building=building),
            CircuitPlan(name="west", rating_ma=50_000),
            CircuitPlan(name="east", rating_ma=50_000),
        ),
        chargers=tuple(
            ChargerPlan(
                name=f"bay-{n}",
                circuit="west" if n <= 4 else "east",
                rotation=rotations[(n - 1) % 3],
                version=newest if n == 8 else "1.6",
            )
            for n in range(1, 9)
        ),
    )
