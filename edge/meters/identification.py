"""Which meter answers there: every model of the catalogue is tried, and what it says must make sense.

A model whose fast block the device refuses is out. Of those that fit, the one with the most independent signs
is named, and beside it every other that the device could as well be.
"""

from dataclasses import dataclass, replace

from edge.catalogue import MeterModel, Read, meters
from edge.core.errors import DeviceError
from edge.links.modbus import Device, ModbusRefusedError, Urgency
from edge.meters.discovery import discover
from edge.meters.plausibility import Values, fit, swapped

ENOUGH = 2  # independent signs
_KNOWN = 2  # an identity register that holds one of its values counts as so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A model that a device may be, for which so many independent `signs` speak.

    `swaps`: it sends the words of each value in the other order than the model does.
    """

    model: MeterModel
    signs: int
    voltage_mv: Values
    current_ma: Values
    swaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What a device is. `match` None: it answers, but as nothing that is known.

    `alike` have the same registers: any of the names will do. `doubtful` have others, and fit as well.
    """

    match: Match | None
    alike: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


class _Reader:
    """Reads of one device, each once. None where it refused."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._read: dict[tuple[int, int, int], list[int] | None] = {}

    async def words(self, function: int, address: int, count: int) -> list[int] | None:
        """Registers. Raises DeviceError where it is silent."""
        key = (function, address, count)
        if key not in self._read:
            try:
                self._read[key] = await self._device.read(function, address, count, urgency=Urgency.IDLE)
            except ModbusRefusedError:
                self._read[key] = None
        return self._read[key]

    async def block(self, function: int, requests: tuple[Read, ...]) -> dict[int, int] | None:
        """All of these, by address; None where one is refused."""
        registers: dict[int, int] = {}
        for request in requests:
            words = await self.words(function, request.address, request.count)
            if words is None:
                return None
            registers.update(enumerate(words, start=request.address))
        return registers


async def identify(device: Device) -> Identified:
    """What answers there. Raises DeviceError where it falls silent."""
    reader = _Reader(device)
    matches = [match for model in meters().values() if (match := await _match(reader, model)) is not None]
    if not matches:
        return Identified(match=None)
    best = max(matches, key=lambda match: match.signs)
    rivals = [match for match in matches if match is not best]
    alike = [rival.model.name for rival in rivals if _map(rival.model) == _map(best.model)]
    doubtful = [
        rival.model.name
        for rival in rivals
        if rival.model.name not in alike and rival.signs == best.signs and rival.model.can_guard
    ]
    return Identified(match=best, alike=tuple(alike), doubtful=tuple(doubtful))


def _map(model: MeterModel) -> tuple[object, ...]:
    return (model.function, frozenset(model.fast), frozenset(model.slow))


async def _match(reader: _Reader, model: MeterModel) -> Match | None:
    if model.discovery:
        found = await _discovered(reader, model)
        if found is None:
            return None
        model = found
    fast = await reader.block(model.function, model.reads(model.fast))
    if fast is None:
        return None
    registers, refusals = dict(fast), 0
    for field in model.slow:
        slow = await reader.block(model.function, model.reads((field,)))
        if slow is None:
            refusals += 1
        else:
            registers |= slow
    for candidate in (model, swapped(model)):
        seen = fit(candidate, registers)
        signs = seen.agreements - refusals + await _identity(reader, model)
        if seen.agreements >= ENOUGH and signs > 0:
            return Match(
                model=replace(model, discovery=""),
                signs=signs,
                voltage_mv=seen.voltage_mv,
                current_ma=seen.current_ma,
                swaps=candidate is not model,
            )
    return None


async def _discovered(reader: _Reader, model: MeterModel) -> MeterModel | None:
    async def words(address: int, count: int) -> list[int]:
        read = await reader.words(model.function, address, count)
        if read is None:
            raise DeviceError("refused")
        return read

    try:
        return await discover(model, words)
    except DeviceError:
        return None


async def _identity(reader: _Reader, model: MeterModel) -> int:
    if model.identity is None:
        return 0
    words = await reader.words(model.function, model.identity.at, 1)
    return _KNOWN if words is not None and words[0] in model.identity.values else 0
