import pytest

from edge.plant.wiring import Wiring


@pytest.mark.parametrize(
    ("rotation", "terminals", "grid"),
    [
        ("L1L2L3", (1, 2, 3), (1, 2, 3)),
        ("L2L3L1", (1, 2, 3), (3, 1, 2)),
        ("L3L1L2", (1, 2, 3), (2, 3, 1)),
        ("L1L3L2", (1, 2, 3), (1, 3, 2)),
        ("L2L3L1", (16, 0, 0), (0, 16, 0)),
        ("L3", (16, 0, 0), (0, 0, 16)),
        ("L3", (16, 9, 9), (0, 0, 16)),
    ],
)
def test_terminals_appear_on_the_grid_phase_they_are_wired_to(rotation, terminals, grid):
    assert Wiring.parse(rotation).to_grid(terminals) == grid


@pytest.mark.parametrize("text", ["RST", "unknown", "", "L1L1L2", "L1L2"])
def test_what_names_no_wiring_is_refused(text):
    with pytest.raises(ValueError, match="no wiring"):
        Wiring.parse(text)
