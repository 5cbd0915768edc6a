"""`ampyard meter`: what the meters of a running box say now, or one device by itself."""

import asyncio
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any, get_args

from edge.catalogue import MeterModel, meters
from edge.cli import box, exits, terminal
from edge.core.errors import DeviceError
from edge.links.modbus import Device, Line, Place
from edge.links.modbus_wire import Format
from edge.meters.discovery import discover
from edge.meters.identification import identify

Json = dict[str, Any]

_UNITS = {  # quantity of the catalogue -> unit, and how many of ours make one
    "current": ("A", 1_000),
    "neutral": ("A", 1_000),
    "voltage": ("V", 1_000),
    "phase_power": ("W", 1),
    "power": ("W", 1),
    "power_import": ("W", 1),
    "power_export": ("W", 1),
    "energy_import": ("kWh", 1_000),
    "energy_export": ("kWh", 1_000),
    "frequency": ("Hz", 1_000),
}
_DEFAULT_PORT = 502


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument(
        "place",
        nargs="?",
        help="a device by itself: HOST, HOST:PORT or a serial port (default: those of the running box)",
    )
    parser.add_argument("--unit", type=int, default=1, help="default: 1")
    parser.add_argument("--baud", type=int, default=9600, help="of a serial port (default: 9600)")
    parser.add_argument("--format", choices=get_args(Format), default="8N1", help="default: 8N1")
    parser.add_argument(
        "--model", choices=sorted(meters()), metavar="MODEL", help="default: what it is found to be"
    )
    parser.add_argument(
        "--times", type=int, default=0, metavar="N", help="read so often (default: until Ctrl-C)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Ask the box, or the device itself."""
    if options.place is None:
        return _of_box(options)
    try:
        asyncio.run(_of_device(options))
    except KeyboardInterrupt:
        return exits.FINE
    except DeviceError as error:
        print(f"ampyard meter: {error}", file=sys.stderr)
        return exits.UNREACHABLE
    return exits.FINE


def _of_box(options: Namespace) -> int:
    try:
        circuits: list[Json] = box.ask(options.socket, "status")["circuits"]
    except box.BoxUnreachableError as lost:
        print(f"ampyard meter: {lost}", file=sys.stderr)
        return exits.UNREACHABLE
    measured = {each["name"]: each["meter"] for each in circuits if each["meter"] is not None}
    if options.json:
        terminal.print_json(measured)
    else:
        for name, meter in measured.items():
            print(_row(name, meter))
    return exits.FINE if all(meter["state"] == "fresh" for meter in measured.values()) else exits.FAULTS


def _row(name: str, meter: Json) -> str:
    words = [f"{name:<12} {meter['state']:<6}"]
    if meter["voltage_mv"] is not None:
        words.append(" ".join(str(mv // 1000) for mv in meter["voltage_mv"]) + " V")
    if meter["current_ma"] is not None:
        words.append(" ".join(f"{ma / 1000:.1f}" for ma in meter["current_ma"]) + " A")
    if meter["power_w"] is not None:
        words.append(f"{meter['power_w']} W")
    if meter["age_ms"] is not None:
        words.append(f"{meter['age_ms'] / 1000:.1f} s ago")
    return "  ".join([*words, meter["trouble"]]).rstrip()


async def _of_device(options: Namespace) -> None:
    line = Line(_place(options))
    device = line.device(options.unit)
    try:
        model = await _model(device, options.model)
        device = line.device(options.unit, model.manners)
        reads = 0
        while True:
            values = await _values(device, model)
            if options.json:
                terminal.print_json({"model": model.name, "values": values})
            else:
                print(time.strftime("%H:%M:%S"), *_words(values), sep="  ", flush=True)
            reads += 1
            if reads == options.times:
                return
            await asyncio.sleep(1)
    finally:
        line.close()


def _place(options: Namespace) -> Place:
    if options.place.startswith("/"):
        return Place(
            name=options.place,
            device=options.place,
            baud=options.baud,
            format=options.format,
            is_rtu=True,
            timeout_s=0,
        )
    host, _, port = options.place.partition(":")
    return Place(name=options.place, host=host, port=int(port or _DEFAULT_PORT))


async def _model(device: Device, name: str | None) -> MeterModel:
    """The model that is named, or found; with its registers where it has a map of its own."""
    if name is None:
        found = (await identify(device)).match
        if found is None:
            raise DeviceError("answers, but as nothing that is known here: --model tries one")
        print(f"{found.model.name}: {', '.join(found.model.devices)}", file=sys.stderr)
        return found.model
    model = meters()[name]
    if not model.discovery:
        return model

    async def words(address: int, count: int) -> list[int]:
        return await device.read(model.function, address, count)

    return await discover(model, words)


async def _values(device: Device, model: MeterModel) -> dict[str, tuple[int | None, ...]]:
    """Every quantity in mA, mV, W, Wh or mHz; what one device of a family lacks is left out."""
    values: dict[str, tuple[int | None, ...]] = {}
    for fields in (model.fast, *((field,) for field in (*model.aside, *model.slow))):
        registers: dict[int, int] = {}
        try:
            for request in model.reads(fields):
                words = await device.read(model.function, request.address, request.count)
                registers.update(enumerate(words, start=request.address))
        except DeviceError:
            if fields is model.fast:
                raise
            continue
        values |= {field.name: model.values(field, registers) for field in fields}
    return values


def _words(values: dict[str, tuple[int | None, ...]]) -> Iterator[str]:
    for name, numbers in values.items():
        unit, size = _UNITS[name]
        digits = 0 if size == 1 else 1
        shown = " ".join("-" if number is None else f"{number / size:.{digits}f}" for number in numbers)
        label = {"energy_import": "in ", "energy_export": "out ", "neutral": "N "}.get(name, "")
        yield f"{label}{shown} {unit}"
