"""Random allocations and their judge: what invariants 1 to 5 ask of a single call, worked out apart.

An instance is drawn from one seed alone: a tree of circuits up to four deep, cars on one, two or three
phases with steps, minima, caps, tiers and turns of their own, and what every room (a phase of a circuit) has
left: plenty, little, nothing, or less than nothing.
"""

from dataclasses import dataclass, field, replace
from random import Random

from edge.core.allocation import allocate
from edge.core.claim import Claim

TOLERANCE_MA = 600
DEEPEST = 4
ROUNDING_MA = 3  # levels are whole mA in the rule; each event may lose one
EPSILON = 1e-6
PHASES = (0, 1, 2)
WIRINGS = ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2), PHASES, PHASES, PHASES)
STEPS_MA = (1_000, 1_000, 1_000, 100, 500, 700)
RENAMED = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    name: str
    circuit: int
    phases: tuple[int, ...]
    min_ma: int
    cap_ma: int
    step_ma: int
    tier: int
    turn: int
    has_ma: int
    arrived: int
    idle_ma: int
    need_ma: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`parents` of the circuits, None for a root; `free_ma` of room 3 x circuit + phase."""

    parents: tuple[int | None, ...]
    cars: tuple[Car, ...]
    free_ma: tuple[int, ...]

    def path(self, circuit: int) -> list[int]:
        """From the circuit to its root."""
        way, here = [], circuit
        while here is not None:
            way.append(here)
            here = self.parents[here]
        return way

    def rooms(self, car: Car) -> tuple[int, ...]:
        return tuple(
            3 * circuit + phase for circuit in self.path(car.circuit) for phase in sorted(car.phases)
        )

    def claims(self) -> list[Claim]:
        return [self.claim(car) for car in self.cars]

    def claim(self, car: Car) -> Claim:
        return Claim(
            evse=car.name,
            rooms=self.rooms(car),
            min_ma=car.min_ma,
            cap_ma=car.cap_ma,
            step_ma=car.step_ma,
            tier=car.tier,
            order=(car.turn, car.has_ma == 0, car.arrived, car.name),
            tolerance_ma=TOLERANCE_MA,
            idle_ma=car.idle_ma,
            has_ma=car.has_ma,
            turn=car.turn,
            need_ma=car.need_ma,
        )


def drawn(chance: Random, *, cars: int = 14, needs: bool = False) -> Instance:
    """One instance. Every third has one size of step, one tier or cars that are alike.

    `needs`: in every second some say what they need.
    """
    parents: list[int | None] = [None]
    deep = [1]
    for _ in range(chance.randrange(7)):
        above = chance.choice([number for number, depth in enumerate(deep) if depth < DEEPEST])
        parents.append(above)
        deep.append(deep[above] + 1)
    steps = STEPS_MA if chance.random() < 0.67 else (chance.choice(STEPS_MA),)
    tiers = chance.choice([1, 1, 3])
    count = chance.randrange(cars + 1)
    fleet = [_car(chance, number, len(parents), steps, tiers) for number in range(count)]
    if fleet and chance.random() < 0.2:
        fleet = [replace(fleet[0], name=car.name, circuit=car.circuit) for car in fleet]
    if needs and chance.random() < 0.5:
        fleet = [replace(car, need_ma=chance.choice([None, chance.randrange(40_000)])) for car in fleet]
    free_ma: list[int] = []
    for _ in parents:
        most_ma = chance.choice([16_000, 40_000, 80_000, 200_000])
        alike = chance.random() < 0.4
        level_ma = _left(chance, most_ma)
        free_ma.extend(level_ma if alike else _left(chance, most_ma) for _ in PHASES)
    return Instance(parents=tuple(parents), cars=tuple(fleet), free_ma=tuple(free_ma))


def _left(chance: Random, most_ma: int) -> int:
    kind = chance.random()
    if kind < 0.04:
        return -chance.randrange(1, 60_000)
    if kind < 0.06:
        return 0
    return chance.randrange(most_ma)


def _car(chance: Random, number: int, circuits: int, steps: tuple[int, ...], tiers: int) -> Car:
    min_ma = 6_000 if chance.random() < 0.7 else chance.randrange(6_000, 14_000)
    kind = chance.random()
    if kind < 0.05:
        cap_ma = chance.randrange(6_000)  # below every minimum
    else:
        cap_ma = 32_000 if kind < 0.5 else chance.randrange(min_ma, 63_001)
    step_ma = chance.choice(steps)
    return Car(
        name=f"bay-{number:02}",
        circuit=chance.randrange(circuits),
        phases=chance.choice(WIRINGS),
        min_ma=min_ma,
        cap_ma=cap_ma,
        step_ma=step_ma,
        tier=chance.randrange(tiers),
        turn=chance.choice([0, 0, 0, 1, 2]),
        has_ma=0 if chance.random() < 0.5 else chance.randrange(min_ma, 33_000) // step_ma * step_ma,
        arrived=chance.randrange(4),
        idle_ma=0 if chance.random() < 0.8 else min_ma + TOLERANCE_MA,
    )


@dataclass(slots=True)
class Answer:
    """What an allocation did with an instance. `left_ma`: after everything that counts, per room."""

    instance: Instance
    claims: list[Claim]
    left_ma: list[int] = field(default_factory=list)

    def share_ma(self) -> dict[str, int]:
        return {claim.evse: claim.share_ma for claim in self.claims}


def answered(instance: Instance, *, rule=allocate) -> Answer:
    claims = instance.claims()
    rule(claims, list(instance.free_ma))
    left_ma = list(instance.free_ma)
    for claim in claims:
        counts_ma = claim.share_ma + TOLERANCE_MA if claim.share_ma else claim.idle_ma
        for room in claim.rooms:
            left_ma[room] -= counts_ma
    return Answer(instance, claims, left_ma)


def violations(instance: Instance, chance: Random, *, rule=allocate) -> list[str]:
    """Everything that is wrong with the answer to this instance; empty when nothing is."""
    answer = answered(instance, rule=rule)
    return (
        overfilled(answer)
        + out_of_bounds(answer)
        + left_at_nothing(answer)
        + unfair(answer)
        + dependent(answer, chance, rule)
    )


def overfilled(answer: Answer) -> list[str]:
    """1 and 5: nobody is given anything in a room that carries more than it has."""
    return [
        f"1: {claim.evse} has {claim.share_ma} mA in room {room}, which lacks {-answer.left_ma[room]}"
        for claim in answer.claims
        if claim.share_ma
        for room in claim.rooms
        if answer.left_ma[room] < 0
    ]


def out_of_bounds(answer: Answer) -> list[str]:
    """2: nothing, or within minimum and cap on the step, and never below 6 A."""
    found = []
    for car, claim in zip(answer.instance.cars, answer.claims, strict=True):
        share_ma = claim.share_ma
        is_allowed = (
            car.min_ma <= share_ma <= car.cap_ma and share_ma % car.step_ma == 0 and share_ma >= 6_000
        )
        if share_ma != 0 and not is_allowed:
            found.append(f"2: {car.name} has {share_ma} mA")
    return found


def left_at_nothing(answer: Answer) -> list[str]:
    """3: nobody whose minimum still fits is left at nothing."""
    return [
        f"3: {claim.evse} waits, though its minimum fits"
        for claim in answer.claims
        if not claim.share_ma
        and claim.cap_ma >= claim.min_ma
        and all(answer.left_ma[room] >= max(0, claim.cost_ma) for room in claim.rooms)
    ]


def unfair(answer: Answer) -> list[str]:
    """3: nobody has a step less than the exact max-min share of his need, nor could have one that is left."""
    found = []
    for claim, level_ma in exact_shares(answer):
        if claim.share_ma <= level_ma - claim.step_ma - ROUNDING_MA:
            found.append(f"3: {claim.evse} has {claim.share_ma} mA, the exact share is {level_ma:.0f}")
    found += [
        f"3: {one.evse} with {one.share_ma} mA could have {one.step_ma} more"
        for one in answer.claims
        if one.share_ma and one.share_ma + one.step_ma <= one.cap_ma and not _is_stopped(answer, one)
    ]
    found += [
        f"3: {rich.evse} has {rich.share_ma - rich.need_ma} mA more than he needs, {poor.evse} lacks some"
        for poor in answer.claims
        if 0 < poor.share_ma <= poor.need_ma - poor.step_ma
        if len({claim.step_ma for claim in answer.claims}) == 1  # else a smaller one may hold him back
        for rich in answer.claims
        if rich.tier == poor.tier and rich.share_ma - rich.need_ma >= poor.step_ma + ROUNDING_MA
        if all(answer.left_ma[room] >= poor.step_ma or room in rich.rooms for room in poor.rooms)
    ]
    return found


def exact_shares(answer: Answer) -> list[tuple[Claim, float]]:
    """For all admitted the max-min share of their needs in each tier, after what higher tiers really got."""
    shares = []
    free_ma = [float(free) for free in answer.instance.free_ma]
    for claim in answer.claims:
        for room in claim.rooms:
            free_ma[room] -= claim.idle_ma
    for tier in sorted({claim.tier for claim in answer.claims}, reverse=True):
        members = [claim for claim in answer.claims if claim.tier == tier and claim.share_ma]
        fixed_ma = [TOLERANCE_MA - claim.idle_ma for claim in members]
        shares.extend(zip(members, filled(members, fixed_ma, free_ma), strict=True))
        for claim, fixed in zip(members, fixed_ma, strict=True):
            for room in claim.rooms:
                free_ma[room] -= claim.share_ma + fixed
    return shares


def filled(members: list[Claim], fixed_ma: list[int], free_ma: list[float]) -> list[float]:
    """Progressive filling as in the textbook: raise all who rise until a cap is reached or a room is full.

    `fixed_ma`: what counts for each member beside its share; `free_ma` per room.
    """
    at_ma = [float(claim.min_ma) for claim in members]
    there: dict[int, list[int]] = {}
    left_ma: dict[int, float] = {}  # of each room for those who still rise
    for index, claim in enumerate(members):
        for room in claim.rooms:
            there.setdefault(room, []).append(index)
            left_ma[room] = left_ma.get(room, free_ma[room]) - fixed_ma[index]
    rising = set(range(len(members)))
    while rising:
        full_at_ma = {
            room: _full_at(left_ma[room], [members[i].min_ma for i in there[room]]) for room in there
        }
        level_ma = min([*full_at_ma.values(), *(members[index].need_ma for index in rising)])
        full = [room for room, at in full_at_ma.items() if at <= level_ma + EPSILON]
        stopped = {index for room in full for index in there[room]}
        stopped |= {index for index in rising if members[index].need_ma <= level_ma + EPSILON}
        for index in stopped:
            at_ma[index] = min(members[index].need_ma, max(members[index].min_ma, level_ma))
            for room in members[index].rooms:
                left_ma[room] -= at_ma[index]
                there[room].remove(index)
                if not there[room]:
                    del there[room]
        rising -= stopped
    return at_ma


def _full_at(left_ma: float, minima_ma: list[int]) -> float:
    """The level at which those with these minima fill what is left; nobody is below his own."""
    minima_ma.sort()
    above_ma = sum(minima_ma)
    for count, min_ma in enumerate(minima_ma, 1):
        above_ma -= min_ma
        level_ma = (left_ma - above_ma) / count
        if count == len(minima_ma) or level_ma <= minima_ma[count]:
            return level_ma
    raise ValueError("a room without members is never full")


def _is_stopped(answer: Answer, one: Claim) -> bool:
    """Whether a step more of `one` does not fit, or would run away from a smaller one whose own does not."""
    for room in one.rooms:
        if answer.left_ma[room] < one.step_ma:
            return True
        for other in answer.claims:
            if (
                room in other.rooms
                and other.tier == one.tier
                and 0 < other.share_ma <= other.cap_ma - other.step_ma
                and answer.left_ma[room] < other.step_ma
                and other.share_ma + other.step_ma < one.share_ma + one.step_ma
            ):
                return True
    return False


def dependent(answer: Answer, chance: Random, rule) -> list[str]:
    """4: neither the order, nor the names of phases, nor what hangs on another root changes anything."""
    instance, before = answer.instance, answer.share_ma()
    cars = list(instance.cars)
    chance.shuffle(cars)
    renamed = chance.choice(RENAMED)
    moved = list(instance.free_ma)
    for room, free_ma in enumerate(instance.free_ma):
        moved[room // 3 * 3 + renamed[room % 3]] = free_ma
    turned = tuple(
        replace(car, phases=tuple(renamed[phase] for phase in car.phases)) for car in instance.cars
    )
    others = {
        "the order of the site file": replace(instance, cars=tuple(cars)),
        "the names of the phases": replace(instance, cars=turned, free_ma=tuple(moved)),
        "an unrelated subtree": beside(instance, drawn(chance, cars=6)),
    }
    found = []
    for what, other in others.items():
        after = answered(other, rule=rule).share_ma()
        changed = {name: (before[name], after[name]) for name in before if after[name] != before[name]}
        if changed:
            found.append(f"4: {what} changes {changed}")
    return found


def beside(instance: Instance, other: Instance) -> Instance:
    """Both in one allocation, with nothing in common but the call."""
    offset = len(instance.parents)
    parents = tuple(None if above is None else above + offset for above in other.parents)
    cars = tuple(replace(car, name="other-" + car.name, circuit=car.circuit + offset) for car in other.cars)
    return Instance(
        parents=instance.parents + parents,
        cars=cars[: len(cars) // 2] + instance.cars + cars[len(cars) // 2 :],
        free_ma=instance.free_ma + other.free_ma,
    )
