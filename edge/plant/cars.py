"""What a car draws, given what its EVSE offers."""

from collections import deque
from dataclasses import dataclass, replace

from edge.plant.wiring import Triple

_NJ_PER_WH = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CarModel:
    """How a make of car behaves at the pilot."""

    phases: int = 3
    max_ma: int = 16_000
    min_ma: int = 6_000
    """Below this the onboard charger does not work (IEC 61851-1 knows no pilot below 6 A)."""
    follow_ms: int = 2_000
    """From a changed offer until the car begins to follow."""
    ramp_ma_per_s: int = 0
    """How fast it then moves; 0 is at once."""
    start_ms: int = 3_000
    """From the first usable offer until current flows."""
    wanted_wh: int = 40_000
    taper_wh: int = 4_000
    """The last part of the energy, in which the battery takes less and less."""
    sleeps: bool = False
    """Whether it never wakes after its offer has been below its minimum while charging."""

    def settling_ms(self, change_ma: int) -> int:
        """How long after an offer changed by so much the car may still draw more than it is offered."""
        return self.follow_ms + (-(-change_ma * 1000 // self.ramp_ma_per_s) if self.ramp_ma_per_s else 0)


class Car:
    """One car at one EVSE, from plug-in to plug-out. Time must not run backwards."""

    __slots__ = (
        "_drawn_ma",
        "_energy_nj",
        "_last_ms",
        "_noticed",
        "_ramp_from_ma",
        "_ramp_from_ms",
        "_ready_ms",
        "_seen_ma",
        "_target_ma",
        "_voltage_mv",
        "connected",
        "is_asleep",
        "model",
    )

    def __init__(self, model: CarModel, now_ms: int, *, voltage_mv: int = 230_000) -> None:
        self.model = model
        self.is_asleep = False
        self.connected = 3
        self._voltage_mv = voltage_mv
        self._last_ms = now_ms
        self._energy_nj = 0
        self._seen_ma = 0
        self._noticed: deque[tuple[int, int]] = deque()
        self._ready_ms: int | None = None
        self._drawn_ma = self._target_ma = 0
        self._ramp_from_ma, self._ramp_from_ms = 0, now_ms

    @property
    def taken_wh(self) -> int:
        """Energy that went into the battery since plug-in."""
        return self._energy_nj // _NJ_PER_WH

    @property
    def is_full(self) -> bool:
        """Whether it has all that it wanted."""
        return self._energy_nj >= self.model.wanted_wh * _NJ_PER_WH

    @property
    def is_drawing(self) -> bool:
        """Whether current flows into it."""
        return self._drawn_ma > 0

    @property
    def wants_current(self) -> bool:
        """Whether it would draw if it were offered enough (pilot state C)."""
        return not self.is_full and not self.is_asleep

    @property
    def _phases(self) -> int:
        """Those that it uses of what its EVSE connects."""
        return min(self.model.phases, self.connected)

    def want(self, wanted_wh: int) -> None:
        """The driver changes the battery's target, counted from plug-in."""
        self.model = replace(self.model, wanted_wh=wanted_wh)

    def draw(self, limit_ma: int, now_ms: int) -> Triple:
        """What flows now, mA per terminal L1..L3, if the offer is this since the last call."""
        self._notice(limit_ma, now_ms)
        while self._noticed and self._noticed[0][0] <= now_ms:
            due_ms, offered_ma = self._noticed.popleft()
            self._follow(offered_ma, max(due_ms, self._last_ms))
        self._follow(self._seen_ma, now_ms)
        used = self._phases
        return (self._drawn_ma, self._drawn_ma if used > 1 else 0, self._drawn_ma if used > 2 else 0)

    def cut(self, now_ms: int) -> None:
        """The contactor opens: nothing flows from now on, whatever the car would like."""
        self._take(now_ms)
        self._drawn_ma = self._target_ma = self._ramp_from_ma = self._seen_ma = 0
        self._ramp_from_ms = now_ms
        self._noticed.clear()
        self._ready_ms = None

    def _take(self, now_ms: int) -> None:
        """Books the energy of the time since the last call."""
        elapsed_ms = now_ms - self._last_ms
        self._energy_nj += self._drawn_ma * self._voltage_mv * self._phases * elapsed_ms
        self._last_ms = now_ms

    def _notice(self, limit_ma: int, now_ms: int) -> None:
        latest = self._noticed[-1][1] if self._noticed else self._seen_ma
        if limit_ma != latest:
            self._noticed.append((now_ms + self.model.follow_ms, limit_ma))

    def _follow(self, offered_ma: int, now_ms: int) -> None:
        """Acts on this offer from then on."""
        self._take(now_ms)
        self._drawn_ma = self._ramped(now_ms)
        self._seen_ma = offered_ma
        if offered_ma < self.model.min_ma:
            self.is_asleep |= self.model.sleeps and self._drawn_ma > 0
        target = self._aim(offered_ma, now_ms)
        if target != self._target_ma:
            self._target_ma = target
            self._ramp_from_ma, self._ramp_from_ms = self._drawn_ma, now_ms
            self._drawn_ma = self._ramped(now_ms)

    def _aim(self, offered_ma: int, now_ms: int) -> int:
        """What it would like to draw under this offer."""
        if offered_ma < self.model.min_ma or not self.wants_current:
            self._ready_ms = None
            return 0
        if self._ready_ms is None:
            self._ready_ms = now_ms + self.model.start_ms
        if now_ms < self._ready_ms:
            return 0
        return min(offered_ma, self._battery_ma())

    def _battery_ma(self) -> int:
        """What the battery takes: everything, over the last `taper_wh` linearly less, at last a tenth."""
        rest_nj = self.model.wanted_wh * _NJ_PER_WH - self._energy_nj
        taper_nj = self.model.taper_wh * _NJ_PER_WH
        if rest_nj >= taper_nj:
            return self.model.max_ma
        return max(self.model.max_ma * rest_nj // taper_nj, self.model.max_ma // 10)

    def _ramped(self, now_ms: int) -> int:
        if not self.model.ramp_ma_per_s:
            return self._target_ma
        way_ma = self.model.ramp_ma_per_s * (now_ms - self._ramp_from_ms) // 1000
        if self._target_ma >= self._ramp_from_ma:
            return min(self._target_ma, self._ramp_from_ma + way_ma)
        return max(self._target_ma, self._ramp_from_ma - way_ma)
