"""What nobody should ask for gets an answer too, with a reason for each EVSE, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vectors.settle import settle

WORDS = {"full", "car", "circuit", "limit", "hold", "queue", "idle", "unpaid", "settling", "late", "cut"}


def settled(bays, **lot):
    """{bay: (amperes, word of the reason)} ; the building takes nothing unless it says so."""
    vector = {"grid_a": 40, "building_a": [0, 0, 0], "bays": bays} | lot
    return {name: (amps, reason.split()[0]) for name, (amps, reason) in settle(vector).items()}


def bays(count, **options):
    return {f"bay-{number:04}": dict(options) for number in range(count)}


def test_a_lot_without_a_single_evse_has_nothing_to_decide():
    assert settled({}) == {}


def test_nobody_at_home_is_idle():
    assert set(settled(bays(3, wants=False)).values()) == {(0, "idle")}


@pytest.mark.parametrize("kind", ["circuit", "chargers"])
@pytest.mark.parametrize("amps", [0, -1, -10_000])
def test_a_limit_of_nothing_or_less_queues_everybody(kind, amps):
    assert set(settled(bays(3), limits=[[kind, "grid", amps]]).values()) == {(0, "queue")}


@pytest.mark.parametrize("amps", [0, -1])
def test_an_evse_limited_to_nothing_says_by_what(amps):
    assert settled(bays(2), limits=[["evse", "bay-0001", amps]]) == {
        "bay-0000": (32, "full"),
        "bay-0001": (0, "limit"),
    }


@pytest.mark.parametrize("building_a", [40, 41, 4_000])
def test_a_building_that_takes_everything_and_more_queues_everybody(building_a):
    assert set(settled(bays(3), building_a=[building_a] * 3).values()) == {(0, "queue")}


def test_a_thousand_on_one_circuit_get_their_minimum_in_order_until_it_is_full():
    fit = 150
    found = settled(bays(1_000), grid_a=fit * 6.6)  # the minimum and its tolerance
    names = sorted(found)
    assert {found[name] for name in names[:fit]} == {(6, "circuit")}
    assert {found[name] for name in names[fit:]} == {(0, "queue")}


def test_who_arrived_at_the_same_moment_goes_by_name_however_the_site_file_lists_them():
    forwards = bays(8)
    backwards = dict(reversed(forwards.items()))
    assert settled(forwards) == settled(backwards)
    assert [name for name, (amps, _) in settled(backwards).items() if amps] == list(forwards)[:6]


@pytest.mark.parametrize("max_a", [0, 1, 5.999])
@pytest.mark.parametrize("paused", [True, False])
def test_a_maximum_below_six_amperes_gives_nothing_and_says_so(max_a, paused):
    found = settled(bays(1, max_a=max_a, paused=paused) | {"other": {}})
    assert found == {"bay-0000": (0, "full"), "other": (32, "full")}


@pytest.mark.parametrize(
    ("odd", "amps"), [({"max_a": 5}, 0), ({"step_ma": 700}, 6.3), ({"step_ma": 7_000}, 7)]
)
def test_what_is_reserved_for_the_next_car_is_offered_on_the_step_and_never_below_six_amperes(odd, amps):
    assert settled(bays(1, wants=False, paused=False, **odd)) == {"bay-0000": (amps, "idle")}


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]),
        st.fixed_dictionaries(
            {},
            optional={
                "max_a": st.integers(0, 80),
                "min_a": st.integers(0, 90),
                "step_ma": st.sampled_from([1, 100, 700, 1_000, 6_000, 50_000]),
                "wiring": st.sampled_from(["L1L2L3", "L3L1L2", "L2", "unknown"]),
                "car": st.sampled_from([[], [0], [1, 2], [0, 1, 2]]),
                "car_max_a": st.integers(0, 80),
                "fallback_a": st.integers(0, 40),
                "wants": st.booleans(),
                "linked": st.booleans(),
                "paused": st.booleans(),
                "served_kwh": st.integers(-5, 500),
                "leaves_h": st.integers(-3, 40),
                "wants_kwh": st.integers(-3, 400),
                "priority": st.integers(-3, 12),
            },
        ),
    ),
    st.lists(
        st.tuples(
            st.sampled_from(["circuit", "chargers", "evse", "nonsense"]),
            st.sampled_from(["grid", "a", "nowhere"]),
            st.integers(-50, 100),
        ),
        max_size=3,
    ),
    st.integers(0, 100),
    st.lists(st.integers(-60, 120), min_size=3, max_size=3),
    st.sampled_from(["good", "silent", "frozen"]),
)
def test_whatever_is_asked_everybody_gets_an_answer_with_a_reason(odd, limits, grid_a, building_a, meter):
    found = settled(odd, limits=limits, grid_a=grid_a, building_a=building_a, meter=meter)
    assert set(found) == set(odd)
    for name, (amps, word) in found.items():
        assert word in WORDS
        assert amps == 0 or 6 <= amps <= odd[name].get("max_a", 32)
