"""`ampyard status`: the whole lot on one screen."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from edge.cli import box, exits, terminal
from edge.cli.terminal import Terminal

Json = dict[str, Any]

COLOURS = {"know": "amber", "act": "red"}


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    box.declare(parser)


def run(options: Namespace) -> int:
    """Ask the running controller, print what it says of itself."""
    try:
        status: Json = box.ask(options.socket, "status")
    except box.BoxUnreachableError as lost:
        print(f"ampyard status: {lost}", file=sys.stderr)
        return exits.UNREACHABLE
    if options.json:
        print(json.dumps(status, indent=2, ensure_ascii=False))
    else:
        for line in screen_of(status, terminal.of()):
            print(line)
    return exits.FAULTS if status["severity"] == "act" else exits.FINE


def screen_of(status: Json, screen: Terminal) -> Iterator[str]:
    """The lines: a sentence, the circuits, the bays, the clouds."""
    yield f"{status['site']}: {_painted(status['sentence'], status['severity'], screen)}"
    yield from _circuits(status["circuits"])
    yield from _bays(status["evses"], screen)
    for source in status["sources"]:
        power_w = source["power_w"]
        gives = "its meter is silent" if power_w is None else f"gives {power_w / 1000:.1f} kW"
        yield f"{source['name']}: {gives}"
    for uplink in status["uplinks"]:
        yield uplink["sentence"]
        for station in uplink["stations"]:
            yield f"  {station['charger']}: {station['error'] or 'rows are parked'}"
    for alert in status["alerts"]:
        yield _painted(alert, "know", screen)
    for job in status["jobs"]:
        yield f"{job['charger']} {job['job']}: {job['word'] or job['state']}"
    for held in status["reservations"]:
        place = held["charger"] + (f"/{held['evse']}" if held["evse"] else "")
        yield f"{place} is reserved for {held['token']}"
    for stranger in status["strangers"]:
        yield f"new charger {stranger['station']} {stranger['model']} at {stranger['address']}: no place yet"


def _circuits(circuits: list[Json]) -> Iterator[str]:
    width = max([8, *(len(circuit["title"]) for circuit in circuits)])
    yield f"{'A':<{width}}  limit  {'building':^14}  {'chargers':^14}  {'free':^14}  meter"
    for circuit in circuits:
        free = [
            limit - building - cars
            for limit, building, cars in zip(
                circuit["limit_ma"], circuit["background_ma"], circuit["chargers_ma"], strict=True
            )
        ]
        meter = circuit["meter"]["state"] if circuit["meter"] else "none"
        phases = (circuit["background_ma"], circuit["chargers_ma"], free)
        cells = "  ".join(_triple(values_ma) for values_ma in phases)
        yield f"{circuit['title']:<{width}}  {min(circuit['limit_ma']) // 1000:>5}  {cells}  {meter}"


def _bays(evses: list[Json], screen: Terminal) -> Iterator[str]:
    width = max([8, *(len(evse["id"]) for evse in evses)])
    for evse in sorted(evses, key=lambda evse: ("act", "know", "fine").index(evse["severity"])):
        energy = "" if evse["session_wh"] is None else f"{evse['session_wh'] / 1000:.1f} kWh"
        sentence = _painted(evse["sentence"], evse["severity"], screen)
        yield f"{evse['id']:<{width}}  {evse['setpoint_ma'] // 1000:>2} A  {energy:>9}  {sentence}"


def _triple(values_ma: list[int]) -> str:
    return " ".join(f"{ma // 1000:>4}" for ma in values_ma)


def _painted(text: str, severity: str, screen: Terminal) -> str:
    return screen.paint(text, COLOURS[severity]) if severity in COLOURS else text
