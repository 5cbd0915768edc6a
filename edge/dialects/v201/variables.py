"""Reading and writing variables of a device model, in portions that the charger can take."""

from collections.abc import Generator, Iterator, Sequence
from typing import TypeVar

from edge.dialects.v201.settings import Place, place_of
from edge.ocpp.v201.provisioning import (
    GetVariableData,
    GetVariableResult,
    GetVariables,
    GetVariablesResponse,
    SetVariableData,
    SetVariableResult,
    SetVariables,
    SetVariablesResponse,
)
from edge.ocpp.v201.types import Message

Row = TypeVar("Row")
READS = "DeviceDataCtrlr.ItemsPerMessage[GetVariables]"
WRITES = "DeviceDataCtrlr.ItemsPerMessage[SetVariables]"
MOST = 50


class Portions:
    """How many rows one message to a charger may have; few until it has said."""

    def __init__(self) -> None:
        self.reads = 1
        self.writes = 1

    def learn(self, values: dict[str, str]) -> None:
        """What it says of itself."""
        self.reads = _count(values.get(READS), self.reads)
        self.writes = _count(values.get(WRITES), self.writes)


def _count(text: str | None, before: int) -> int:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 9
    return min(MOST, max(1, int(text))) if is_number and text is not None else before


def portions(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows, so many at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def known(names: Sequence[str]) -> list[Place]:
    """The places of names that are written here, which must be right."""
    return [place for name in names if (place := place_of(name)) is not None]


def read(places: Sequence[Place], size: int) -> Generator[Message, Message | None, list[GetVariableResult]]:
    """Ask for variables; what comes back, in order. Nothing for a message that was refused."""
    found: list[GetVariableResult] = []
    for portion in portions(places, size):
        rows = tuple(GetVariableData(component=where, variable=what) for where, what in portion)
        answer = yield GetVariables(get_variable_data=rows)
        if isinstance(answer, GetVariablesResponse):
            found.extend(answer.get_variable_result)
    return found


def write(
    values: Sequence[tuple[Place, str]], size: int
) -> Generator[Message, Message | None, list[SetVariableResult]]:
    """Set variables; what became of each."""
    found: list[SetVariableResult] = []
    for portion in portions(values, size):
        rows = tuple(
            SetVariableData(component=where, variable=what, attribute_value=value)
            for (where, what), value in portion
        )
        answer = yield SetVariables(set_variable_data=rows)
        if isinstance(answer, SetVariablesResponse):
            found.extend(answer.set_variable_result)
    return found
