"""Two sites that later versions will run in full: here exactly what this one cannot do is refused."""

import re
from pathlib import Path

import pytest

SITES = Path(__file__).parent / "sites"

LOT_LATER = []
LARGE_LATER = [
    (91, "[tariff]"),
    (99, "[planning]"),
]


def without(text: str, *, tables: tuple[str, ...], lines: tuple[str, ...]) -> str:
    """The file with some tables, and some lines by how they begin, made into comments."""
    is_out = False
    kept = []
    for line in text.splitlines():
        if line.startswith("["):
            is_out = re.match(r"\[([^\]]+)\]", line)[1] in tables
        kept.append(f"# {line}" if is_out or line.startswith(lines) else line)
    return "\n".join(kept)


@pytest.mark.parametrize(
    ("name", "later", "models"),
    [
        ("site-lot.toml", LOT_LATER, []),
        ("site-large.toml", LARGE_LATER, ["janitza-umg96-series", "carlo-gavazzi-em3x0-em5x0"]),
    ],
)
def test_what_this_version_cannot_do_and_nothing_else_is_refused(judge, name, later, models):
    faults = judge((SITES / name).read_text()).faults
    assert [(fault.line, fault.where) for fault in faults if fault.keyword == "not-yet"] == later
    rest = [(fault.keyword, fault.found) for fault in faults if fault.keyword != "not-yet"]
    assert rest == [("no-model", f'"{model}"') for model in models]


def test_the_lot_without_these_parts(judge):
    text = without(
        (SITES / "site-lot.toml").read_text(),
        tables=(),
        lines=(),
    )
    verdict = judge(text)
    assert verdict.faults == ()
    meter = verdict.accepted().circuit("grid").meter
    assert (meter.line.device, meter.line.baud, meter.line.format) == ("/dev/uart3", 19_200, "8E1")
    heidelberg = verdict.accepted().charger("bay-5")
    assert (heidelberg.dead_man, heidelberg.modbus.line.name, heidelberg.modbus.unit) == (
        "watchdog",
        "rs485",
        5,
    )
    assert len(verdict.accepted().chargers) == 6
    assert verdict.accepted().charger("bay-6").dead_man == "hardware"
    (contact,) = verdict.accepted().contacts
    assert (contact.pins, contact.limits_ma) == (("GPIO22", "GPIO27"), (23_913, 0))
    assert verdict.accepted().groups["fleet"].priority == 5


def test_the_garage_without_these_parts(judge):
    text = without(
        (SITES / "site-large.toml").read_text(),
        tables=("tariff", "planning", "uplink.landlord"),
        lines=("version",),
    )
    text = text.replace("janitza-umg96-series", "eastron-sdm630")
    verdict = judge(text.replace("carlo-gavazzi-em3x0-em5x0", "schneider-iem3000"))
    assert verdict.faults == ()
    site = verdict.accepted()
    assert sum(len(charger.evses) for charger in site.chargers) == 48
    assert site.uplinks[0].identity_of("a-01", "HG-A01") == "DE*HBR*a-01"
    grid = next(total for total in verdict.sums if total.circuit == "grid")
    demand = site.circuit("grid").demand
    assert demand is not None
    assert (demand.target_w, demand.window_ms, demand.raise_to_peak) == (330_000, 900_000, False)
    assert site.circuit("row-d").protection == "gG"
    assert [caution.keyword for caution in verdict.cautions if caution.line == 50] == ["bears-nothing"]
    assert grid.box_dead == (588_000, 588_000, 588_000)
