"""A scenario from a TOML file: changes to one of the known ones, or the visits of a recorded day.

scenario = "work"              # what is not said here is as there
cars_per_bay = 1.3
wish_kwh = [5, 18, 60]         # least, usual, most

[[visit]]                      # any of these: nobody else comes
bay = "bay-1"
arrives = 07:42:00
departs = 16:30:00             # earlier than `arrives`: on the next day
wish_kwh = 12.5
phases = 1
max_a = 16
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import time
from typing import Any

from edge.core.lot import Lot
from edge.plant.arrivals import DAY_MS, HOUR_MS, SCENARIOS, Arrivals, Scenario, Visit
from edge.plant.cars import CarModel

_SPREADS = ("stay_h", "wish_kwh", "phases")
_NUMBERS = ("cars_per_bay", "fast", "sleepy", "stated")
_BY_HOUR = ("arrivals", "building")
_VISIT_KEYS = ("bay", "arrives", "departs", "day", "wish_kwh", "phases", "max_a", "driver", "stated")


class ScenarioError(Exception):
    """The file does not say what a scenario is made of."""


def read(text: str, lot: Lot) -> tuple[Scenario, Arrivals | None]:
    """The scenario, and the recorded visits where there are any. Raises ScenarioError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"not TOML: {error}") from error
    visits = table.pop("visit", None)
    name = table.pop("scenario", "work")
    if not isinstance(name, str) or name not in SCENARIOS:
        raise ScenarioError(f"scenario: {name!r} is none of {', '.join(SCENARIOS)}")
    known = {field.name for field in fields(Scenario)} - {"name"}
    for key in table:
        if key not in known:
            raise ScenarioError(f"{key}: unknown; known are {', '.join(sorted(known))}, and [[visit]]")
    changed = {key: _value(key, value) for key, value in table.items()}
    return replace(SCENARIOS[name], **changed), None if visits is None else _recorded(visits, lot)


def _value(key: str, value: object) -> Any:  # noqa: ANN401  the kinds differ by key
    if key in _SPREADS:
        numbers = _numbers(key, value, 3)
        if key != "phases" and not numbers[0] <= numbers[1] <= numbers[2]:
            raise ScenarioError(f"{key}: least, usual, most, in this order")
        return numbers
    if key in _BY_HOUR:
        return tuple(round(number) for number in _numbers(key, value, 24))
    if key in _NUMBERS:
        return _number(key, value)
    if key == "begins_h":
        if not isinstance(value, int) or not 0 <= value < 24:
            raise ScenarioError("begins_h: an hour, 0 to 23")
        return value
    if not isinstance(value, bool):
        raise ScenarioError(f"{key}: true or false")
    return value


def _numbers(key: str, value: object, count: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise ScenarioError(f"{key}: a list of {count} numbers")
    numbers = tuple(_number(key, each) for each in value)
    if not any(numbers):
        raise ScenarioError(f"{key}: not all of them 0")
    return numbers


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ScenarioError(f"{key}: a number, 0 or more; found {value!r}")
    return value


def _recorded(tables: object, lot: Lot) -> Arrivals:
    if not isinstance(tables, list):
        raise ScenarioError("visit: write [[visit]], once for each")
    visits = sorted(
        (_visit(number, table, lot) for number, table in enumerate(tables, start=1)), key=_arrival
    )
    free_from: dict[str, int] = {}
    for visit in visits:
        if visit.arrives_ms < free_from.get(visit.bay, 0):
            raise ScenarioError(f"visits of {visit.bay}: two cars at once")
        free_from[visit.bay] = visit.departs_ms
    return Arrivals(visits=tuple(visits), turned_away=0)


def _visit(number: int, table: Mapping[str, Any], lot: Lot) -> Visit:
    where = f"visit {number}"
    for key in table:
        if key not in _VISIT_KEYS:
            raise ScenarioError(f"{where}: {key} is none of {', '.join(_VISIT_KEYS)}")
    bay = table.get("bay")
    if bay not in lot.by_id:
        raise ScenarioError(f"{where}: bay {bay!r} is none of {', '.join(lot.by_id)}")
    day_ms = round(_number(f"{where}: day", table.get("day", 1)) - 1) * DAY_MS
    arrives_ms = day_ms + _of_the_day(where, table.get("arrives"))
    departs_ms = day_ms + _of_the_day(where, table.get("departs"))
    if departs_ms <= arrives_ms:
        departs_ms += DAY_MS
    phases = table.get("phases", 3)
    if phases not in {1, 2, 3}:
        raise ScenarioError(f"{where}: phases is 1, 2 or 3")
    return Visit(
        bay=str(bay),
        driver=str(table.get("driver", f"driver-{number}")),
        arrives_ms=arrives_ms,
        departs_ms=departs_ms,
        car=CarModel(
            phases=phases,
            max_ma=round(_number(f"{where}: max_a", table.get("max_a", 16)) * 1000),
            wanted_wh=max(1, round(_number(f"{where}: wish_kwh", table.get("wish_kwh", 10)) * 1000)),
            taper_wh=0,
        ),
        is_stated=table.get("stated", False) is True,
    )


def _of_the_day(where: str, value: object) -> int:
    if not isinstance(value, time):
        raise ScenarioError(f"{where}: arrives and departs are times, as 07:42:00; found {value!r}")
    return (value.hour * 60 + value.minute) * (HOUR_MS // 60) + value.second * 1000


def _arrival(visit: Visit) -> tuple[int, str]:
    return visit.arrives_ms, visit.bay
