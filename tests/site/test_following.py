"""What currents show of a charger that is told a power, and what they do not."""

import pytest

from edge.core.evse import TOTAL_WATTS
from edge.site.following import Following
from edge.site.observed import ObservedEvse
from edge.site.passport import Finding, Form, Proofs


class Findings:
    """What was found, of a charger that takes a power."""

    def __init__(self):
        self.found = Proofs()

    def proofs(self, _charger):
        return self.found

    def prove(self, _charger, proofs):
        self.found = proofs

    def form(self, _charger):
        return Form(unit=TOTAL_WATTS)

    def finding(self, verdict, evidence):
        return Finding(verdict=verdict, evidence=evidence)


def verdict_on(*told):
    """Of sums over the phases and what one phase drew then, both in A."""
    findings, evse = Findings(), ObservedEvse("bay-1", 1)
    following = Following(findings)
    evse.transaction_id = 7
    for number, (limit_a, drawn_a) in enumerate(told):
        following.told("bay-1", limit_a * 1000, number * 60_000)
        evse.terminals_ma, evse.sampled_ms = (round(drawn_a * 1000), 0, 0), number * 60_000 + 30_000
        following.sampled("bay-1", evse)
    return findings.found.divides.verdict


@pytest.mark.parametrize("told", [[(30, 10), (42, 14)], [(42, 14), (30, 10)], [(30, 8.3), (42, 11.5)]])
def test_a_third_of_two_limits_shows_that_a_power_is_divided(told):
    assert verdict_on(*told) == "proven"


@pytest.mark.parametrize(
    "told",
    [
        [(30, 10), (34, 10)],  # a car that takes 10 A whatever it may
        [(30, 10), (36, 10)],
        [(36, 10), (30, 10)],
        [(30, 10), (42, 42)],
        [(30, 10)],
    ],
)
def test_a_car_that_takes_what_happens_to_be_a_third_shows_nothing(told):
    assert verdict_on(*told) == "unknown"
