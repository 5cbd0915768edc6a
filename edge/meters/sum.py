"""A circuit without a meter of its own, measured by what the meters of others add up to.

Currents of one phase need not be in step: the part that is (active) adds up with its sign, of the part that
is not the worst is taken. What is subtracted without its direction being known is subtracted as 0.
"""

import math
from collections.abc import Callable

from edge.core.quantities import PHASES
from edge.site.ports import Reading

Triple = tuple[int, int, int]


class SumMeter:
    """One virtual meter. It hears every reading, and hands on its own behind each that it is made of."""

    def __init__(self, circuit: str, parts: tuple[str, ...], read: Callable[[Reading], None]) -> None:
        """`parts`: circuits, those to be subtracted with a `-` before them."""
        self._circuit = circuit
        self._signs = {part.removeprefix("-"): -1 if part.startswith("-") else 1 for part in parts}
        self._read = read
        self._heard: dict[str, Reading] = {}

    def hear(self, reading: Reading) -> None:
        """A reading of any meter of the site."""
        if reading.circuit not in self._signs:
            return
        self._heard[reading.circuit] = reading
        if len(self._heard) == len(self._signs):
            self._read(self._sum())

    def _sum(self) -> Reading:
        parts = [(self._signs[name], reading) for name, reading in self._heard.items()]
        readings = [reading for _, reading in parts]
        taken_ms = min(reading.taken_ms for reading in readings)
        unchanged_ms = min(reading.unchanged_since_ms for reading in readings)
        if any(reading.current_ma is None for reading in readings):
            return Reading(
                circuit=self._circuit,
                taken_ms=taken_ms,
                unchanged_since_ms=unchanged_ms,
                current_ma=None,
            )
        sums = [_phase(phase, parts) for phase in PHASES]
        return Reading(
            circuit=self._circuit,
            taken_ms=taken_ms,
            unchanged_since_ms=unchanged_ms,
            current_ma=(sums[0], sums[1], sums[2]),
            voltage_mv=readings[0].voltage_mv,
            power_w=_total(parts, "power_w"),
            energy_wh=_total(parts, "energy_wh"),
        )


def _total(parts: list[tuple[int, Reading]], name: str) -> int | None:
    values = [(sign, getattr(reading, name)) for sign, reading in parts]
    return None if any(value is None for _, value in values) else sum(sign * value for sign, value in values)


def _phase(phase: int, parts: list[tuple[int, Reading]]) -> int:
    """The worst that the parts' currents can make together on a phase, negative where they feed in."""
    active_ma = reactive_ma = 0
    bound_ma = 0
    is_known = True
    for sign, reading in parts:
        pair = _active_and_reactive(sign, reading, phase)
        if pair is None:
            is_known = False
        else:
            active_ma += pair[0]
            reactive_ma += pair[1]
        if sign > 0 and reading.current_ma is not None:
            bound_ma += reading.current_ma[phase]
    if not is_known:
        return bound_ma
    if active_ma < 0:  # as room for load, whatever the limit: see edge.meters.interpretation.signed_ma
        return reactive_ma + active_ma
    return math.isqrt(active_ma**2 + reactive_ma**2) + (1 if reactive_ma else 0)


def _active_and_reactive(sign: int, reading: Reading, phase: int) -> tuple[int, int] | None:
    """What a current adds in step with the voltage, and its part that is not; None: not known."""
    if reading.magnitude_ma is None or reading.phase_power_w is None or reading.voltage_mv is None:
        return None
    magnitude_ma, power_w = reading.magnitude_ma[phase], sign * reading.phase_power_w[phase]
    if reading.voltage_mv[phase] <= 0:
        return None
    least_w = max(0, abs(power_w) - 1)  # 1 W: the rounding of the register
    least_ma = min(least_w * 1_000_000 // reading.voltage_mv[phase], magnitude_ma)
    most_ma = min(abs(power_w) * 1_000_000 // reading.voltage_mv[phase] + 1, magnitude_ma)
    return (most_ma if power_w >= 0 else -least_ma), math.isqrt(magnitude_ma**2 - least_ma**2) + 1
