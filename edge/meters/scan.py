"""What answers on serial lines and in the network: every number at every speed, every address of a subnet.

A number is asked for one register; whatever answers, be it an exception, is there. Then it is identified.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from edge.core.errors import DeviceError
from edge.core.manners import Manners
from edge.links.modbus import HOLDING, Device, Line, ModbusRefusedError, Place
from edge.links.modbus_wire import Format
from edge.meters.identification import Identified, identify

PORT = 502
SETTINGS: tuple[
    tuple[int, Format], ...
] = (  # factory settings of what hangs on such lines, most frequent first
    (9600, "8N1"),
    (19_200, "8E1"),
    (9600, "8E1"),
    (19_200, "8N1"),
    (38_400, "8E1"),
    (57_600, "8N2"),
)
UNITS = tuple(range(1, 33))
TCP_UNITS = (1, 255, 2, 3, 240, 200)  # most devices answer to any; a gateway, or a meter behind an inverter
_PROBE = Manners(answer_ms=120)
_TALK = Manners(answer_ms=300, repeats=1)
_AT_ONCE = 64
_KNOCK_S = 0.5
_STEADY = 200  # mA or mV: so little a value moves between two looks

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something answers. `identified` None: what came could not be read, as `trouble` says."""

    place: Place
    unit: int
    identified: Identified | None
    trouble: str = ""


def nothing_shown(_label: str, _done: int, _total: int) -> None:
    """Nobody watches the progress."""


async def scan_line(
    device: str,
    *,
    settings: Sequence[tuple[int, Format]] = SETTINGS,
    units: Sequence[int] = UNITS,
    line_at: Callable[[Place], Line] = Line,
    progress: Progress = nothing_shown,
) -> AsyncIterator[Found]:
    """Every device on a serial line. Raises DeviceError where the port cannot be opened."""
    name = device.rpartition("/")[2]
    for turn, (baud, parity) in enumerate(settings):
        place = Place(name=name, device=device, baud=baud, format=parity, is_rtu=True, timeout_s=0)
        line = line_at(place)
        try:
            for asked, unit in enumerate(units):
                progress(f"{name} {baud} {parity}", turn * len(units) + asked, len(settings) * len(units))
                found = await _at(line, unit)
                if found is not None:
                    yield replace(found, place=place)
        finally:
            line.close()


async def scan_hosts(
    hosts: Iterable[str],
    *,
    port: int = PORT,
    units: Sequence[int] = TCP_UNITS,
    progress: Progress = nothing_shown,
) -> AsyncIterator[Found]:
    """Every device among these addresses that speaks Modbus TCP."""
    asked = list(hosts)
    knocks = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def knock(host: str) -> bool:
        nonlocal done
        async with knocks:
            is_open = await _is_open(host, port)
        done += 1
        progress("network", done, len(asked))
        return is_open

    async with asyncio.TaskGroup() as group:
        knocking = {host: group.create_task(knock(host)) for host in asked}
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(_behind(host, port, units)) for host in asked if knocking[host].result()]
    for answers in asking:
        for found in answers.result():
            yield found


async def _behind(host: str, port: int, units: Sequence[int]) -> list[Found]:
    """The devices behind one address. Two numbers where the same is measured are one device's."""
    line = Line(Place(name=f"{host}:{port}", host=host, port=port, timeout_s=_KNOCK_S))
    there: list[Found] = []
    try:
        for unit in units:
            found = await _at(line, unit)
            if found is not None and not (there and _reads_alike(there[0], found)):
                there.append(found)
    except DeviceError:  # it closes the connection on what it does not know
        pass
    finally:
        line.close()
    return there


def _reads_alike(one: Found, other: Found) -> bool:
    """Whether both are one model that measures nearly the same, or nothing that is known."""
    first, second = one.identified, other.identified
    if first is None or second is None or first.match is None or second.match is None:
        return (first is None) == (second is None)
    if first.match.model.name != second.match.model.name:
        return False
    pairs = zip(
        (*first.match.voltage_mv, *first.match.current_ma),
        (*second.match.voltage_mv, *second.match.current_ma),
        strict=False,
    )
    return all(abs((a or 0) - (b or 0)) <= max(_STEADY, abs(a or 0) // 50) for a, b in pairs)


async def _at(line: Line, unit: int) -> Found | None:
    """What is there; None: nothing. Raises DeviceError where the line itself does not work."""
    probe = line.device(unit, _PROBE)
    try:
        await probe.read(HOLDING, 0, 1)
    except ModbusRefusedError as refusal:
        if refusal.is_of_gateway:
            return None
    except DeviceError as error:
        if not probe.is_silent:
            raise
        if not probe.is_spoilt or not await _is_spoilt_again(line.device(unit, _TALK)):
            return None
        return Found(place=line.place, unit=unit, identified=None, trouble=str(error))
    try:
        identified = await identify(line.device(unit, _TALK))
    except DeviceError as error:
        return Found(place=line.place, unit=unit, identified=None, trouble=str(error))
    return Found(place=line.place, unit=unit, identified=identified)


async def _is_spoilt_again(device: Device) -> bool:
    """Whether it was no passing disturbance."""
    await asyncio.sleep(3 * _PROBE.answer_ms / 1000)  # the bus leaves a silent device alone meanwhile
    try:
        await device.read(HOLDING, 0, 1)
    except DeviceError:
        return device.is_spoilt
    return False


async def _is_open(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
