"""Boards as data: each file is whole, its pins can be named in a site file, and this machine is found."""

import pytest

from edge import settings
from edge.catalogue.boards import board_of, boards, detected, read
from edge.core.errors import ConfigError
from edge.links.pins import is_pin

GRID = "[grid]\nrating_a = 63\nbuilding_max_a = 40\n"


@pytest.mark.parametrize("name", boards())
def test_every_board_names_its_sources_and_its_pins_can_be_written(name):
    board = boards()[name]
    assert board.sources
    if board.runs == "linux":
        assert all(is_pin(pin) for pin in board.labels.values())
        assert all(port.device.startswith("/dev/") for port in board.ports.values())


def test_all_that_are_known_well_enough_are_there():
    assert len(boards()) == 18


def test_this_machine_is_found_by_what_its_device_tree_says(tmp_path):
    model = tmp_path / "model"
    model.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert detected(model).name == "rpi5-cm5"
    model.write_bytes(b"Somebody's Board\0")
    assert detected(model) is None
    assert detected(tmp_path / "nothing") is None


def test_a_site_file_names_its_board():
    site = settings.read(f'[site]\nboard = "rpi4-cm4"\n{GRID}', {}).accepted()
    assert board_of(site).devices["/dev/uart3"] == "/dev/ttyAMA3"
    for name in ("rpi4", "kincony-kc868-a6"):
        other = settings.read(f'[site]\nboard = "{name}"\n{GRID}', {}).accepted()
        with pytest.raises(ConfigError, match="none of"):
            board_of(other)


@pytest.mark.parametrize(
    "text", ['models = ["a"]', 'models = []\nruns = "linux"\ndriver = "x"\nsources = []']
)
def test_a_file_that_lacks_something_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  msgspec's and ours
        read("x", text)
