"""If this box dies, what every fuse carries is the building and what the guarantee credits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.circuit import Circuit, Tree
from edge.core.proof import GUARANTEES, Load, prove

ANY = (0, 1, 2)


def tree(grid_a: int = 100, building_a: int = 55, west_a: int = 63, east_a: int = 50) -> Tree:
    def circuit(name, parent, rating_a, building_a):
        building_ma = None if building_a is None else building_a * 1000
        return Circuit(
            name, parent=parent, rating_ma=rating_a * 1000, building_max_ma=building_ma, is_metered=False
        )

    return Tree(
        [
            circuit("grid", None, grid_a, building_a),
            circuit("west", "grid", west_a, None),
            circuit("east", "grid", east_a, None),
        ]
    )


def load(name: str, circuit: str, wiring=ANY, fallback_a=6, max_a=32, *, is_proven=False) -> Load:
    return Load(
        name,
        circuit=circuit,
        wiring=wiring,
        fallback_ma=fallback_a * 1000,
        max_ma=max_a * 1000,
        is_proven=is_proven,
    )


RIVERSIDE = [
    load("bay-1", "west"),
    load("bay-2", "west"),
    load("bay-3", "west"),
    load("bay-4", "east"),
    load("bay-5", "east", max_a=16),
    load("bay-6", "east", (2,), 0, 16),
]


def sums(guarantee="declared", loads=RIVERSIDE, **ratings):
    return {total.circuit: total for total in prove(tree(**ratings), loads, guarantee)}


def test_riverside_carries_85_of_100_a_without_the_box():
    total = sums()
    assert {name: max(item.box_dead) for name, item in total.items()} == {
        "grid": 85_000,
        "west": 18_000,
        "east": 12_000,
    }
    assert total["grid"].spare_ma == 15_000


def test_all_three_sums_are_there_whatever_the_guarantee():
    for guarantee in GUARANTEES:
        grid = sums(guarantee)["grid"]
        assert grid.declared == (30_000, 30_000, 30_000)
        assert grid.proven == grid.rated == (144_000, 144_000, 160_000)


def test_a_guarantee_by_proof_credits_only_what_was_seen_to_fire():
    loads = [load("a", "west", is_proven=True), load("b", "west")]
    assert sums("proven", loads)["west"].chargers == (38_000,) * 3


def test_a_one_phase_charger_counts_on_its_phase_and_an_unknown_one_on_all_three():
    assert sums(loads=[load("a", "west", (1,))])["west"].chargers == (0, 6_000, 0)
    assert sums(loads=[load("a", "west", None)])["west"].chargers == (6_000,) * 3


def test_the_exposure_is_the_building_rising_onto_the_last_currents():
    total = sums()
    assert total["grid"].exposure_ma == 55_000  # 63 + 50 A of cars fill 100 A; 55 A of building follow
    assert total["west"].exposure_ma == 0
    assert sums(loads=[load("a", "west")])["grid"].exposure_ma == 0  # 32 + 55 A fit at any time


def test_a_guarantee_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no such guarantee"):
        prove(tree(), [], "hoped")


loads_anywhere = st.lists(
    st.builds(
        lambda circuit, wiring, fallback, more, proven: load(
            "x", circuit, wiring, fallback, fallback + more, is_proven=proven
        ),
        st.sampled_from(["grid", "west", "east"]),
        st.sampled_from([None, (0,), (1,), (2,), ANY, (2, 0, 1)]),
        st.integers(0, 32),
        st.integers(0, 32),
        st.booleans(),
    ),
    max_size=8,
)


@given(loads_anywhere, st.sampled_from(GUARANTEES))
def test_the_guarantees_are_ordered_and_add_up(loads, guarantee):
    total = sums(guarantee, loads)
    for item in total.values():
        for phase in ANY:
            assert item.declared[phase] <= item.proven[phase] <= item.rated[phase]
        assert item.chargers == getattr(item, guarantee)
    mine = sums(guarantee, [one for one in loads if one.circuit == "grid"])["grid"].chargers
    for phase in ANY:
        below = total["west"].chargers[phase] + total["east"].chargers[phase]
        assert total["grid"].chargers[phase] == below + mine[phase]


@given(loads_anywhere)
def test_the_order_of_chargers_does_not_matter(loads):
    def all_sums(some):
        return [(item.circuit, item.box_dead, item.exposure_ma) for item in sums(loads=some).values()]

    assert all_sums(loads) == all_sums(loads[::-1])
