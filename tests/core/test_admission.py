"""Who is admitted when not everybody fits: nearly as many as a perfect choice, and in a fair order."""

import random
from itertools import combinations

from edge.core.admission import admit
from edge.core.claim import Claim

PHASES = ((0,), (1,), (2,), (0, 1), (0, 1, 2), (0, 1, 2))


def claim(number: int, phases=(0, 1, 2), feeder: int = 0, **options) -> Claim:
    defaults = {"min_ma": 6_000, "cap_ma": 32_000, "step_ma": 1_000, "tier": 0, "idle_ma": 0}
    rooms = [3 + feeder * 3 + phase for phase in phases] + list(phases)
    return Claim(evse=f"{number:02}", rooms=rooms, order=(number,), tolerance_ma=600, **(defaults | options))


def names(admitted: list[Claim]) -> list[str]:
    return [each.evse for each in admitted]


def test_one_three_phase_car_that_has_not_begun_gives_way_to_three_one_phase_cars() -> None:
    claims = [claim(0), claim(1, (0,)), claim(2, (1,)), claim(3, (2,))]
    free = [6_600] * 6
    assert names(admit(claims, free)) == ["01", "02", "03"]
    assert free == [0] * 6
    assert claims[0].stopped_by == 3


def test_who_charges_already_is_not_sent_away() -> None:
    claims = [claim(0, has_ma=6_000), claim(1, (0,)), claim(2, (1,)), claim(3, (2,))]
    assert names(admit(claims, [6_600] * 6)) == ["00"]


def test_nobody_gives_way_to_those_who_were_served_more() -> None:
    claims = [claim(0), claim(1, (0,), turn=1), claim(2, (1,), turn=1), claim(3, (2,), turn=1)]
    assert names(admit(claims, [6_600] * 6)) == ["00"]


def test_an_exchange_that_gains_nobody_is_not_made() -> None:
    claims = [claim(0), claim(1), claim(2)]
    assert names(admit(claims, [13_200] * 6)) == ["00", "01"]


def test_who_fits_beside_those_that_were_exchanged_does_not_wait() -> None:
    claims = [claim(0), claim(1, (0,), turn=1), claim(2, (1,)), claim(3, (2,))]
    assert names(admit(claims, [6_600] * 6)) == ["01", "02", "03"], "02 and 03 took the place of 00"


def test_what_is_exchanged_behind_one_feeder_changes_nothing_behind_another() -> None:
    improved = [
        claim(0, (0, 1), min_ma=8_000),
        claim(1, (0,), min_ma=8_000),
        claim(2, (0, 1)),
        claim(3, (0, 1)),
    ]
    beside = [claim(8, (0,), feeder=1, min_ma=8_000), claim(9, (0,), feeder=1)]
    free = [80_000] * 3 + [13_200] * 3 + [8_600] * 3
    assert names(admit(improved + beside, free)) == ["02", "03", "08"]


def test_together_they_are_at_least_99_5_percent_of_a_perfect_choice() -> None:
    chance = random.Random(20_261_122)
    chosen = perfect = 0
    for _ in range(150):
        size = chance.randint(5, 11)
        claims = [
            claim(n, chance.choice(PHASES), chance.randrange(2), min_ma=chance.choice([6_000, 6_000, 8_000]))
            for n in range(size)
        ]
        free = [chance.randint(0, size * 5_000) for _ in range(3)] + [
            chance.randint(0, size * 3_000) for _ in range(6)
        ]
        left = list(free)
        chosen += len(admit(claims, left))
        assert min(left) >= 0
        perfect += most(claims, free)
    assert chosen >= 0.995 * perfect, f"{chosen} of {perfect}"


def most(claims: list[Claim], free: list[int]) -> int:
    """The largest number that fits, by trying all."""
    for count in range(len(claims), 0, -1):
        for some in combinations(claims, count):
            load = [0] * len(free)
            for each in some:
                for room in each.rooms:
                    load[room] += each.cost_ma
            if all(used <= there for used, there in zip(load, free, strict=True)):
                return count
    return 0
