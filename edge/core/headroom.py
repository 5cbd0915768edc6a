"""What every circuit leaves to our chargers this cycle, phase by phase, and whether it may rise there."""

from edge.core import background, calm, failsafe
from edge.core.background import Draw
from edge.core.circuit import Tree
from edge.core.image import CircuitView, DemandView, Image, MeterImage
from edge.core.limits import Bounds, circuit_bounds, in_force
from edge.core.memory import Memory
from edge.core.quantities import NOTHING, everywhere, larger, minus, on_phases, plus, smaller
from edge.core.standing import Standing

EXPLAINED_MS = 30_000  # for so long a raised offer explains a rise of the meter
EXPLAINED_SAMPLED_MS = 150_000  # where samples come, if late: one of a minute ago, a minute under way


class Headroom:
    """One circuit in one cycle. `left_ma`: limit - background, at most a limit on our chargers together.

    `uneven_ma`: how much load our chargers may put on a phase alone (unbalance.py), None: any;
    `uneven_words`: what says so, for each phase.
    `measured_ma`: what its meter says, None where that is not believed. `used_permille`: how much of what
    its protection bears is used up, None where it bears nothing. `restless_ma`: how much of `left_ma` a
    rise may not count on (calm.py).
    """

    __slots__ = (
        "background_ma",
        "bounds",
        "demand",
        "demand_ma",
        "is_borne",
        "is_settling",
        "left_ma",
        "measured_ma",
        "meter",
        "most_ma",
        "name",
        "restless_ma",
        "uneven_ma",
        "uneven_words",
        "used_permille",
    )

    def __init__(
        self,
        name: str,
        *,
        meter: str,
        bounds: Bounds,
        background_ma: tuple[int, int, int],
        is_settling: bool,
        measured_ma: tuple[int, int, int] | None = None,
    ) -> None:
        self.name = name
        self.meter = meter
        self.bounds = bounds
        self.background_ma = background_ma
        self.is_settling = is_settling
        self.measured_ma = measured_ma
        self.most_ma: int | None = None
        self.is_borne = False
        self.restless_ma = NOTHING
        self.used_permille: int | None = None
        self.demand: DemandView | None = None
        self.demand_ma: tuple[int, int, int] | None = None
        self.left_ma = minus(bounds.limit(), background_ma)
        self.uneven_ma: tuple[int, int, int] | None = None
        self.uneven_words = ("", "", "")
        self._narrow()

    def confine(self, demand_ma: tuple[int, int, int], demand: DemandView) -> None:
        """Leave our chargers together at most `demand_ma`, for the sake of a demand window."""
        self.demand = demand
        self.demand_ma = demand_ma
        self._narrow()

    def bear(self, booked_ma: tuple[int, int, int]) -> None:
        """Leave our chargers what is booked for them although the rating leaves less; nothing rises."""
        self.is_borne = True
        self.left_ma = larger(minus(self.bounds.limit(), self.background_ma), booked_ma)
        self._narrow()

    def carry(self, most_ma: int) -> None:
        """What the building feeds in makes room below the fuse, but no conductor thicker."""
        self.most_ma = most_ma
        self._narrow()

    def _narrow(self) -> None:
        if self.most_ma is not None:
            self.left_ma = smaller(self.left_ma, everywhere(self.most_ma))
        if self.bounds.chargers_ma is not None:
            self.left_ma = smaller(self.left_ma, everywhere(self.bounds.chargers_ma))
        if self.demand_ma is not None:
            self.left_ma = smaller(self.left_ma, self.demand_ma)

    @property
    def may_rise(self) -> bool:
        """Whether an EVSE behind it may be raised at all."""
        return self.meter != failsafe.LATE and not self.is_settling and not self.is_borne

    @property
    def holds_by(self) -> str:
        """The word of the reason why nothing may rise behind it."""
        if self.is_borne:
            return "overload"
        return "settling" if self.is_settling else "late"

    def is_held_by_demand(self, phase: int) -> bool:
        """Whether it is the demand window that leaves no more on that phase."""
        return self.demand_ma is not None and self.demand_ma[phase] <= self.left_ma[phase]

    @property
    def is_failsafe(self) -> bool:
        """Whether the background is an assumption because the meter cannot be believed."""
        return self.meter in (failsafe.STALE, failsafe.FROZEN, failsafe.NEVER)

    def bound_uneven(self, most_ma: tuple[int, int, int], word: str) -> None:
        """Bound what our chargers may put on a phase alone; the smallest bound wins and is the reason."""
        if self.uneven_ma is None:
            self.uneven_ma, self.uneven_words = most_ma, (word, word, word)
            return
        before_ma, words = self.uneven_ma, self.uneven_words
        self.uneven_words = (
            word if most_ma[0] < before_ma[0] else words[0],
            word if most_ma[1] < before_ma[1] else words[1],
            word if most_ma[2] < before_ma[2] else words[2],
        )
        self.uneven_ma = smaller(before_ma, most_ma)

    def view(self, booked_ma: tuple[int, int, int]) -> CircuitView:
        """For the decision."""
        return CircuitView(
            name=self.name,
            limit_ma=self.bounds.limit(),
            limit_name=self.bounds.limit_name,
            background_ma=self.background_ma,
            booked_ma=booked_ma,
            meter=self.meter,
            is_settling=self.is_settling,
            is_borne=self.is_borne,
            used_permille=self.used_permille,
            demand=self.demand,
        )


def survey(memory: Memory, image: Image, standing: dict[str, Standing], now_ms: int) -> dict[str, Headroom]:
    """The headroom of every circuit; remembers the readings and the backgrounds."""
    tree = memory.lot.tree
    bounds = circuit_bounds(tree, in_force(image.limits, now_ms))
    meters = {meter.circuit: meter for meter in image.meters}
    draws = _draws(memory, standing, now_ms)
    rooms: dict[str, Headroom] = {}
    restless = _restless(standing)
    for name in reversed(tree.names):  # children first
        if name in memory.histories:
            meter = meters.get(name)
            rooms[name] = _metered(memory, name, meter, bounds[name], draws[name], now_ms)
            if rooms[name].measured_ma is not None:
                _look_back(memory, rooms[name], now_ms, is_sure=name not in restless)
            if memory.neutrals[name].readings or (meter is not None and meter.neutral_ma is not None):
                _bound_neutral(memory, rooms[name], meter, _uneven_draws(memory, standing, name, now_ms))
        else:
            assumed = _unmetered_background(tree, name, rooms)
            rooms[name] = Headroom(
                name, meter=failsafe.NONE, bounds=bounds[name], background_ma=assumed, is_settling=False
            )
    for name in tree.names:
        most_ma = tree.circuits[name].unbalance_max_ma
        if most_ma is not None:
            rooms[name].bound_uneven(everywhere(most_ma), "unbalance")
    return rooms


def _metered(
    memory: Memory, name: str, meter: MeterImage | None, bounds: Bounds, draws: list[Draw], now_ms: int
) -> Headroom:
    history = memory.histories[name]
    state = failsafe.meter_state(meter, memory.lot.stale_after_ms[name], now_ms)
    if meter is None or meter.current_ma is None or not failsafe.is_believed(state):
        assumed = larger(everywhere(memory.lot.tree.building_max_ma(name)), history.last_ma)
        return Headroom(name, meter=state, bounds=bounds, background_ma=assumed, is_settling=False)
    background.remember(history, meter, meter.current_ma, bounds.limit_ma)
    explained, unexplained = background.estimate(history, draws)
    if max(meter.current_ma) > bounds.limit_ma or max(history.readings[-1][1:4]) > bounds.limit_ma:
        explained = unexplained
    history.last_ma = explained
    room = Headroom(
        name,
        meter=state,
        bounds=bounds,
        background_ma=explained,
        is_settling=explained != unexplained,
        measured_ma=meter.current_ma,
    )
    room.carry(max(bounds.limit_ma, memory.lot.tree.circuits[name].rating_ma))
    return room


def _restless(standing: dict[str, Standing]) -> set[str]:
    """The circuits behind which a car may still be on its way to its offer, or was when it was sampled."""
    found: set[str] = set()
    for one in standing.values():
        changed_ms, seen = one.pace.changed_ms, one.seen
        if changed_ms is not None and seen.has_car and seen.sampled_ms < changed_ms + seen.follow_ms:
            found.update(one.path)
    return found


def _look_back(memory: Memory, room: Headroom, now_ms: int, *, is_sure: bool) -> None:
    """How far a rise may count on the room."""
    peaks = memory.peaks[room.name]
    if is_sure and not room.is_settling:
        calm.note(peaks, room.background_ma, memory.lot.hold_up_ms, now_ms)
    room.restless_ma = calm.above(peaks, room.background_ma, memory.lot.hold_up_ms, now_ms)


def _bound_neutral(memory: Memory, room: Headroom, meter: MeterImage | None, draws: list[Draw]) -> None:
    """A measured neutral is a fourth phase: bounded by the circuit's rating (unbalance.py says how)."""
    history = memory.neutrals[room.name]
    if meter is not None and meter.neutral_ma is not None and not room.is_failsafe:
        neutral_ma = everywhere(max(0, meter.neutral_ma))
        background.remember_unsigned(history, meter, neutral_ma)
        explained, unexplained = background.estimate(history, draws)
        if max(neutral_ma) > memory.lot.tree.circuits[room.name].rating_ma:
            explained = neutral_ma  # nobody knows by how much less a lower offer would make it
        history.last_ma = explained
        room.is_settling = room.is_settling or explained != unexplained
    elif history.readings:
        explained = larger(everywhere(memory.lot.tree.building_max_ma(room.name)), history.last_ma)
    else:
        return
    room.bound_uneven(minus(memory.lot.tree.rating(room.name), explained), "neutral")


def _unmetered_background(tree: Tree, name: str, rooms: dict[str, Headroom]) -> tuple[int, int, int]:
    """What was configured, or what the circuits below are known to draw when that is more."""
    below = NOTHING
    for child in tree.children(name):
        below = plus(below, larger(rooms[child].background_ma, NOTHING))  # a surplus may end at any moment
    return larger(everywhere(tree.building_max_ma(name)), below)


def _draws(memory: Memory, standing: dict[str, Standing], now_ms: int) -> dict[str, list[Draw]]:
    """What the EVSEs below each metered circuit take of its meter's readings."""
    draws: dict[str, list[Draw]] = {name: [] for name in memory.histories}
    for evse in memory.lot.evses:
        one = standing[evse.id]
        draw = _draw(one, now_ms)
        for name in one.path:
            if name in draws:
                draws[name].append(draw)
    return draws


def _uneven_draws(memory: Memory, standing: dict[str, Standing], name: str, now_ms: int) -> list[Draw]:
    """The parts of those below the circuit whose current returns through its neutral."""
    everybody = [standing[evse.id] for evse in memory.lot.evses]
    return [_draw(one, now_ms) for one in everybody if name in one.path and one.is_uneven]


def _draw(one: Standing, now_ms: int) -> Draw:
    """Taken off where it is booked: an unknown wiring counts on every phase in both, and the sum is right."""
    sampled = NOTHING if one.flowing_ma is None else one.flowing_ma
    sampled_ms = one.seen.sampled_ms
    pace = one.pace
    left = sampled
    if pace.lowest_ma is not None:
        left = smaller(sampled, on_phases(pace.lowest_ma, one.phases))
    gone = NOTHING if left is sampled else minus(sampled, left)
    gone_ms = pace.lowest_ms + one.seen.follow_ms
    raised_ms = pace.raised_ms
    is_told = one.flowing_ma is not None and one.book.is_sure  # else nobody knows that there is more to come
    explained_ms = EXPLAINED_SAMPLED_MS if is_told else EXPLAINED_MS
    if raised_ms is None or now_ms - raised_ms > explained_ms or sampled_ms >= raised_ms + one.seen.follow_ms:
        return Draw(sampled=sampled, sampled_ms=sampled_ms, gone=gone, gone_ms=gone_ms)
    offered = on_phases(min(pace.setpoint_ma, one.held_ma), one.phases)
    return Draw(
        sampled=sampled,
        sampled_ms=sampled_ms,
        gone=gone,
        gone_ms=gone_ms,
        explained=larger(NOTHING, minus(offered, left)),
        raised_ms=raised_ms,
    )
