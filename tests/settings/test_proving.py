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
