"""What a charger of the site file counts as in the proof."""

import pytest

from edge.settings import prove_site
from edge.settings.proving import load_of


@pytest.mark.parametrize(
    ("keys", "fallback_ma", "max_ma"),
    [
        ("max_a = 16", 6_000, 16_000),
        ("max_a = 16\nfallback_a = 0", 0, 16_000),
        ("max_a = 16\nmin_a = 8", 8_000, 16_000),  # a car that stalls at 6 A falls back to what it can do
        ("max_a = 16\ndead_man = 'none'", 16_000, 16_000),  # nothing makes it fall back
        ("max_a = 32\nevses = 2", 12_000, 64_000),
        ("max_a = 32\nevses = 2\nrating_a = 32", 12_000, 32_000),
        ("max_a = 32\nevses = 2\nrating_a = 10", 10_000, 10_000),
    ],
)
def test_all_evses_of_a_charger_count_together(judge, keys, fallback_ma, max_ma):
    site = judge(f"[grid]\nrating_a = 200\nbuilding_max_a = 1\n[charger.b]\n{keys}").accepted()
    load = load_of(site.charger("b"))
    assert (load.fallback_ma, load.max_ma) == (fallback_ma, max_ma)


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
