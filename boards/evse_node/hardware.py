"""The node's pins: pilot by PWM and ADC, contactor and its contact, RCD, lock, dead man (README.md)."""

import machine

from edge.core.pilot import STEADY_PPM, cable_ma, letter_of

PILOT_HZ = 1_000
SAMPLES = 48  # at uneven moments: some of them fall into the high part of a period, some into the low one
U16 = 65_535


class Inputs:
    """What the pins say. As `edge.core.pilot.Seen` without what a gateway offers."""

    __slots__ = ("cable_ma", "has_tripped", "is_closed", "letter")

    def __init__(self, letter: str, cable_ma: int | None, is_closed: bool | None, has_tripped: bool) -> None:
        self.letter = letter
        self.cable_ma = cable_ma
        self.is_closed = is_closed
        self.has_tripped = has_tripped


class Hardware:
    """`pins`: numbers by name: pilot, pilot_adc, contactor; contact, rcd, lock, alive, proximity where there.

    `scale`: the pilot's mV at the ADC's two ends, by the divider on the board. `pull_ohm`: what pulls the
    proximity contact up to the ADC's reference. Contact and RCD are inputs that close to ground: a broken
    wire is a contactor that does not close, or a trip.
    """

    def __init__(self, pins: dict, scale: list[int], pull_ohm: int = 330) -> None:
        self._contactor = _output(pins, "contactor")  # first: it must be open whatever comes next
        self._lock = _output(pins, "lock")
        self._alive = _output(pins, "alive")
        self._pwm = machine.PWM(machine.Pin(pins["pilot"]), freq=PILOT_HZ, duty_u16=U16)
        self._adc = machine.ADC(machine.Pin(pins["pilot_adc"]))
        self._proximity = machine.ADC(machine.Pin(pins["proximity"])) if "proximity" in pins else None
        self._pull_ohm = pull_ohm
        self._contact = _input(pins, "contact")
        self._rcd = _input(pins, "rcd")
        self._low_mv, self._high_mv = scale
        self._duty_ppm = STEADY_PPM
        self._beats = False

    def see(self) -> Inputs:
        """All inputs now; takes about 2 ms."""
        return Inputs(
            self._letter(),
            self._cable_ma(),
            None if self._contact is None else self._contact.value() == 0,
            self._rcd is not None and self._rcd.value() == 1,
        )

    def drive(self, pilot, *, beats: bool) -> None:
        """As the pilot's rules say. The dead man's line must change all the time."""
        self._contactor.value(1 if pilot.closes else 0)
        if self._lock is not None:
            self._lock.value(1 if pilot.locks else 0)
        if pilot.duty_ppm != self._duty_ppm:
            self._duty_ppm = pilot.duty_ppm
            self._pwm.duty_u16(pilot.duty_ppm * U16 // STEADY_PPM)
        if self._alive is not None and beats:
            self._beats = not self._beats
            self._alive.value(1 if self._beats else 0)

    def rest(self) -> None:
        """Everything off: the contactor open, nothing offered."""
        self._contactor.value(0)
        self._pwm.duty_u16(U16)
        self._duty_ppm = STEADY_PPM

    def _letter(self) -> str:
        read = self._adc.read_u16
        high = low = read()
        for _ in range(SAMPLES):
            raw = read()
            high = max(high, raw)
            low = min(low, raw)
        is_pulsing = 0 < self._duty_ppm < STEADY_PPM
        return letter_of(self._mv(high), self._mv(low) if is_pulsing else None)

    def _cable_ma(self) -> int | None:
        if self._proximity is None:
            return None
        raw = self._proximity.read_u16()
        return cable_ma(self._pull_ohm * raw // (U16 - raw) if raw < U16 else 1_000_000)

    def _mv(self, raw: int) -> int:
        return self._low_mv + raw * (self._high_mv - self._low_mv) // U16


def _output(pins: dict, name: str):
    return None if name not in pins else machine.Pin(pins[name], machine.Pin.OUT, value=0)


def _input(pins: dict, name: str):
    return None if name not in pins else machine.Pin(pins[name], machine.Pin.IN, machine.Pin.PULL_UP)
