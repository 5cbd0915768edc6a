"""guarantee = "proven": a fallback counts where the dead man is proven, the rating where it is not."""

from pathlib import Path

from edge import settings
from edge.catalogue import guards

SITE = """
[site]
guarantee = "proven"

[grid]
rating_a = 63
building_max_a = 30

[charger."bay-1..bay-2"]
max_a = 16
"""


def verdict(text=SITE, *, proven=()):
    return settings.read(text, guards(), folder=Path(), proven=proven)


def test_unproven_chargers_count_at_their_rating():
    assert max(verdict().sums[0].chargers) == 32_000
    assert max(verdict(proven={"bay-1"}).sums[0].chargers) == 22_000
    assert max(verdict(proven={"bay-1", "bay-2"}).sums[0].chargers) == 12_000


def test_a_site_that_only_fits_with_proofs_is_refused_without_them():
    text = SITE.replace("63", "45")
    (fault,) = verdict(text).faults
    assert fault.keyword == "fallback-sum"
    assert verdict(text, proven={"bay-1", "bay-2"}).faults == ()
