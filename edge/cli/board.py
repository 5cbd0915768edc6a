"""`ampyard board`: what boards there are, what this one's labels mean, and whether they work."""

import contextlib
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from edge.catalogue.boards import Board, boards, detected
from edge.cli import exits
from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pins, closes_low

WATCH_S = 10.0
LOOK_S = 0.05


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("board", nargs="?", metavar="BOARD", help="one of the list; or the one that this is")
    parser.add_argument("--list", action="store_true", help="all boards that are known")
    parser.add_argument("--test", action="store_true", help="open its ports and inputs, and watch them")
    parser.add_argument("--pin", metavar="PIN", help="watch this one: a label, or as in the site file")
    parser.add_argument("--on", action="store_true", help="drive --pin high for a while: it may move things")
    parser.add_argument("--seconds", type=float, default=WATCH_S, metavar="S", help="for how long (10)")


def run(options: Namespace) -> int:
    """Show or test."""
    board = detected() if options.board is None else boards().get(options.board)
    if options.board is not None and board is None:
        print(f"ampyard board: {options.board} is none of {', '.join(boards())}", file=sys.stderr)
        return exits.USAGE
    if options.pin is not None:
        return _one_pin(board, options)
    if options.list or board is None:
        if board is None and not options.list:
            print("This machine is no board of the list; pins may be written as they are (deploy/pins.md).")
        _list()
        return exits.FINE
    _show(board)
    return _test(board, options.seconds) if options.test else exits.FINE


def _list() -> None:
    width = max(map(len, boards()))
    for name, board in boards().items():
        print(f"{name:<{width}}  {board.runs:<11}  {board.confidence:<6}  {', '.join(board.models)}")


def _show(board: Board) -> None:
    print(f"{board.name}: {', '.join(board.models)}")
    print(f"  {board.driver}   confidence {board.confidence}")
    for title, pins in (("in", board.inputs), ("out", board.outputs), ("pin", board.pins)):
        for label, pin in pins.items():
            print(f"  {title:<4} {label:<12} {pin}")
    for label, port in board.ports.items():
        print(f"  port {label:<12} {port.device}{f'   {port.needs}' if port.needs else ''}")
    for note in board.notes:
        print(f"  {note}")


def _test(board: Board, seconds: float) -> int:
    """Whether ports and inputs are there; then every change of an input, as somebody closes contacts."""
    if board.runs != "linux":
        print(f"{board.name} is tested by its own program", file=sys.stderr)
        return exits.USAGE
    has_failed = False
    for label, port in board.ports.items():
        trouble = _port_trouble(Path(port.device))
        has_failed |= bool(trouble)
        print(f"{'FAIL' if trouble else 'ok':<5} {label:<12} {port.device} {trouble}")
    pins = Pins(board.labels)
    found = {}
    for label in board.inputs:
        try:
            found[label] = pins.input(label)
        except ConfigError as error:
            has_failed = True
            print(f"FAIL  {label:<12} {error}")
    with contextlib.closing(pins):
        if found:
            print(f"Watching {', '.join(found)} for {seconds:g} s: close contacts now.")
            _watch({label: (pin.read, pins.pin(label)) for label, pin in found.items()}, seconds)
    return exits.FAULTS if has_failed else exits.FINE


def _port_trouble(device: Path) -> str:
    try:
        with device.open("rb", buffering=0):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _one_pin(board: Board | None, options: Namespace) -> int:
    pins = Pins(None if board is None else board.labels)
    with contextlib.closing(pins):
        try:
            if options.on:
                output = pins.output(options.pin, high=True)
                time.sleep(options.seconds)
                output.write(high=False)
                print(f"{options.pin} was high for {options.seconds:g} s")
            else:
                pin = pins.input(options.pin)
                _watch({options.pin: (pin.read, pins.pin(options.pin))}, options.seconds)
        except (ConfigError, DeviceError) as error:
            print(f"ampyard board: {error}", file=sys.stderr)
            return exits.FAULTS
        except KeyboardInterrupt:
            return exits.FINE
    return exits.FINE


def _watch(pins: dict[str, tuple[object, str]], seconds: float) -> None:
    """Every change, in words."""
    before: dict[str, str] = {}
    ends = time.monotonic() + seconds
    while True:
        for label, (read, pin) in pins.items():
            level = read()  # type: ignore[operator]  # a pin's
            word = "cannot be read" if level is None else "closed" if level != closes_low(pin) else "open"
            if before.get(label) != word:
                before[label] = word
                print(f"{label:<12} {word}", flush=True)
        if time.monotonic() >= ends:
            return
        time.sleep(LOOK_S)
