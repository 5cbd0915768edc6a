"""Meters that say themselves where their registers stand: the walk through a SunSpec device's models."""

from collections.abc import Awaitable, Callable

from edge.catalogue import MeterModel
from edge.catalogue.sunspec import BASES, END, FLOATS, INTEGERS, MAGIC, fitted
from edge.core.errors import DeviceError

_MOST_MODELS = 60

Words = Callable[[int, int], Awaitable[list[int]]]


async def discover(model: MeterModel, words: Words) -> MeterModel:
    """The model with the fields of this very device. `words(address, count)` reads; raises DeviceError."""
    refusals = []
    for base in BASES:
        try:
            found = await words(base, 2)
        except DeviceError as error:
            refusals.append(error)
            continue
        if found == MAGIC:
            return await _walk(model, base + 2, words)
    if len(refusals) == len(BASES):
        raise refusals[0]
    raise DeviceError(f"no SunSpec device: it has no SunS at {', '.join(map(str, BASES))}")


async def _walk(model: MeterModel, address: int, words: Words) -> MeterModel:
    for _ in range(_MOST_MODELS):
        number, length = await words(address, 2)
        if number in INTEGERS or number in FLOATS:
            return fitted(model, number, address)
        if number == END:
            break
        address += 2 + length
        if address > 0xFFFF - 2:
            break
    raise DeviceError("a SunSpec device, but none of its models 201 to 204 or 211 to 214 is a meter")
