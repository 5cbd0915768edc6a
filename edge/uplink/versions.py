"""The versions of OCPP that a cloud may speak, each with what speaks it. Loaded when one is wanted."""

import importlib
from dataclasses import dataclass
from typing import Any

_TABLE = {
    "1.6": ("ocpp1.6", "edge.dialects.v16"),
    "2.0.1": ("ocpp2.0.1", "edge.dialects.v201"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """`events` and `commands`: the dialect's modules towards a cloud."""

    name: str
    subprotocol: str
    events: Any
    commands: Any


def version_of(name: str) -> Version:
    """That version. Raises KeyError."""
    subprotocol, package = _TABLE[name]
    return Version(
        name=name,
        subprotocol=subprotocol,
        events=importlib.import_module(f"{package}.cloud_events"),
        commands=importlib.import_module(f"{package}.cloud_commands"),
    )
