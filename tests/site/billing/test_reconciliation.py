"""Every Wh once: what is missing, doubled, unconfirmed or unbelievable is named."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edge.site.billing.account import account_of
from edge.site.billing.reconciliation import reconcile
from edge.site.durable import Session, Unconfirmed
from edge.site.events import Sampled

ZONE = ZoneInfo("UTC")
HOUR_MS = 3_600_000


def account(number, begin_wh, end_wh, *, hour=None, charger="bay-1", energy_wh=None, samples=(), flags=()):
    started_ms = (number if hour is None else hour) * HOUR_MS
    session = Session(
        transaction_id=number,
        charger=charger,
        evse=1,
        token="04",
        started_ms=started_ms,
        meter_start_wh=begin_wh,
        ended_ms=started_ms + HOUR_MS // 2,
        meter_stop_wh=end_wh,
        energy_wh=max(0, end_wh - begin_wh) if energy_wh is None else energy_wh,
        flags=flags,
    )
    events = [
        Sampled(
            charger=charger, evse=1, at_ms=started_ms + 1 + n, seen_ms=0, is_synchronised=True, energy_wh=wh
        )
        for n, wh in enumerate(samples)
    ]
    return account_of(session, events, None, ZONE, group=None)


def kinds(*accounts, unconfirmed=()):
    return [(gap.kind, gap.transaction_id, gap.wh) for gap in reconcile(accounts, unconfirmed).gaps]


def test_sessions_that_follow_one_another_leave_no_gap():
    told = reconcile([account(1, 0, 500), account(2, 500, 900), account(3, 50, 80, charger="bay-2")], ())
    assert (told.registers_wh, told.sessions_wh, told.records_wh, told.gaps) == (930, 930, 930, ())


def test_energy_outside_any_session_is_told_with_its_place():
    told = reconcile([account(1, 0, 500), account(2, 650, 900)], ())
    assert [gap.sentence for gap in told.gaps] == [
        "the register of bay-1/1 rose by 150 Wh outside any session, before transaction 2"
    ]
    assert told.registers_wh - told.sessions_wh == 150


def test_energy_that_two_sessions_claim_is_told():
    assert kinds(account(1, 0, 500), account(2, 400, 900)) == [("twice", 2, 100)]


def test_the_order_in_which_they_are_looked_at_changes_nothing():
    assert kinds(account(2, 650, 900), account(1, 0, 500)) == [("outside", 2, 150)]


def test_a_record_that_differs_from_the_session_is_told():
    assert kinds(account(1, 0, 500, energy_wh=480)) == [("record", 1, 20)]


def test_doubts_and_flags_are_told_in_words():
    odd = account(1, 0, 500, samples=(9_000,), flags=("register-jumped",))
    assert [kind for kind, _, _ in kinds(odd)] == ["doubtful", "doubtful"]


def test_what_a_cloud_has_not_confirmed_is_told_once_the_worse_first():
    rows = [
        Unconfirmed(csms="city", transaction_id=1, state="waiting"),
        Unconfirmed(csms="city", transaction_id=1, state="parked"),
        Unconfirmed(csms="watch", transaction_id=1, state="waiting"),
        Unconfirmed(csms="city", transaction_id=99, state="waiting"),
    ]
    assert kinds(account(1, 0, 500), unconfirmed=rows) == [("parked", 1, 500), ("unconfirmed", 1, 500)]


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 20_000)), min_size=1, max_size=12))
def test_sessions_and_gaps_make_up_what_the_registers_rose_by(parts):
    """A register only rises, between sessions (first) and in them (second)."""
    accounts, register_wh = [], 0
    for number, (between_wh, charged_wh) in enumerate(parts, start=1):
        register_wh += between_wh if accounts else 0
        accounts.append(account(number, register_wh, register_wh + charged_wh))
        register_wh += charged_wh
    told = reconcile(accounts, ())
    outside_wh = sum(gap.wh for gap in told.gaps if gap.kind == "outside")
    assert {gap.kind for gap in told.gaps} <= {"outside"}
    assert told.sessions_wh + outside_wh == told.registers_wh
