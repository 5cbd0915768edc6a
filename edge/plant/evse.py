"""An EVSE as hardware: a pilot, a contactor, a meter, perhaps a car."""

from dataclasses import dataclass, replace

from edge.plant.cars import Car, CarModel
from edge.plant.wiring import NOTHING, STRAIGHT, Triple, Wiring

_NJ_PER_WH = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvsePlan:
    """Where an EVSE hangs and what it can carry."""

    name: str
    circuit: str
    wiring: Wiring = STRAIGHT
    max_ma: int = 32_000


class Evse:
    """The present state of one EVSE. A charger turns the pilot, the lot asks what flows."""

    __slots__ = (
        "_energy_nj",
        "_flowing",
        "_last_ms",
        "_voltage_mv",
        "car",
        "connected",
        "is_closed",
        "pilot_ma",
        "plan",
    )

    def __init__(self, plan: EvsePlan, *, voltage_mv: int) -> None:
        self.plan = plan
        self.car: Car | None = None
        self.pilot_ma = 0
        self.is_closed = True
        self.connected = 3
        self._voltage_mv = voltage_mv
        self._flowing: Triple = NOTHING
        self._energy_nj = 0
        self._last_ms = 0

    @property
    def voltage_mv(self) -> int:
        """Phase to neutral."""
        return self._voltage_mv

    @property
    def flowing_ma(self) -> Triple:
        """Current by terminal L1..L3 at the last `advance`."""
        return self._flowing

    @property
    def energy_wh(self) -> int:
        """The meter's register; it never goes back and survives everything."""
        return self._energy_nj // _NJ_PER_WH

    def plug(self, model: CarModel, now_ms: int) -> Car:
        """A car arrives; ValueError when the bay is taken. What is not wired charges nothing in the car."""
        if self.car is not None:
            raise ValueError(f"{self.plan.name} is taken")
        self.advance(now_ms)
        wired = replace(model, phases=min(model.phases, self.plan.wiring.phases))
        self.car = Car(wired, now_ms, voltage_mv=self._voltage_mv)
        self.car.connected = self.connected
        return self.car

    def unplug(self, now_ms: int) -> None:
        """The car leaves, and with it the current."""
        self.advance(now_ms)
        self.car = None
        self._flowing = NOTHING

    def set_pilot(self, limit_ma: int, now_ms: int) -> None:
        """What the car is told that it may draw; 0 asks it to stop."""
        self.advance(now_ms)
        self.pilot_ma = min(limit_ma, self.plan.max_ma)

    def connect(self, phases: int, now_ms: int) -> None:
        """Connects so many of its terminals, from the first. ValueError while current flows."""
        self.advance(now_ms)
        if phases != self.connected and max(self._flowing) > 0:
            raise ValueError(f"{self.plan.name} changes phases under load")
        self.connected = phases
        if self.car is not None:
            self.car.connected = phases

    def switch(self, *, closed: bool, now_ms: int) -> None:
        """Opens the contactor at once (no power, a fault) or lets it close again."""
        self.advance(now_ms)
        self.is_closed = closed
        self.advance(now_ms)

    def advance(self, now_ms: int) -> Triple:
        """Current by terminal from now on; energy is booked for the time up to now."""
        elapsed_ms = now_ms - self._last_ms
        self._energy_nj += sum(self._flowing) * self._voltage_mv * elapsed_ms
        self._last_ms = now_ms
        self._flowing = self._draw(now_ms)
        return self._flowing

    def _draw(self, now_ms: int) -> Triple:
        if self.car is None:
            return NOTHING
        if not self.is_closed:
            self.car.cut(now_ms)
            return NOTHING
        drawn = self.car.draw(self.pilot_ma, now_ms)
        wired = self.plan.wiring.phases
        return (drawn[0], drawn[1] if wired > 1 else 0, drawn[2] if wired > 2 else 0)
