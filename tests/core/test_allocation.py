"""The allocation rule: exact, fair, indifferent to order and to the names of phases."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.allocation import allocate
from edge.core.claim import NO_ROOM, Claim

TOLERANCE_MA = 600
CIRCUITS = 4  # a root, two feeders, a sub-feeder of the first
PATHS = ((0,), (1, 0), (2, 0), (3, 1, 0))
PHASES = ((0,), (1,), (2,), (0, 1), (0, 1, 2), (0, 1, 2))


def claim(number: int, path=(0,), phases=(0, 1, 2), **options) -> Claim:
    settings = {"min_ma": 6_000, "cap_ma": 32_000, "step_ma": 1_000, "tier": 0, "idle_ma": 0} | options
    return Claim(
        evse=f"bay-{number}",
        rooms=[circuit * 3 + phase for circuit in path for phase in phases],
        order=(number,),
        tolerance_ma=TOLERANCE_MA,
        **settings,
    )


def shares(claims: list[Claim], free_ma: list[int]) -> list[int]:
    allocate(claims, free_ma)
    return [each.share_ma for each in claims]


def test_equal_cars_share_equally_and_the_odd_step_goes_to_the_first() -> None:
    assert shares([claim(1), claim(2), claim(3)], [50_000] * 3) == [16_000, 16_000, 16_000]
    assert shares([claim(1), claim(2), claim(3)], [51_800] * 3) == [17_000, 17_000, 16_000]


def test_who_already_has_the_odd_step_keeps_it() -> None:
    assert shares([claim(1), claim(2, has_ma=17_000)], [34_400] * 3) == [16_000, 17_000]


def test_what_a_small_car_cannot_take_goes_to_the_others() -> None:
    assert shares([claim(1, cap_ma=8_000), claim(2), claim(3)], [51_800] * 3) == [8_000, 21_000, 21_000]


def test_one_phase_cars_do_not_take_from_other_phases() -> None:
    claims = [claim(1, phases=(0,)), claim(2, phases=(1,)), claim(3)]
    assert shares(claims, [31_200] * 3) == [15_000, 15_000, 15_000]
    assert shares([claim(1, phases=(0,)), claim(2, phases=(1,))], [31_200] * 3) == [30_000, 30_000]


def test_a_full_feeder_stops_its_own_members_only() -> None:
    claims = [claim(1, path=(1, 0)), claim(2, path=(1, 0)), claim(3, path=(2, 0))]
    free = [60_000] * 3 + [17_200] * 3 + [40_000] * 3
    assert shares(claims, free) == [8_000, 8_000, 32_000]
    assert [each.stopped_by for each in claims] == [3, 3, NO_ROOM]


def test_who_does_not_fit_with_his_minimum_waits_and_says_for_what() -> None:
    claims = [claim(1), claim(2), claim(3)]
    assert shares(claims, [14_000] * 3) == [6_000, 6_000, 0]
    assert claims[2].stopped_by == 0
    assert not claims[2].is_admitted


def test_a_higher_tier_eats_first() -> None:
    claims = [claim(1), claim(2, tier=5)]
    assert shares(claims, [30_000] * 3) == [0, 29_000]
    assert shares([claim(1), claim(2, tier=5)], [40_000] * 3) == [6_000, 32_000]


def test_small_steps_do_not_run_away_from_a_neighbour_with_larger_ones() -> None:
    claims = [claim(1, step_ma=100, cap_ma=8_000), claim(2, step_ma=500, cap_ma=8_000)]
    assert shares(claims, [15_800] * 3) == [7_500, 7_000]


def test_the_names_of_phases_do_not_decide_which_of_two_that_fill_at_once_comes_first() -> None:
    def named(*names: int) -> list[int]:
        rows = [
            ((2,), 100, {"min_ma": 6_427, "idle_ma": 7_027}),
            ((0,), 500, {}),
            ((1, 2), 700, {}),
            ((0, 1, 2), 700, {"min_ma": 7_676, "has_ma": 25_900}),
            ((0, 1, 2), 100, {"has_ma": 30_600}),
            ((1,), 1_000, {"has_ma": 26_000, "idle_ma": 6_600}),
            ((1, 2), 1_000, {"idle_ma": 6_600}),
            ((0, 1, 2), 100, {"has_ma": 22_200}),
            ((0, 1, 2), 1_000, {"has_ma": 11_000, "idle_ma": 6_600}),
            ((0,), 1_000, {}),
        ]
        claims = [
            claim(number, phases=[names[phase] for phase in phases], step_ma=step_ma, **options)
            for number, (phases, step_ma, options) in enumerate(rows)
        ]
        return shares(claims, [52_091] * 3)

    assert named(0, 1, 2) == named(0, 2, 1) == named(2, 1, 0)


def test_a_larger_minimum_is_kept_while_the_others_catch_up() -> None:
    assert shares([claim(1, min_ma=14_000), claim(2)], [22_200] * 3) == [14_000, 7_000]


def test_a_circuit_over_its_limit_admits_nobody() -> None:
    assert shares([claim(1), claim(2)], [-5_000] * 3) == [0, 0]


def test_until_pausing_is_proven_the_minimum_is_counted_anyway() -> None:
    claims = [claim(1, idle_ma=6_600), claim(2, idle_ma=6_600)]
    free = [13_000] * 3
    assert shares(claims, free) == [0, 0]
    assert free == [-200] * 3


LOTS = st.tuples(
    st.lists(
        st.tuples(
            st.sampled_from(PATHS),
            st.sampled_from(PHASES),
            st.integers(6, 14),
            st.integers(6, 63),
            st.integers(0, 2),
            st.sampled_from([100, 500, 1_000]),
        ),
        max_size=14,
    ),
    st.lists(st.integers(-5_000, 160_000), min_size=CIRCUITS * 3, max_size=CIRCUITS * 3),
)


def make(rows) -> list[Claim]:
    return [
        claim(
            number, path, phases, min_ma=low * 1_000, cap_ma=max(low, high) * 1_000, tier=tier, step_ma=step
        )
        for number, (path, phases, low, high, tier, step) in enumerate(rows)
    ]


@settings(max_examples=400, deadline=None)
@given(LOTS)
def test_nothing_is_overfilled_and_every_share_is_zero_or_within_its_bounds(lot) -> None:
    rows, free = lot
    claims = make(rows)
    left = list(free)
    allocate(claims, left)
    for room, before in enumerate(free):
        used = sum(each.share_ma + TOLERANCE_MA for each in claims if room in each.rooms and each.share_ma)
        assert before - used == left[room]
        assert left[room] >= min(0, before)
    for each in claims:
        assert each.share_ma == 0 or each.min_ma <= each.share_ma <= each.cap_ma
        assert each.share_ma % each.step_ma == 0


@settings(max_examples=400, deadline=None)
@given(LOTS)
def test_nobody_can_be_raised_by_a_step_but_at_the_cost_of_an_equal_or_smaller_one(lot) -> None:
    rows, free = lot
    claims = make(rows)
    left = list(free)
    allocate(claims, left)
    for one in claims:
        if not one.share_ma or one.share_ma + one.step_ma > one.cap_ma:
            continue
        blocking = [room for room in one.rooms if left[room] < one.step_ma]
        held_back = [room for room in one.rooms if is_held_by_a_larger_step(one, room, claims, left)]
        assert blocking or held_back, f"{one.evse} could have {one.step_ma} mA more"
        assert any(is_fair(one, room, claims) for room in blocking or held_back)


def is_held_by_a_larger_step(one: Claim, room: int, claims: list[Claim], left: list[int]) -> bool:
    """Somebody smaller there waits for a step that does not fit: small steps must not run away from him."""
    return any(
        room in other.rooms
        and other.tier == one.tier
        and 0 < other.share_ma < other.cap_ma
        and left[room] < other.step_ma
        and other.share_ma + other.step_ma < one.share_ma + one.step_ma
        for other in claims
    )


def is_fair(one: Claim, room: int, claims: list[Claim]) -> bool:
    """Nobody of the same or a lower tier on this room has more than a step above `one` to give."""
    return all(
        other.share_ma <= max(one.share_ma + max(one.step_ma, other.step_ma), other.min_ma)
        for other in claims
        if room in other.rooms and other.tier <= one.tier and other.share_ma
    )


@settings(max_examples=200, deadline=None)
@given(LOTS, st.randoms(use_true_random=False))
def test_the_order_of_configuration_does_not_matter(lot, chance) -> None:
    rows, free = lot
    claims = make(rows)
    allocate(claims, list(free))
    shuffled = make(rows)
    chance.shuffle(shuffled)
    allocate(shuffled, list(free))
    again = {each.evse: each.share_ma for each in shuffled}
    assert {each.evse: each.share_ma for each in claims} == again


@settings(max_examples=200, deadline=None)
@given(LOTS, st.permutations([0, 1, 2]))
def test_relabelling_the_phases_relabels_nothing_but_the_phases(lot, names) -> None:
    rows, free = lot
    claims = make(rows)
    allocate(claims, list(free))
    renamed = make([(path, tuple(names[p] for p in phases), *rest) for path, phases, *rest in rows])
    moved = list(free)
    for circuit in range(CIRCUITS):
        for phase in range(3):
            moved[circuit * 3 + names[phase]] = free[circuit * 3 + phase]
    allocate(renamed, moved)
    assert [each.share_ma for each in claims] == [each.share_ma for each in renamed]
