"""OCPP chargers as data: what is known of a model before it was met. It is never a proof."""

import functools
import tomllib
from fnmatch import fnmatchcase
from importlib import resources

import msgspec

from edge.site.passport import Shipped

_FOLDER = "chargers"


@functools.cache
def chargers() -> dict[str, Shipped]:
    """Every charger of the catalogue by the name of its file."""
    folder = resources.files("edge.catalogue") / _FOLDER
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return {
        name: read(name, file.read_text(encoding="utf-8"))
        for file in files
        for name in (file.name.removesuffix(".toml"),)
    }


@functools.cache
def charger_of(vendor: str, model: str) -> Shipped | None:
    """What is known of what tells this vendor and model when it boots; None: nothing."""
    for shipped in chargers().values():
        if _fits(vendor, shipped.vendors) and _fits(model, shipped.models):
            return shipped
    return None


def read(name: str, text: str) -> Shipped:
    """A charger from the text of its data file. Raises ValueError where the file is wrong."""
    shipped: Shipped = msgspec.convert({**tomllib.loads(text), "name": name}, type=Shipped)
    if not shipped.sources or not shipped.vendors or not shipped.models:
        raise ValueError(f"{name}: vendors, models and sources are needed")
    return shipped


def _fits(told: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(told.lower(), pattern.lower()) for pattern in patterns)
