"""The dead man's pair, and what a stack of profiles allows (OCPP 1.6 ed. 2 section 3.13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.ocpp.profiles import (
    LONG_AGO_MS,
    Period,
    Profile,
    Wire,
    above,
    beneath,
    composite,
    install,
    profile_id,
)

NOW = 1_700_000_000_000
T_S = 90


def pair(limit_ma=16_000, fallback_ma=6_000, connector=1, **options):
    return install(
        (beneath(connector, fallback_ma=fallback_ma, **options),),
        above(connector, limit_ma=limit_ma, fallback_ma=fallback_ma, now_ms=NOW, hold_s=T_S, **options),
    )


def allowed(profiles, after_s=0.0, connector=1, **options):
    return composite(profiles, now_ms=NOW + int(after_s * 1000), connector=connector, **options)


# -- the dead man --------------------------------------------------------------------------------------------


def test_the_working_limit_holds_until_t_and_then_steps_down_by_itself():
    assert [allowed(pair(), s) for s in (-15, 0, T_S - 1, T_S, T_S + 1, 10**6)] == [16_000] * 3 + [6_000] * 3


def test_beneath_holds_when_the_one_above_is_gone_or_not_begun():
    below, top = pair()
    assert allowed([below]) == 6_000
    assert allowed([below, top], -16) == 6_000
    assert allowed([below], -(10**8)) == 6_000


def test_beneath_has_no_end_and_no_beginning_that_a_clock_could_miss():
    profile = beneath(1, fallback_ma=6_000)
    assert (profile.level, profile.kind, profile.purpose, profile.connector) == (
        0,
        "Absolute",
        "TxDefaultProfile",
        1,
    )
    assert (profile.start_ms, profile.valid_from_ms, profile.valid_to_ms, profile.duration_s) == (
        LONG_AGO_MS,
        None,
        None,
        None,
    )
    assert profile.periods == (Period(start_s=0, rate=6_000),)


def test_above_is_dated_back_15_s_and_has_two_periods_and_no_end():
    profile = above(1, limit_ma=16_000, fallback_ma=6_000, now_ms=NOW, hold_s=T_S)
    assert (profile.level, profile.kind, profile.purpose) == (1, "Absolute", "TxDefaultProfile")
    assert profile.start_ms == profile.valid_from_ms == NOW - 15_000
    assert (profile.valid_to_ms, profile.duration_s) == (None, None)
    assert profile.periods == (Period(start_s=0, rate=16_000), Period(start_s=15 + T_S, rate=6_000))


def test_a_refresh_replaces_and_renews():
    later = above(1, limit_ma=10_000, fallback_ma=6_000, now_ms=NOW + 60_000, hold_s=T_S)
    profiles = install(pair(), later)
    assert len(profiles) == 2
    assert [allowed(profiles, s) for s in (60, 60 + T_S - 1, 60 + T_S)] == [10_000, 10_000, 6_000]


def test_a_pause_rises_to_the_fallback_when_we_are_gone_and_all_others_have_gone_down():
    others_told_s = T_S // 3 + 15  # refreshed just before the end, and an offer that left late
    others_down_s = others_told_s + T_S + 15 + 15  # by a clock that is 15 s late, and a car that takes 15 s
    late_s = others_down_s + 15 + 1  # by a clock that is 15 s early and counts whole seconds
    assert [allowed(pair(limit_ma=0), s) for s in (0, late_s - 1, late_s)] == [0, 0, 6_000]


def test_the_pair_as_tx_profile_stands_over_the_default_fallback():
    profiles = install((), beneath(1, fallback_ma=6_000))
    for profile in pair(transaction_id=77, limit_ma=20_000):
        profiles = install(profiles, profile)
    assert len(profiles) == 3
    assert allowed(profiles, transaction_id=77) == 20_000
    assert allowed(profiles, T_S, transaction_id=77) == 6_000
    assert allowed(profiles, transaction_id=78) == 6_000


def test_ids_are_unique_in_the_station_and_never_change():
    ids = [
        profile_id(connector, purpose, level)
        for connector in range(1, 100)
        for purpose in ("TxDefaultProfile", "TxProfile")
        for level in (0, 1)
    ]
    assert len(set(ids)) == len(ids)
    assert profile_id(1, "TxDefaultProfile", 0) == 9010


@given(
    st.integers(0, 80_000), st.sampled_from([1000, 100]), st.sampled_from(["A", "W"]), st.sampled_from([1, 3])
)
def test_what_is_offered_is_never_more_than_decided_nor_what_no_car_can_use(limit_ma, step_ma, unit, phases):
    wire = Wire(unit=unit, step_ma=step_ma, phases=phases)
    offered = allowed(pair(limit_ma=limit_ma, wire=wire))
    assert offered <= limit_ma
    assert offered == 0 or offered >= 6_000 - 5
    assert limit_ma < 6_000 or limit_ma - offered <= step_ma + 5


def test_watts_always_name_the_phases():
    wire = Wire(unit="W", phases=1, voltage_v=230)
    profile = above(1, limit_ma=16_900, fallback_ma=6_000, now_ms=NOW, hold_s=T_S, wire=wire)
    assert profile.periods[0] == Period(start_s=0, rate=16 * 230 * 1000, phases=1)


# -- stacking ------------------------------------------------------------------------------------------------


def fixed(limit_a, purpose="TxDefaultProfile", level=0, connector=1, number=0, **options):
    options.setdefault("start_ms", NOW - 1_000_000)
    options.setdefault("periods", (Period(start_s=0, rate=limit_a * 1000),))
    return Profile(
        id=number or (level * 100 + limit_a), connector=connector, purpose=purpose, level=level, **options
    )


def test_nothing_installed_limits_nothing():
    assert allowed([]) is None


def test_the_highest_level_prevails_not_the_smallest_limit():
    assert allowed([fixed(10, level=0), fixed(20, level=3), fixed(6, level=2)]) == 20_000


def test_a_level_that_is_not_valid_now_gives_way_to_the_one_below():
    base = fixed(10)
    for over in (
        fixed(20, level=1, valid_from_ms=NOW + 1),
        fixed(20, level=1, valid_to_ms=NOW),
        fixed(20, level=1, duration_s=1000),
        fixed(20, level=1, start_ms=NOW + 1),
    ):
        assert allowed([base, over]) == 10_000
    assert (
        allowed([base, fixed(20, level=1, valid_to_ms=NOW + 1, valid_from_ms=NOW, duration_s=1001)]) == 20_000
    )


def test_a_tx_profile_overrules_every_default_in_its_transaction_only():
    profiles = [fixed(10, level=9), fixed(25, "TxProfile", transaction_id=7)]
    assert allowed(profiles, transaction_id=7) == 25_000
    assert allowed(profiles, transaction_id=8) == 10_000
    assert allowed(profiles) == 10_000
    assert allowed(profiles, connector=2, transaction_id=7) is None


def test_a_tx_profile_without_a_transaction_id_applies_to_the_running_one():
    profiles = [fixed(10), fixed(25, "TxProfile")]
    assert allowed(profiles, transaction_id=7) == 25_000
    assert allowed(profiles) == 10_000


def test_the_station_maximum_combines_by_minimum_and_its_levels_do_not_rank_against_others():
    top = fixed(12, "ChargePointMaxProfile", level=0, connector=0)
    assert allowed([top, fixed(25, level=5)]) == 12_000
    assert allowed([top, fixed(8, level=5)]) == 8_000
    assert allowed([top]) == 12_000
    assert allowed([top, fixed(8)], connector=0) == 12_000


def test_the_default_of_connector_0_is_for_all_and_a_connectors_own_replaces_it_there():
    profiles = [fixed(10, connector=0), fixed(20, connector=1)]
    assert allowed(profiles, connector=1) == 20_000
    assert allowed(profiles, connector=2) == 10_000


def test_relative_counts_from_the_start_of_the_transaction():
    profile = fixed(
        0,
        kind="Relative",
        start_ms=None,
        periods=(Period(start_s=0, rate=20_000), Period(start_s=60, rate=8_000)),
    )
    assert allowed([profile], transaction_start_ms=NOW) == 20_000
    assert allowed([profile], 59.9, transaction_start_ms=NOW) == 20_000
    assert allowed([profile], 60, transaction_start_ms=NOW) == 8_000
    assert allowed([profile]) is None


MIDNIGHT = NOW // 86_400_000 * 86_400_000


@pytest.mark.parametrize(("hour", "limit"), [(0, 11), (7.99, 11), (8, 6), (19.99, 6), (20, 11), (32, 6)])
def test_the_daily_example_of_section_3_13_7(hour, limit):
    profile = fixed(
        0,
        kind="Recurring",
        recurrence="Daily",
        start_ms=MIDNIGHT - 100 * 86_400_000,
        duration_s=86_400,
        unit="W",
        periods=tuple(
            Period(start_s=s, rate=w * 1_000_000, phases=3) for s, w in ((0, 11), (28_800, 6), (72_000, 11))
        ),
    )
    now_ms = MIDNIGHT + int(hour * 3_600_000)
    assert composite([profile], now_ms=now_ms, connector=1, voltage_v=230) == limit * 1_000_000 // 690


def test_a_recurring_schedule_shorter_than_its_period_falls_back_until_it_begins_again():
    profiles = [
        fixed(6, start_ms=0),
        fixed(20, level=1, kind="Recurring", recurrence="Daily", start_ms=MIDNIGHT, duration_s=3600),
    ]
    limits = [composite(profiles, now_ms=MIDNIGHT + h * 3_600_000, connector=1) for h in (0, 1, 23, 24, 25)]
    assert limits == [20_000, 6_000, 6_000, 20_000, 6_000]


def test_periods_in_any_order_mean_the_same():
    periods = (Period(start_s=100, rate=8_000), Period(start_s=0, rate=20_000))
    assert allowed([fixed(0, periods=periods, start_ms=NOW)], 50) == 20_000


def test_a_negative_limit_is_none_at_all():
    assert allowed([fixed(-1)]) == 0


def test_a_new_profile_replaces_its_id_and_its_place():
    first = fixed(10, number=1)
    assert install([first], fixed(20, number=1, level=4)) == (fixed(20, number=1, level=4),)
    assert install([first], fixed(20, number=2)) == (fixed(20, number=2),)
    assert len(install([first], fixed(20, number=2, connector=2))) == 2
