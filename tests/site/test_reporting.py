"""What a bay says of itself while its car follows a new offer, and when it does not."""

import pytest

from edge import settings
from edge.core.evse import FOLLOW_MS
from edge.core.image import CircuitView, Decision, Reason, Setpoint
from edge.core.quantities import everywhere
from edge.site.blueprint import Blueprint
from edge.site.events import EvseStatusChanged, LinkChanged, Sampled
from edge.site.observed import SAMPLE_LAG_MS, ObservedCharger
from edge.site.reporting import Reporter
from edge.site.strangers import Strangers
from edge.site.transactions import Transactions

SITE = """\
[grid]
rating_a = 63
building_max_a = 20

[charger.bay-1]
max_a = 32
phase_rotation = "L1L2L3"
"""


class StandingClock:
    """Both times, as they are set."""

    def __init__(self):
        self.ms = 1_000_000

    def now_ms(self):
        return self.ms

    def mono_ms(self):
        return self.ms

    def is_synchronised(self):
        return True


class OneBay:
    """A site of one bay whose decisions and samples are given by hand."""

    def __init__(self):
        self.clock = StandingClock()
        site = settings.read(SITE, {}, look_up=lambda secret: "known").accepted()
        self.charger = ObservedCharger("bay-1", {1: "bay-1"})
        observed = {"bay-1": self.charger}
        transactions = Transactions(
            None, self.clock, observed, sleepers=set(), priority_of=lambda _: None, most_w={}
        )  # nothing is stored here
        self.reporter = Reporter(Blueprint(site), observed, self.clock, transactions)
        self.note(LinkChanged, is_up=True)
        self.note(EvseStatusChanged, evse=1, state="charging")
        self.charger.evses[1].begin(1, "T", 0, self.clock.ms, self.clock.ms)

    def note(self, kind, **fields):
        self.charger.note(kind(charger="bay-1", at_ms=self.clock.ms, seen_ms=self.clock.ms, **fields))

    def draws(self, ma):
        self.note(Sampled, evse=1, current_ma=(ma, ma, ma))

    def after(self, ms):
        self.clock.ms += ms

    def decides(self, limit_ma, *, booked_ma=None):
        """The bay after a decision for this limit."""
        booked = everywhere(limit_ma + 600 if booked_ma is None else booked_ma)
        reason = Reason(word="circuit", where="grid", phase=0)
        grid = CircuitView(
            name="grid",
            limit_ma=everywhere(63_000),
            limit_name="",
            background_ma=everywhere(5_000),
            booked_ma=booked,
            meter="none",
            is_settling=False,
        )
        setpoint = Setpoint(evse="bay-1", limit_ma=limit_ma, reason=reason, booked_ma=booked)
        decision = Decision(setpoints=[setpoint], offers=[], circuits=[grid], learned=[], sleepers=[])
        status = self.reporter.report(
            decision, cycle=1, readings={}, uplinks=(), strangers=Strangers("wait"), refusing=set()
        )
        return status.evses[0]


@pytest.fixture
def bay():
    return OneBay()


def test_a_car_that_has_had_no_time_to_follow_is_not_called_disobedient(bay):
    bay.decides(16_000)
    bay.draws(16_000)
    shown = bay.decides(10_000, booked_ma=16_600)
    assert (shown.severity, shown.sentence) == ("fine", "10 A: grid is full on L1.")


def test_a_car_that_still_draws_too_much_after_its_time_is_told(bay):
    bay.decides(10_000)
    bay.after(FOLLOW_MS + SAMPLE_LAG_MS)
    bay.draws(16_000)
    shown = bay.decides(10_000, booked_ma=16_600)
    assert (shown.severity, shown.word) == ("act", "disobeys")


def test_a_car_that_may_take_more_is_not_said_to_leave_it_before_it_could_follow(bay):
    bay.decides(10_000)
    bay.after(FOLLOW_MS + SAMPLE_LAG_MS)
    bay.draws(10_000)
    assert bay.decides(16_000).word == "circuit"
    bay.after(FOLLOW_MS + SAMPLE_LAG_MS)
    bay.draws(10_000)
    assert bay.decides(16_000).sentence == "Takes 10 A of 16 A."


def test_a_change_is_remembered_with_its_new_current_said_once(bay):
    bay.decides(16_000)
    bay.decides(9_000)
    assert bay.reporter.before("bay-1")[0].partition(" ")[2] == "16 -> 9 A: grid is full on L1."
