"""What is assumed of whatever fails: the table in edge/core/failsafe.py, a test for every row of it."""

import re

import pytest

from edge.core import failsafe
from edge.core.image import MeterImage
from tests.core import test_failing_chargers, test_failing_meters


def rows() -> list[str]:
    """What fails, by the second table of the docstring."""
    table = failsafe.__doc__.split("| what fails")[1]
    return [name for name in re.findall(r"^\| ([^|]+?) +\|", table, flags=re.MULTILINE) if name.strip()]


@pytest.mark.parametrize("row", rows())
def test_every_row_of_the_table_has_its_test(row: str) -> None:
    name = "test_" + re.sub(r"\W+", "_", row.strip().lower())
    found = [getattr(tests, name, None) for tests in (test_failing_meters, test_failing_chargers)]
    assert any(map(callable, found)), f"no {name}"


def test_the_table_says_something_of_every_state_of_a_meter() -> None:
    reading = MeterImage(circuit="grid", taken_ms=0, unchanged_since_ms=0, current_ma=(1, 1, 1))
    states = {failsafe.meter_state(reading, 5_000, now_ms) for now_ms in (0, 3_000, 6_000)}
    assert states | {failsafe.meter_state(None, 5_000, 0)} == {"fresh", "late", "stale", "never"}
    assert len(rows()) >= 25
