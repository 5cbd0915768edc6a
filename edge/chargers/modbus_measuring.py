"""What a charger on Modbus measures, and the energy that it does not count itself."""

from collections.abc import Iterator

from edge.catalogue import Field

MOST_UNSEEN_MS = 60_000  # what flowed while nobody looked is not proven


class Energy:
    """Its energy register; where it has none, what its power or its currents add up to."""

    def __init__(self, voltage_mv: int) -> None:
        self.wh: int | None = None
        self._voltage_mv = voltage_mv
        self._uj = 0
        self._before: tuple[int, int] | None = None  # when, and how many mW
        self._has_register = False

    def resume(self, wh: int) -> None:
        """Where it stood before this process: a count of ours goes on from there."""
        self._uj = wh * 3_600_000_000

    def note(self, values: dict[str, tuple[int, ...]], now_ms: int) -> None:
        """What was measured now."""
        if "energy" in values:
            self._has_register, self.wh = True, values["energy"][0]
        if self._has_register:
            return
        power_mw = self._power_mw(values)
        if power_mw is None:
            return
        if self._before is not None and now_ms - self._before[0] <= MOST_UNSEEN_MS:
            then_ms, then_mw = self._before
            self._uj += (then_mw + power_mw) // 2 * (now_ms - then_ms)
        self._before = now_ms, power_mw
        self.wh = self._uj // 3_600_000_000

    def _power_mw(self, values: dict[str, tuple[int, ...]]) -> int | None:
        if "power" in values:
            return values["power"][0] * 1000
        if "current" in values:
            return sum(values["current"]) * self._voltage_mv // 1000
        return None


def known(fields: tuple[Field, ...], registers: dict[int, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Of three phases those that are there; NaN is a phase that is not wired."""
    for field in fields:
        values = field.values(registers)
        if all(value is None for value in values):
            continue
        yield field.name, tuple(max(0, value or 0) for value in values)
