"""The pins of one charger as what they mean: what a socket sees, and what drives it."""

from edge.core.errors import ConfigError
from edge.core.pilot import STEADY_PPM, Pilot, Seen, cable_ma
from edge.links.pins import Counter, Input, Output, Pins, Pulse
from edge.links.pins.sysfs import Channel
from edge.settings.model import GpioSettings

PILOT_HERTZ = 1_000
BLINK_MS = 500
BEAT_MS = 100  # half a period of the heartbeat


class _Turned:
    """An input or an output whose level is turned round."""

    def __init__(self, pin: Input | Output) -> None:
        self._pin = pin

    def read(self) -> bool | None:
        """The other level."""
        level = self._pin.read() if isinstance(self._pin, Input) else None
        return None if level is None else not level

    def write(self, *, high: bool) -> None:
        """The other level."""
        if isinstance(self._pin, Output):
            self._pin.write(high=not high)


class Socket:
    """Reads and drives the pins of a charger. Made with everything off; `rest` puts it back there."""

    def __init__(self, settings: GpioSettings, pins: Pins) -> None:
        """Raises ConfigError where one of the pins is not there."""
        self._settings = settings
        self._contactor = _output(pins, settings.contactor)  # first: off before anything else is tried
        self._lock = _output(pins, settings.lock)
        self._led = _output(pins, settings.led)
        self._heartbeat = _output(pins, settings.heartbeat)
        if self._contactor is None:
            raise ConfigError("a charger without a contactor is none")
        self._pilot: Pulse = pins.pulse(settings.pilot, hertz=PILOT_HERTZ)
        self._b = _input(pins, settings.pilot_b, has_pull_up=False)
        self._c = _input(pins, settings.pilot_c, has_pull_up=False)
        self._e = _input(pins, settings.pilot_e, has_pull_up=False)
        self._feedback = _input(pins, settings.contactor_feedback, has_pull_up=True)
        self._rcd = _input(pins, settings.rcd, has_pull_up=True)
        self._s0: Counter | None = None if settings.s0 is None else pins.counter(settings.s0)
        self._proximity = None if settings.proximity is None else Channel(settings.proximity)
        self._driven: dict[str, object] = {}

    def see(self, offered_ma: int) -> Seen:
        """What the inputs say. What cannot be read is the worst that it could be."""
        feedback = _level(self._feedback)
        return Seen(
            letter=self._letter(),
            offered_ma=offered_ma,
            cable_ma=self._settings.cable_ma if self._proximity is None else self._coded_ma(self._proximity),
            is_closed=None if feedback is None else not feedback,  # closed to ground
            has_tripped=self._rcd is not None and _level(self._rcd) is not False,
        )

    def _coded_ma(self, proximity: Channel) -> int:
        """What the cable says that it carries; 0 where that cannot be read, or is none of the known."""
        raw, full = proximity.read(), (1 << self._settings.proximity_bits) - 1
        if raw is None or not 0 <= raw < full:
            return 0
        return cable_ma(self._settings.proximity_ohm * raw // (full - raw))

    @property
    def energy_wh(self) -> int | None:
        """Of its meter since this process began; None: it has none."""
        if self._s0 is None:
            return None
        return self._s0.count() * 1000 // self._settings.pulses_per_kwh

    def drive(self, pilot: Pilot, *, beats: bool, now_ms: int) -> None:
        """Drive what the pilot orders. Raises DeviceError.

        `beats`: whether the hardware may still believe in us.
        """
        if not pilot.closes:
            self._write("contactor", self._contactor, high=False)
        if self._driven.get("pilot") != pilot.duty_ppm:
            self._pilot.set(pilot.duty_ppm)
            self._driven["pilot"] = pilot.duty_ppm
        self._write("lock", self._lock, high=pilot.locks)
        if pilot.closes:
            self._write("contactor", self._contactor, high=True)
        blinks = bool(pilot.fault) and now_ms // BLINK_MS % 2 == 0
        self._write("led", self._led, high=pilot.closes or blinks)
        if beats:
            self._write("heartbeat", self._heartbeat, high=now_ms // BEAT_MS % 2 == 0)

    def rest(self) -> None:
        """Contactor open, nothing offered, no heartbeat. Raises DeviceError."""
        self._driven.clear()
        self._write("contactor", self._contactor, high=False)
        self._pilot.set(STEADY_PPM)
        for name, output in (("lock", self._lock), ("led", self._led), ("heartbeat", self._heartbeat)):
            self._write(name, output, high=False)

    def _letter(self) -> str:
        """A pilot whose comparators contradict each other, or cannot be read, is faulty."""
        b, c = _level(self._b), _level(self._c)
        if b is None or c is None or (c and not b) or (self._e is not None and _level(self._e) is not False):
            return "E"
        if not b:
            return "A"
        return "C" if c else "B"

    def _write(self, name: str, output: Output | None, *, high: bool) -> None:
        if output is not None and self._driven.get(name) is not high:
            self._driven.pop(name, None)  # until it is driven, nobody knows
            output.write(high=high)
            self._driven[name] = high


def _level(pin: Input | None) -> bool | None:
    return None if pin is None else pin.read()


def _input(pins: Pins, name: str | None, *, has_pull_up: bool) -> Input | None:
    if name is None:
        return None
    pin = pins.input(name.removeprefix("!"), pull="up" if has_pull_up else "none")
    return _Turned(pin) if name.startswith("!") else pin


def _output(pins: Pins, name: str | None) -> Output | None:
    if name is None:
        return None
    is_turned = name.startswith("!")
    pin = pins.output(name.removeprefix("!"), high=is_turned)
    return _Turned(pin) if is_turned else pin
