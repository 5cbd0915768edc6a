"""IEC 61851-1's control pilot, from the socket's side: duty and states, the cable's coding, the contactor.

Duty is in ppm: 1,000,000 is a steady +12 V, which offers nothing, and 0 a steady -12 V, which says fault.
Boards and the gateway's own pins run the same `Pilot`; neither is the only thing that can open a
mains contactor: that is what the hardware's dead man is for.
Duty and current as tabled in the manual of the Fluke FEV300 test adapter, table 4.
"""

from edge.core.quantities import VEHICLE_MINIMUM_MA

STEADY_PPM = 1_000_000
FAULT_PPM = 0
HIGHEST_MA = 80_000
BEND_MA = 51_000  # above it each percent is 2.5 A instead of 0.6 A

SETTLE_MS = 30  # a state that lasts less is noise
OBEY_MS = 6_000  # a car that draws on so long after the pulses ended is cut off under load
SWITCH_MS = 500  # an auxiliary contact follows its contactor within this
RECOVER_MS = 5_000  # a pilot that was faulty counts as sound again after this

FAULT_PILOT = "pilot"  # short, open, or no diode where a car should have one
FAULT_CABLE = "cable"  # its coding is none of those that are known
FAULT_VENTILATION = "ventilation"  # the car asks for air that nobody said is there
FAULT_RCD = "rcd"
FAULT_STUCK = "contactor"  # it does not close
FAULT_WELDED = "welded"  # it does not open

# Cable's resistor, ohm, and what it carries, mA; which is meant changes half way, counted geometrically
_CABLES = ((1_500, 13_000), (680, 20_000), (220, 32_000), (100, 63_000))
_CABLE_EDGES = (3_300, 1_010, 387, 148, 50)


def duty_of(limit_ma: int) -> int:
    """The duty in ppm that offers a car at most so much; steady where it is too little for any."""
    if limit_ma < VEHICLE_MINIMUM_MA:
        return STEADY_PPM
    if limit_ma <= BEND_MA:
        return limit_ma * 50 // 3  # 1 % is 0.6 A
    return min(limit_ma, HIGHEST_MA) * 4 + 640_000  # 1 % is 2.5 A, from 64 % on


def current_of(duty_ppm: int) -> int:
    """What a car may draw at this duty, mA."""
    if duty_ppm < 80_000 or duty_ppm > 970_000:
        return 0
    if duty_ppm <= 100_000:
        return VEHICLE_MINIMUM_MA
    if duty_ppm <= 850_000:
        return duty_ppm * 3 // 50
    return min((duty_ppm - 640_000) // 4, HIGHEST_MA)


def letter_of(high_mv: int, low_mv: int | None = None) -> str:
    """The pilot's state by its voltage while high, and while low where it pulses (None: it does not).

    A car has a diode: what follows the pulses below zero is none, and counts as a fault (E).
    """
    if high_mv > 10_500:
        return "A"
    if high_mv < -1_500:
        return "F"
    if high_mv <= 1_500 or (low_mv is not None and low_mv > -10_500):
        return "E"
    if high_mv > 7_500:
        return "B"
    return "C" if high_mv > 4_500 else "D"


def cable_ma(ohm: int) -> int:
    """What a cable carries by its resistor between proximity and earth; 0: none is known by this one."""
    for place, (_, carries_ma) in enumerate(_CABLES):
        if _CABLE_EDGES[place + 1] < ohm <= _CABLE_EDGES[place]:
            return carries_ma
    return 0


class Seen:
    """What a socket's inputs say now.

    `letter`: of the pilot, empty while it cannot be told. `offered_ma`: what the driver may draw, 0: nothing.
    `cable_ma` None: the cable is fixed, `max_ma` counts. `is_closed`: the contactor's auxiliary contact,
    None: it has none. `has_tripped`: the residual current device.
    """

    __slots__ = ("cable_ma", "has_tripped", "is_closed", "letter", "offered_ma")

    def __init__(
        self,
        *,
        letter: str,
        offered_ma: int,
        cable_ma: int | None = None,
        is_closed: bool | None = None,
        has_tripped: bool = False,
    ) -> None:
        self.letter = letter
        self.offered_ma = offered_ma
        self.cable_ma = cable_ma
        self.is_closed = is_closed
        self.has_tripped = has_tripped


class Pilot:
    """One socket. `step` as often as its inputs are read, at least every 30 ms; then drive what it says.

    `duty_ppm`, `closes` and `locks` are orders to the hardware; `letter` is the settled state, `fault` the
    reason why nothing is offered, empty where there is none. A trip and a contactor that does not close are
    over when the plug has been out; a welded one only by `reset`.
    """

    __slots__ = (
        "_feedback_ms",
        "_has_ventilation",
        "_max_ma",
        "_new",
        "_new_ms",
        "_sound_ms",
        "_withdrawn_ms",
        "closes",
        "duty_ppm",
        "fault",
        "letter",
        "locks",
    )

    def __init__(self, max_ma: int, *, has_ventilation: bool = False) -> None:
        self.letter = ""
        self.duty_ppm = STEADY_PPM
        self.closes = False
        self.locks = False
        self.fault = ""
        self._max_ma = max_ma
        self._has_ventilation = has_ventilation
        self._new = ""
        self._new_ms = 0
        self._sound_ms: int | None = None
        self._withdrawn_ms: int | None = None
        self._feedback_ms: int | None = None

    def step(self, seen: Seen, now_ms: int) -> None:
        """Look, and say what shall be driven from now on."""
        self._settle(seen.letter, now_ms)
        self._judge(seen, now_ms)
        self._offer(seen)
        self._switch(now_ms)
        self.locks = self.letter in ("B", "C", "D") or self.closes or self.fault == FAULT_WELDED

    def reset(self) -> None:
        """Somebody has looked: whatever is still wrong will be found again."""
        self.fault = ""
        self._sound_ms = self._feedback_ms = None

    def _settle(self, letter: str, now_ms: int) -> None:
        if letter != self._new:
            self._new = letter
            self._new_ms = now_ms
        if letter and now_ms - self._new_ms >= SETTLE_MS:
            self.letter = letter

    def _judge(self, seen: Seen, now_ms: int) -> None:
        if self._feedback_is_wrong(seen.is_closed, now_ms):
            self.fault = FAULT_WELDED if seen.is_closed else FAULT_STUCK
        if self.fault == FAULT_WELDED:
            return
        if seen.has_tripped:
            self.fault = FAULT_RCD
        elif self.fault in (FAULT_RCD, FAULT_STUCK):
            if self.letter == "A":
                self.fault = ""
        elif self.letter in ("E", "F"):
            self.fault = FAULT_PILOT
            self._sound_ms = None
        elif self.fault == FAULT_PILOT:
            self._recover(now_ms)
        else:
            self.fault = self._unfit(seen)

    def _recover(self, now_ms: int) -> None:
        if self._sound_ms is None:
            self._sound_ms = now_ms
        elif now_ms - self._sound_ms >= RECOVER_MS:
            self.fault = ""
            self._sound_ms = None

    def _unfit(self, seen: Seen) -> str:
        if seen.cable_ma == 0 and self.letter in ("B", "C", "D"):
            return FAULT_CABLE
        if self.letter == "D" and not self._has_ventilation:
            return FAULT_VENTILATION
        return ""

    def _feedback_is_wrong(self, is_closed: bool | None, now_ms: int) -> bool:  # noqa: FBT001  as seen
        if is_closed is None or is_closed == self.closes:
            self._feedback_ms = None
            return False
        if self._feedback_ms is None:
            self._feedback_ms = now_ms
        return now_ms - self._feedback_ms >= SWITCH_MS

    def _offer(self, seen: Seen) -> None:
        if self.fault == FAULT_WELDED:
            self.duty_ppm = FAULT_PPM  # no other fault: below it nobody could see the plug leave
            return
        limit_ma = min(seen.offered_ma, self._max_ma)
        if seen.cable_ma is not None:
            limit_ma = min(limit_ma, seen.cable_ma)
        is_there = self.letter in ("B", "C", "D")
        self.duty_ppm = duty_of(limit_ma) if is_there and not self.fault else STEADY_PPM

    def _switch(self, now_ms: int) -> None:
        asks = self.letter in ("C", "D")
        if not asks or self.fault:
            self.closes = False
            self._withdrawn_ms = None
        elif self.duty_ppm != STEADY_PPM:
            self.closes = True
            self._withdrawn_ms = None
        elif self.closes:  # the pulses have ended: a car stops by itself, then shows B
            if self._withdrawn_ms is None:
                self._withdrawn_ms = now_ms
            if now_ms - self._withdrawn_ms >= OBEY_MS:
                self.closes = False
