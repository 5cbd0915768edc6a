"""What excuses a current above a limit, and what does not."""

from tests.faults.judge import SETTLE_MS, Judge, Moment, Reaction

LIMITS = {"grid": 40_000, "west": 20_000}
REACTION_MS = Reaction().ms
DEAD_MAN_MS = 10_000
TICK_MS = 100


def story(
    lasts_ms, *, building=lambda _: 4_000, bays=lambda _: {}, deaf=lambda _: (), is_blind=lambda _: False
):
    """Moments on one phase: what the building and the bays (all of them on west) draw at each time."""
    moments = []
    for at_ms in range(0, lasts_ms, TICK_MS):
        drawn = {name: (ma, 0, 0) for name, ma in bays(at_ms).items()}
        cars_ma = sum(bays(at_ms).values())
        moments.append(
            Moment(
                at_ms=at_ms,
                currents={"grid": (building(at_ms) + cars_ma, 0, 0), "west": (cars_ma, 0, 0)},
                buildings={"grid": (building(at_ms), 0, 0)},
                chargers={"grid": drawn, "west": drawn},
                deaf=frozenset(deaf(at_ms)),
                is_blind=is_blind(at_ms),
                blindness_ms=5_000,
                started_ms=0,
            )
        )
    return moments


def unexcused_ma_ms(moments):
    found = Judge(LIMITS, dead_man_ms=DEAD_MAN_MS).unexcused(moments)
    return sum(excess.unexcused_ma_ms for excess in found)


def steps(*, before, after, at_ms):
    return lambda now_ms: after if now_ms >= at_ms else before


def test_what_is_below_every_limit_needs_no_excuse():
    assert unexcused_ma_ms(story(2_000, bays=lambda _: {"a": 10_000, "b": 10_000})) == 0


def test_a_step_of_the_building_is_excused_for_the_reaction_time_and_not_for_longer():
    building = steps(before=20_000, after=30_000, at_ms=1_000)
    bays = steps(before={"a": 20_000}, after={"a": 10_000}, at_ms=1_000 + REACTION_MS)
    assert unexcused_ma_ms(story(20_000, building=building, bays=bays)) == 0
    late = steps(before={"a": 20_000}, after={"a": 10_000}, at_ms=1_000 + REACTION_MS + 500)
    assert unexcused_ma_ms(story(20_000, building=building, bays=late)) == 10_000 * 500


def test_no_more_is_excused_than_the_building_has_risen():
    building = steps(before=30_000, after=31_000, at_ms=1_000)
    greedy = steps(before={"a": 10_000}, after={"a": 12_000}, at_ms=1_000)
    assert unexcused_ma_ms(story(2_000, building=building, bays=greedy)) == 2_000 * (1_000 - TICK_MS)


def test_a_feeder_without_a_building_has_no_excuse_at_all():
    bays = steps(before={"a": 20_000}, after={"a": 20_000, "b": 1_000}, at_ms=1_000)
    moments = story(2_000, bays=bays, deaf=lambda _: ("a", "b"), is_blind=lambda _: True)
    assert unexcused_ma_ms(moments) == 1_000 * (1_000 - TICK_MS)


def test_what_a_charger_out_of_reach_draws_is_excused_until_its_dead_man_has_fired():
    building = steps(before=20_000, after=30_000, at_ms=3_000)
    moments = story(
        40_000, building=building, bays=lambda _: {"a": 20_000}, deaf=lambda ms: ("a",) if ms >= 2_000 else ()
    )
    fired_ms = 2_000 + DEAD_MAN_MS + REACTION_MS
    assert unexcused_ma_ms(moments) == 10_000 * (40_000 - TICK_MS - fired_ms)


def test_those_in_reach_must_make_room_for_the_one_that_is_not():
    building = steps(before=20_000, after=30_000, at_ms=3_000)
    moments = story(
        8_000,
        building=building,
        bays=lambda _: {"a": 4_000, "b": 16_000},
        deaf=lambda ms: ("a",) if ms >= 2_000 else (),
    )
    answered_ms = 3_000 + REACTION_MS
    assert unexcused_ma_ms(moments) == 6_000 * (8_000 - TICK_MS - answered_ms)


def test_a_meter_that_lies_excuses_everybody_until_its_failsafe():
    building = steps(before=20_000, after=30_000, at_ms=3_000)
    moments = story(
        20_000, building=building, bays=lambda _: {"a": 20_000}, is_blind=lambda now_ms: now_ms >= 2_000
    )
    failsafe_ms = 2_000 + 5_000 + REACTION_MS
    assert unexcused_ma_ms(moments) == 10_000 * (20_000 - TICK_MS - failsafe_ms)


def test_a_charger_that_is_back_has_a_moment_to_be_told():
    building = steps(before=20_000, after=30_000, at_ms=3_000)
    moments = story(
        30_000,
        building=building,
        bays=lambda _: {"a": 20_000},
        deaf=lambda ms: ("a",) if 2_000 <= ms < 4_000 else (),
    )
    told_ms = 4_000 - TICK_MS + SETTLE_MS + REACTION_MS
    assert unexcused_ma_ms(moments) == 10_000 * (30_000 - 2 * TICK_MS - told_ms)
