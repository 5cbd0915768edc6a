"""The node itself: what its inputs say and a gateway wants becomes what its outputs do.

Safe without anybody: at power-up the contactor is open and the fallback counts; a gateway that is silent for
the time-out leaves the fallback. Only written limits feed the watchdog: who merely reads does not decide.
"""

from edge.core.pilot import FAULT_WELDED, Pilot, Seen

STATES = ("A", "B", "C", "D", "E", "F")
STALE_METER_MS = 10_000
VERSION = 1


class Measured:
    """What the node's meter says. `current_ma`, `voltage_mv`: three of them, None where not measured."""

    __slots__ = ("at_ms", "current_ma", "energy_wh", "power_w", "voltage_mv")

    def __init__(self, current_ma=(None,) * 3, voltage_mv=(None,) * 3, power_w=None, energy_wh=None, at_ms=0):
        self.current_ma = tuple(current_ma)
        self.voltage_mv = tuple(voltage_mv)
        self.power_w = power_w
        self.energy_wh = energy_wh
        self.at_ms = at_ms


class Node:
    """One socket. Settings: `max_ma`, `fallback_ma`, `timeout_s`, `has_ventilation`, `starts`.

    `keep` is called with what must be remembered when it changes.
    """

    def __init__(self, settings: dict, *, now_ms: int, keep=lambda _: None) -> None:
        self.max_ma = settings["max_ma"]
        self.fallback_ma = min(settings.get("fallback_ma", 0), self.max_ma)
        self.timeout_s = settings.get("timeout_s", 60)
        self.starts = settings.get("starts", 0)
        self.version = settings.get("version", VERSION)
        self.limit_ma = self.fallback_ma
        self.cable_ma: int | None = None
        self.meter = Measured()
        self.has_fallen_back = True
        self._fed_ms: int | None = None
        self._keep = keep
        self._now_ms = now_ms
        self._energy_wh = 0
        self._pilot = Pilot(self.max_ma, has_ventilation=settings.get("has_ventilation", False))

    def step(self, inputs, now_ms: int) -> Pilot:
        """What shall be driven: `duty_ppm`, `closes`, `locks`. `inputs` as of the hardware's `see`."""
        self._now_ms = now_ms
        if self._fed_ms is None or now_ms - self._fed_ms >= 1_000 * self.timeout_s:
            self.has_fallen_back = True
            self.limit_ma = self.fallback_ma
        self.cable_ma = inputs.cable_ma
        self._pilot.step(
            Seen(
                letter=inputs.letter,
                offered_ma=self.limit_ma,
                cable_ma=inputs.cable_ma,
                is_closed=inputs.is_closed,
                has_tripped=inputs.has_tripped,
            ),
            now_ms,
        )
        if self.meter.at_ms and now_ms - self.meter.at_ms > STALE_METER_MS:
            self.meter = Measured()
        return self._pilot

    def measured(self, measured: Measured) -> None:
        """The meter has answered."""
        self.meter = measured
        if measured.energy_wh is not None:
            self._energy_wh = measured.energy_wh

    # -- what the gateway writes -------------------------------------------------------------------------

    def take_limit(self, limit_ma: int) -> None:
        """The limit of now; feeds the watchdog."""
        self.limit_ma = min(limit_ma, self.max_ma)
        self._fed_ms = self._now_ms
        self.has_fallen_back = False

    def take_timeout(self, timeout_s: int) -> None:
        """How long it goes on without a limit."""
        if timeout_s != self.timeout_s:
            self.timeout_s = timeout_s
            self._keep({"timeout_s": timeout_s})

    def take_fallback(self, fallback_ma: int) -> None:
        """What it falls back to."""
        if fallback_ma != self.fallback_ma:
            self.fallback_ma = fallback_ma
            self._keep({"fallback_ma": fallback_ma})

    def reset(self) -> None:
        """Somebody has mended what was wrong."""
        self._pilot.reset()

    # -- what the registers show -------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """Why nothing is offered; empty: nothing is wrong."""
        return self._pilot.fault

    @property
    def state(self) -> int:
        """1 to 6: A to F. C only while the contactor is closed; a fault is F."""
        letter = self._pilot.letter or "A"
        if self._pilot.fault:
            letter = "F"
        elif letter in ("C", "D") and not self._pilot.closes:
            letter = "B"
        return STATES.index(letter) + 1

    @property
    def offered_ma(self) -> int:
        """What the car is offered, or would be."""
        return 0 if self._pilot.fault else self.limit_ma

    @property
    def energy_wh(self) -> int:
        """The meter's register, the last one known."""
        return self._energy_wh

    @property
    def may_beat(self) -> bool:
        """Whether the hardware's dead man may be petted: not with a contactor that is welded."""
        return self._pilot.fault != FAULT_WELDED
