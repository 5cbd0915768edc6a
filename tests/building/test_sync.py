"""The utility's contact that begins demand windows: counted once each time, however it bounces."""

from pathlib import Path

import pytest

from edge.building.sync import Pulse
from edge.links.pins import Pins


@pytest.fixture
def contact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the place of one of a kernel module; 1 is closed there."""
    monkeypatch.setattr("edge.links.pins._DRIVERS", ((rf"{tmp_path}/\S+", "edge.links.pins.sysfs"),))
    monkeypatch.setattr("edge.building.sync.closes_low", lambda _: False)
    file = tmp_path / "di1"
    file.write_text("0\n")
    return file


def count(pulse: Pulse, contact: Path, levels: str, start_ms: int = 0) -> int:
    come = 0
    for place, level in enumerate(levels):
        contact.write_text(f"{level}\n")
        come += pulse.has_come(start_ms + 50 * place)
    return come


def test_a_closing_contact_is_a_pulse_and_stays_one(contact: Path) -> None:
    pulse = Pulse("grid", str(contact), Pins())
    assert count(pulse, contact, "0" * 25 + "1" * 40) == 1
    assert count(pulse, contact, "0" * 25 + "1" * 40, 10_000) == 1


def test_a_bouncing_contact_is_one_pulse(contact: Path) -> None:
    pulse = Pulse("grid", str(contact), Pins())
    assert count(pulse, contact, "0" * 25 + "1011011101" + "1" * 20 + "01101110" + "0" * 10) == 1


def test_what_is_closed_at_the_start_or_for_a_moment_is_none(contact: Path) -> None:
    assert count(Pulse("grid", str(contact), Pins()), contact, "1" * 100) == 0
    assert count(Pulse("grid", str(contact), Pins()), contact, "0" * 25 + "1" + "0" * 50) == 0


def test_a_pin_that_is_not_there_gives_none(tmp_path: Path, contact: Path) -> None:
    pulse = Pulse("grid", str(tmp_path / "nothing"), Pins())
    assert not any(pulse.has_come(now_ms) for now_ms in range(0, 30_000, 50))
