from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ocpp.profiles import above, beneath
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v16.charging import charging_profile
from edge.ocpp.v16.requests import ClearChargingProfile
from edge.ocpp.v16.types import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from edge.simulator.profile_store import Charging, ProfileStore

NOON_MS = 1_900_000_000_000
RUNNING = Charging(number=7, begun_ms=NOON_MS - 60_000)


def sent(limit_a, *, number=1, level=0, purpose="TxDefaultProfile", steps=(), **more):
    schedule = {key: more.pop(key) for key in ("duration",) if key in more}
    periods = [ChargingSchedulePeriod(start_period=0, limit=limit_a)]
    periods += [ChargingSchedulePeriod(start_period=at, limit=limit) for at, limit in steps]
    return ChargingProfile(
        charging_profile_id=number,
        stack_level=level,
        charging_profile_purpose=purpose,
        charging_profile_kind="Absolute",
        charging_schedule=ChargingSchedule(
            charging_rate_unit="A",
            start_schedule=rfc3339(NOON_MS),
            charging_schedule_period=tuple(periods),
            **schedule,
        ),
        **more,
    )


def pair(store, *, limit_ma, fallback_ma, now_ms, hold_s):
    """What a controller installs on connector 1."""
    for profile in (
        beneath(1, fallback_ma=fallback_ma),
        above(1, limit_ma=limit_ma, fallback_ma=fallback_ma, now_ms=now_ms, hold_s=hold_s),
    ):
        assert store.install(1, charging_profile(profile)) == "Accepted"


def limit(store, now_ms, charging=RUNNING, connector=1, sharing=1):
    return store.limit_ma(connector, now_ms, charging, sharing=sharing)


def test_without_profiles_nothing_is_limited():
    assert limit(ProfileStore(), NOON_MS) is None


def test_the_dead_man_fires_at_its_time_by_the_chargers_own_clock():
    store = ProfileStore()
    pair(store, limit_ma=16_000, fallback_ma=6_000, now_ms=NOON_MS, hold_s=60)
    assert [limit(store, NOON_MS + s * 1_000) for s in (0, 59, 60, 3_600, 31_536_000)] == [
        16_000,
        16_000,
        6_000,
        6_000,
        6_000,
    ]


@given(st.integers(-15_000, 39_000), st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_pair_refreshed_in_time_never_dips_and_fires_once_refreshing_ends(offset_ms, pauses):
    store, now = ProfileStore(), NOON_MS
    for pause in pauses:
        pair(store, limit_ma=16_000, fallback_ma=6_000, now_ms=now, hold_s=60)
        assert limit(store, now + offset_ms) == 16_000
        assert limit(store, now + pause * 1_000 + offset_ms) == 16_000
        sent_ms, now = now, now + pause * 1_000
    assert limit(store, sent_ms + 60_000) == 6_000
    assert len(store) == 2


def test_a_clock_ahead_fires_early_and_never_late():
    store = ProfileStore()
    pair(store, limit_ma=16_000, fallback_ma=6_000, now_ms=NOON_MS, hold_s=60)
    assert limit(store, NOON_MS + 30_000 + 30_000) == 6_000


@pytest.mark.parametrize(
    ("connector", "profile", "charging", "status"),
    [
        (1, sent(16), None, "Accepted"),
        (0, sent(16), None, "Accepted"),
        (0, sent(16, purpose="ChargePointMaxProfile"), None, "Accepted"),
        (1, sent(16, purpose="ChargePointMaxProfile"), None, "Rejected"),
        (1, sent(16, purpose="TxProfile"), None, "Rejected"),
        (0, sent(16, purpose="TxProfile"), RUNNING, "Rejected"),
        (1, sent(16, purpose="TxProfile"), RUNNING, "Accepted"),
        (1, sent(16, purpose="TxProfile", transaction_id=7), RUNNING, "Accepted"),
        (1, sent(16, purpose="TxProfile", transaction_id=8), RUNNING, "Rejected"),
        (1, sent(16, purpose="TxProfile"), Charging(number=None, begun_ms=NOON_MS), "Accepted"),
        (1, sent(16, level=8), None, "Accepted"),
        (1, sent(16, level=9), None, "Rejected"),
        (1, sent(16, steps=[(n, 6) for n in range(1, 24)]), None, "Accepted"),
        (1, sent(16, steps=[(n, 6) for n in range(1, 25)]), None, "Rejected"),
    ],
)
def test_a_profile_must_fit_its_place(connector, profile, charging, status):
    assert ProfileStore().install(connector, profile, charging) == status


def test_a_full_store_takes_replacements_only():
    store = ProfileStore(max_installed=2)
    assert store.install(1, sent(16, number=1, level=0)) == "Accepted"
    assert store.install(1, sent(16, number=2, level=1)) == "Accepted"
    assert store.install(1, sent(16, number=3, level=2)) == "Rejected"
    assert store.install(1, sent(9, number=3, level=1)) == "Accepted"
    assert limit(store, NOON_MS) == 9_000


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        (ClearChargingProfile(), 0),
        (ClearChargingProfile(id=2), 2),
        (ClearChargingProfile(connector_id=1), 1),
        (ClearChargingProfile(connector_id=1, stack_level=1), 2),
        (ClearChargingProfile(charging_profile_purpose="ChargePointMaxProfile"), 2),
    ],
)
def test_clearing_removes_all_that_fit(request_, left):
    store = ProfileStore()
    store.install(1, sent(16, number=1, level=0))
    store.install(1, sent(16, number=2, level=1))
    store.install(0, sent(16, number=3, purpose="ChargePointMaxProfile"))
    assert store.clear(request_) == "Accepted"
    assert len(store) == left
    assert store.clear(ClearChargingProfile(id=99)) == "Unknown"


def test_a_tx_profile_ends_with_its_transaction():
    store = ProfileStore()
    store.install(1, sent(6, number=1))
    store.install(1, sent(16, number=2, purpose="TxProfile"), RUNNING)
    assert limit(store, NOON_MS) == 16_000
    store.end_transaction(1)
    assert limit(store, NOON_MS) == 6_000


def test_a_transaction_without_a_number_obeys_the_profile_it_was_started_with():
    store, unnumbered = ProfileStore(), Charging(number=None, begun_ms=NOON_MS)
    store.install(1, sent(10, purpose="TxProfile"), unnumbered)
    assert limit(store, NOON_MS, unnumbered) == 10_000


def test_the_chargers_own_maximum_is_shared_by_its_connectors():
    store = ProfileStore()
    store.install(0, sent(20, number=1, purpose="ChargePointMaxProfile"))
    store.install(1, sent(16, number=2))
    assert limit(store, NOON_MS, sharing=1) == 16_000
    assert limit(store, NOON_MS, sharing=2) == 10_000


def test_the_composite_schedule_names_every_change():
    store = ProfileStore()
    store.install(1, sent(16, number=1, level=1, steps=[(60, 8), (120, 12)], duration=180))
    store.install(1, sent(6, number=2, level=0))
    assert store.schedule(1, NOON_MS + 30_000, 600, RUNNING) == [
        (0, 16_000),
        (30, 8_000),
        (90, 12_000),
        (150, 6_000),
    ]
    assert store.schedule(2, NOON_MS, 600, None) == [(0, None)]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(6, 32), st.integers(1, 300), st.integers(6, 32)), max_size=5
    ),
    st.integers(0, 400),
)
def test_the_composite_schedule_says_what_the_limit_will_be(profiles, ask_s):
    store = ProfileStore()
    for number, (level, first, step, then) in enumerate(profiles):
        store.install(1, sent(first, number=number, level=level, steps=[(step, then)], duration=step + 50))
    schedule = store.schedule(1, NOON_MS, 500, RUNNING)
    told = next(value for at, value in reversed(schedule) if at <= ask_s)
    assert told == limit(store, NOON_MS + ask_s * 1_000)
    assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(schedule))
