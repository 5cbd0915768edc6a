"""Gateway boards and field nodes as data: their printed labels, and the pins and ports behind them."""

import functools
import tomllib
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from edge.core.errors import ConfigError
from edge.settings.model import Site

_FOLDER = "gateways"
DEVICE_TREE = Path("/sys/firmware/devicetree/base/model")


class Port(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A serial port. `needs`: what switches it on."""

    device: str
    needs: str = ""


class Board(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A board. Pins by label: as a site file writes them (Linux), or as its own program does (MicroPython).

    `detect`: what Linux calls it, patterns with `*`.
    """

    name: str
    models: tuple[str, ...]
    runs: Literal["linux", "micropython"]
    driver: str
    confidence: Literal["high", "medium"]
    sources: tuple[str, ...]
    notes: tuple[str, ...] = ()
    detect: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    pins: dict[str, str] = {}
    ports: dict[str, Port] = {}

    @property
    def labels(self) -> dict[str, str]:
        """Label -> pin, of all that can be used without more."""
        labelled = {**self.pins, **self.inputs, **self.outputs}
        return {label: pin for label, pin in labelled.items() if "{" not in pin}

    @property
    def devices(self) -> dict[str, str]:
        """A port as a site file names it -> its device."""
        return {f"/dev/{label}": port.device for label, port in self.ports.items()}


@functools.cache
def boards() -> dict[str, Board]:
    """Every board of the catalogue by the name of its file."""
    folder = resources.files("edge.catalogue") / _FOLDER
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda one: one.name
    )
    return {
        name: read(name, file.read_text(encoding="utf-8"))
        for file in files
        for name in (file.name.removesuffix(".toml"),)
    }


def read(name: str, text: str) -> Board:
    """A board from the text of its data file. Raises ValueError where the file is wrong."""
    board: Board = msgspec.convert({**tomllib.loads(text), "name": name}, type=Board)
    if not board.models or not board.sources:
        raise ValueError(f"{name}: models and sources are needed")
    return board


def detected(model: Path = DEVICE_TREE) -> Board | None:
    """The board that this machine is; None where nobody can tell."""
    try:
        told = model.read_text(encoding="utf-8").rstrip("\0\n")
    except (OSError, UnicodeDecodeError):
        return None
    for board in boards().values():
        if any(fnmatchcase(told, pattern) for pattern in board.detect):
            return board
    return None


def board_of(site: Site) -> Board | None:
    """The board that the site file names, or that this machine is. Raises ConfigError on an unknown name."""
    if site.board is None:
        return detected()
    known = {name: board for name, board in boards().items() if board.runs == "linux"}
    if site.board not in known:
        raise ConfigError(f"[site] board: {site.board} is none of {', '.join(known)}")
    return known[site.board]
