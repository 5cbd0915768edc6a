"""The sockets of a charger: each with its currents and its wiring, from one value for all or from lists."""

from dataclasses import dataclass
from typing import Any

from edge.settings.circuits import Circuits
from edge.settings.kinds import amperes
from edge.settings.lines import as_toml
from edge.settings.model import ChargerSettings, EvseSettings
from edge.settings.ranges import Member
from edge.settings.tables import Block, Tables

BREAKERS_MA = (63_000, 32_000, 16_000, 10_000)  # what chargers are usually fused with
_CURRENTS = ("max_a", "min_a", "fallback_a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One charger and the blocks that speak for it, the narrowest first."""

    member: Member
    blocks: tuple[Block, ...]

    def block(self, key: str) -> Block:
        """The narrowest block that has the key, be it right or wrong; else the narrowest of all."""
        return next(
            (block for block in self.blocks if key in block.cells or key in block.bad), self.blocks[0]
        )

    def value(self, key: str) -> Any:  # noqa: ANN401 - what the kind of the key reads
        """The value of a key, or its default."""
        return self.block(key).value(key)

    def has_fault(self, *keys: str) -> bool:
        """Whether one of the keys stands there wrongly, so that comparing it would mislead."""
        return any(key in self.block(key).bad for key in keys)

    def where(self, key: str) -> tuple[int, str]:
        """The line and the name of the place of a key."""
        block = self.block(key)
        return block.line(key), f"{block.table.title} {key}"


class Sockets:
    """Reads the sockets of chargers, and finds what cannot be of their currents."""

    def __init__(self, tables: Tables, circuits: Circuits) -> None:
        self._tables = tables
        self._circuits = circuits

    def read(self, plan: Plan, turn: int) -> tuple[EvseSettings, ...]:
        """All of one charger; the first takes the list of phase rotations up at `turn`."""
        names: tuple[str, ...] = plan.value("evses")
        currents = {key: self._each(plan, key, len(names)) for key in _CURRENTS}
        rotations = plan.value("phase_rotation")
        if isinstance(rotations, str):
            rotations = (rotations,)
        found = []
        for index, name in enumerate(names):
            max_ma, min_ma = currents["max_a"][index], currents["min_a"][index]
            found.append(
                EvseSettings(
                    name=name,
                    max_ma=max_ma,
                    min_ma=min_ma,
                    fallback_ma=self._fallback(plan, currents["fallback_a"][index], min_ma, max_ma),
                    phase_rotation=rotations[(turn + index) % len(rotations)],
                )
            )
            self._check_minimum(plan, min_ma, max_ma)
        return tuple(found)

    def check_breakers(self, plan: Plan, charger: ChargerSettings) -> None:
        """No socket's breaker is larger than any fuse above it, its charger's supply first."""
        max_ma = max(evse.max_ma for evse in charger.evses)
        if charger.rating_ma is not None and charger.rating_ma < max_ma:
            line = plan.where("rating_a")[0]
            self._over(plan, max_ma, charger.rating_ma, f"{charger.name}'s supply", line)
            return
        built = self._circuits.built
        name: str | None = self._circuits.nearest_built(charger.circuit)
        while name in built:
            circuit = built[name]
            if max_ma > circuit.rating_ma:
                self._over(plan, max_ma, circuit.rating_ma, circuit.name, circuit.line_number)
                return
            name = circuit.parent

    def _each(self, plan: Plan, key: str, count: int) -> tuple[Any, ...]:
        """One value for each socket; a list must have as many."""
        value = plan.value(key)
        if not isinstance(value, tuple):
            return (value,) * count
        if len(value) != count:
            line, where = plan.where(key)
            padded = [*value, *value[-1:] * count][:count]
            self._tables.fault(
                "sockets",
                line,
                where,
                title="not one for each socket",
                found=f"{len(value)} numbers, {count} socket{'' if count == 1 else 's'}",
                allowed="one number for all, or a list of one for each socket",
                remedy=f"{key} = {as_toml([_Bare(amperes(ma)) for ma in padded])}",
            )
            return (min(value),) * count
        return value

    def _fallback(self, plan: Plan, fallback_ma: int | None, min_ma: int, max_ma: int) -> int:
        if fallback_ma is None or plan.has_fault(*_CURRENTS):
            return min_ma
        if fallback_ma == 0 or min_ma <= fallback_ma <= max_ma:
            return fallback_ma
        line, where = plan.where("fallback_a")
        self._tables.fault(
            "range",
            line,
            where,
            title="outside what the charger may do",
            found=f"{amperes(fallback_ma)} A",
            allowed=f"0, or {amperes(min_ma)} to {amperes(max_ma)}",
            remedy=f"fallback_a = {amperes(min_ma)}",
        )
        return min_ma

    def _check_minimum(self, plan: Plan, min_ma: int, max_ma: int) -> None:
        if min_ma <= max_ma or plan.has_fault("min_a", "max_a"):
            return
        line, where = plan.where("min_a")
        self._tables.fault(
            "range",
            line,
            where,
            title="above its maximum",
            found=f"{amperes(min_ma)} A, max_a {amperes(max_ma)} A",
            allowed=f"6 to {amperes(max_ma)}",
            remedy="min_a = 6",
        )

    def _over(self, plan: Plan, max_ma: int, rating_ma: int, feeder: str, feeder_line: int) -> None:
        line, where = plan.where("max_a")
        fits = [ma for ma in BREAKERS_MA if ma <= rating_ma]
        self._tables.fault(
            "over-circuit",
            line,
            where,
            title="above its circuit",
            found=f"{amperes(max_ma)} A on {feeder}, rating {amperes(rating_ma)} A (line {feeder_line})",
            allowed=f"6 to {amperes(rating_ma)}",
            remedy=f"max_a = {amperes(fits[0])}" if fits else f"another circuit than {feeder}",
        )


class _Bare:
    """A number as people write it, inside a list that is shown."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text
