"""What a charger of the site file counts as in the proof."""

import pytest

from edge.settings import prove_site
from edge.settings.proving import loads_of


@pytest.mark.parametrize(
    ("keys", "fallback_ma", "max_ma"),
    [
        ("max_a = 16", 6_000, 16_000),
        ("max_a = 16\nfallback_a = 0", 0, 16_000),
        ("max_a = 16\nmin_a = 8", 8_000, 16_000),  # a car that stalls at 6 A falls back to what it can do
        ("max_a = 16\ndead_man = 'none'", 16_000, 16_000),  # nothing makes it fall back
        ("max_a = 32\nevses = 2", 12_000, 64_000),
        ("max_a = [32, 16]\nevses = 2", 12_000, 48_000),
        ("max_a = 32\nevses = 2\nfallback_a = [8, 0]", 8_000, 64_000),
        ("max_a = 32\nevses = 2\nrating_a = 32", 12_000, 64_000),  # its breaker is not there to limit us
    ],
)
def test_all_evses_of_a_charger_count_together(judge, keys, fallback_ma, max_ma):
    site = judge(f"[grid]\nrating_a = 200\nbuilding_max_a = 1\n[charger.b]\n{keys}").accepted()
    loads = loads_of(site.chargers)
    assert sum(load.fallback_ma for load in loads) == fallback_ma
    assert sum(load.max_ma for load in loads) == max_ma


@pytest.mark.parametrize(("guarantee", "credited"), [("declared", 12), ("proven", 22), ("rated", 32)])
def test_the_site_s_guarantee_decides_what_is_credited(judge, guarantee, credited):
    site = judge(
        f'[site]\nguarantee = "{guarantee}"\n[grid]\nrating_a = 200\nbuilding_max_a = 1\n[charger."b-1..b-2"]'
    ).accepted()
    (grid,) = prove_site(site, proven={"b-2"})
    assert grid.chargers == (credited * 1000,) * 3


def test_a_fuse_that_is_too_small_for_rated_currents_is_told_so(judge):
    text = '[site]\nguarantee = "rated"\n[grid]\nrating_a = 40\nbuilding_max_a = 10\n[charger."b-1..b-2"]'
    (fault,) = judge(text).faults
    assert fault.keyword == "fallback-sum"
    assert fault.found == "building 10 A + maximum 2 x 16 A = 42 A on L1, rating 40 A"


UNEVEN = """
[grid]
rating_a = 100
building_max_a = 20
unbalance_max_a = 20
[charger."b-1..b-6"]
phase_rotation = {rotation}
"""


@pytest.mark.parametrize(
    ("rotation", "uneven_a"),
    [
        ('["L1L2L3", "L2L3L1", "L3L1L2"]', None),  # two cars of 6 A on each phase
        ('"L1L2L3"', 36),
        ('"unknown"', 36),
    ],
)
def test_fallbacks_that_load_one_phase_too_much_are_a_warning(judge, rotation, uneven_a):
    verdict = judge(UNEVEN.format(rotation=rotation))
    assert verdict.faults == ()
    texts = [caution.text for caution in verdict.cautions if caution.keyword == "unbalance"]
    if uneven_a is None:
        assert texts == []
    else:
        (text,) = texts
        assert text.startswith("[grid] unbalance_max_a: not kept if this box dies; one-phase cars at their ")
        assert text.endswith(f"fallbacks may put {uneven_a} A on one phase alone, allowed 20 A")


def test_a_difference_above_the_rating_is_a_fault(judge):
    (fault,) = judge("[grid]\nrating_a = 40\nbuilding_max_a = 10\nunbalance_max_a = 63").faults
    assert (fault.where, fault.title) == ("[grid] unbalance_max_a", "above its rating")
    assert fault.found == "63 A, rating 40 A (line 2)"


TWIN = """
[grid]
rating_a = 100
building_max_a = 10
[charger."d-1..d-2"]
evses = 2
max_a = 32
{keys}
"""


def test_sockets_that_share_a_supply_hang_on_a_circuit_of_their_own(judge):
    verdict = judge(TWIN.format(keys="rating_a = 32"))
    twin = verdict.accepted().charger("d-1")
    assert twin.supply is not None
    assert (twin.feeder, twin.supply.parent, twin.supply.rating_ma) == ("d-1/supply", "grid", 32_000)
    sums = {total.circuit: max(total.box_dead) for total in verdict.sums}
    assert sums == {"grid": 34_000, "d-1/supply": 12_000, "d-2/supply": 12_000}


@pytest.mark.parametrize("keys", ["", "rating_a = 64"])
def test_a_supply_that_its_sockets_cannot_overload_is_no_bound(judge, keys):
    site = judge(TWIN.format(keys=keys)).accepted()
    assert site.supplies == ()
    assert site.charger("d-1").feeder == "grid"


def test_fallbacks_above_a_shared_supply_are_a_fault_of_the_charger(judge):
    (fault,) = judge(TWIN.format(keys="rating_a = 32\nfallback_a = 20")).faults
    assert (fault.line, fault.keyword) == (8, "fallback-sum")
    assert fault.where == "[charger.d-1..d-2] rating_a"
    assert fault.found == "fallback 2 x 20 A = 40 A on L1, rating 32 A"
    assert fault.remedy == "fallback_a = 0 on 1 socket, or a larger supply"


def test_a_socket_above_its_supply_is_a_fault(judge):
    (fault,) = judge(TWIN.format(keys="rating_a = 20")).faults
    assert (fault.line, fault.keyword) == (7, "over-circuit")
    assert fault.found == "32 A on d-1's supply, rating 20 A (line 8)"


def test_each_socket_has_its_own_currents_and_wiring_from_lists(judge):
    keys = 'evses = 3\nmax_a = [32, 16, 16]\nfallback_a = [8, 0, 6]\nphase_rotation = ["L1", "L2"]'
    site = judge(f"[grid]\nrating_a = 100\nbuilding_max_a = 10\n[charger.b]\n{keys}").accepted()
    sockets = [
        (evse.max_ma, evse.min_ma, evse.fallback_ma, evse.phase_rotation) for evse in site.charger("b").evses
    ]
    assert sockets == [(32_000, 6_000, 8_000, "L1"), (16_000, 6_000, 0, "L2"), (16_000, 6_000, 6_000, "L1")]


@pytest.mark.parametrize("key", ["max_a", "min_a", "fallback_a"])
def test_a_list_of_currents_has_one_for_each_socket(judge, key):
    keys = f"evses = 2\n{key} = [16, 16, 16]"
    (fault,) = judge(f"[grid]\nrating_a = 100\nbuilding_max_a = 10\n[charger.b]\n{keys}").faults
    assert (fault.line, fault.keyword, fault.found) == (6, "sockets", "3 numbers, 2 sockets")
    assert fault.remedy == f"{key} = [16, 16]"


def test_a_fallback_that_one_socket_cannot_have_is_found(judge):
    keys = "evses = 2\nmax_a = [16, 10]\nfallback_a = [6, 12]"
    (fault,) = judge(f"[grid]\nrating_a = 100\nbuilding_max_a = 10\n[charger.b]\n{keys}").faults
    assert (fault.line, fault.found, fault.allowed) == (7, "12 A", "0, or 6 to 10")
