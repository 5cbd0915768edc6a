"""One phase or three: when an EVSE that can connect its first phase alone is switched, and how.

6 A on three phases need room on all of them; where one is scarce, 6 A on the first phase may still fit. So an
EVSE whose car waits for room is switched to one phase when that would let it charge, and back when its
minimum fits on all three with 2 A to spare; either must be true for a minute, and at least 15 minutes lie
between two changes.

| stage    | meanwhile                                              | ends when                     |
|----------|--------------------------------------------------------|-------------------------------|
| steady   | it charges, or waits, on what is connected             | the other way is better       |
| stopping | offered 0 A; again 5 s after a change that failed      | 0 A is confirmed and measured |
| changing | it is told to connect the others, still at 0 A         | it confirms                   |
| resting  | 0 A, so that the car sees a pause and not a fault      | 10 s later                    |

A car sees the change as a pause; no current flows while contactors move. The book stays at the worst case
over both: one phase counts only from the confirmation that only one is connected, all of the EVSE's from the
moment at which another was told, and from every boot or lost link on. Current on a phase that should not be
connected makes it unknown again at once. Who refuses, or does not answer three times, is left as he is until
he boots.
"""

from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, REFUSED, OfferResult
from edge.core.learning import ACTIVE_MA, STOPPED_MA, Habit
from edge.core.ledger import RETRY_MS, Book
from edge.core.record import Record

STEADY = "steady"
STOPPING = "stopping"
CHANGING = "changing"
RESTING = "resting"

ONE = 1
THREE = 3
EVERY_MS = 900_000  # between two changes: contactors and cars wear out
LASTS_MS = 60_000
REST_MS = 10_000
SPARE_MA = 2_000
TRIES = 3


class Switch(Record):
    """What is known of one EVSE's phases. `connected`: 1 or 3, None when nobody knows; then all count.

    `wanted`: what it is being switched to, or would be better since `better_ms`. `number`: of the offer that
    tells it, `tries` how often that got no answer. `stage_ms`: since when the stage lasts; `changed_ms`: of
    the last change, None before the first. `is_unable`: it is not asked any more.
    """

    FIELDS = (
        "evse",
        "connected",
        "wanted",
        "stage",
        "stage_ms",
        "better_ms",
        "changed_ms",
        "number",
        "tries",
        "is_unable",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        evse: str,
        connected: int | None = None,
        wanted: int = THREE,
        stage: str = STEADY,
        stage_ms: int = 0,
        better_ms: int | None = None,
        changed_ms: int | None = None,
        number: int = 0,
        tries: int = 0,
        is_unable: bool = False,
    ) -> None:
        self.evse = evse
        self.connected = connected
        self.wanted = wanted
        self.stage = stage
        self.stage_ms = stage_ms
        self.better_ms = better_ms
        self.changed_ms = changed_ms
        self.number = number
        self.tries = tries
        self.is_unable = is_unable

    def enter(self, stage: str, now_ms: int) -> None:
        """The next stage begins."""
        self.stage = stage
        self.stage_ms = now_ms


def phases(switch: Switch | None, evse: Evse, learnt: tuple[int, ...]) -> tuple[int, ...]:
    """The grid phases on which it counts; `learnt`: those that its car uses of all three."""
    if switch is None or switch.connected != ONE or evse.wiring is None:
        return learnt
    return (evse.wiring[0],)


def note_away(switch: Switch) -> None:
    """A boot or a lost link: nobody knows what is connected."""
    switch.connected = None
    switch.stage = STEADY
    switch.better_ms = None
    switch.tries = 0
    switch.is_unable = False


def note_result(switch: Switch, result: OfferResult, now_ms: int) -> None:
    """What became of telling it."""
    if switch.stage != CHANGING or result.number != switch.number:
        return
    if result.result == CONFIRMED:
        switch.connected = switch.wanted
        switch.tries = 0
        switch.enter(RESTING, now_ms)
    elif result.result == REFUSED:
        switch.is_unable = True
        switch.enter(RESTING, now_ms)
    else:
        _try_again(switch, now_ms)


def _try_again(switch: Switch, now_ms: int) -> None:
    switch.tries += 1
    if switch.tries >= TRIES:
        switch.is_unable = True
        switch.enter(RESTING, now_ms)
    else:
        switch.enter(STOPPING, now_ms + RETRY_MS)


def observe(switch: Switch, seen: EvseImage, now_ms: int) -> None:
    """What a sample shows of it, and the end of the rest."""
    used = 0 if seen.terminals_ma is None else len([ma for ma in seen.terminals_ma if ma > ACTIVE_MA])
    if used > ONE and switch.stage == STEADY:
        is_new = switch.changed_ms is None or seen.sampled_ms >= switch.changed_ms + seen.follow_ms
        if switch.connected == ONE and is_new:
            switch.connected = None
        elif switch.connected is None and is_new:
            switch.connected = THREE
    if switch.stage == CHANGING and now_ms - switch.stage_ms > 3 * seen.deadline_ms:
        _try_again(switch, now_ms)  # its outcome was lost, too
    if switch.stage == RESTING and now_ms - switch.stage_ms >= REST_MS:
        switch.enter(STEADY, now_ms)


def is_stopped(switch: Switch, seen: EvseImage, book: Book, now_ms: int) -> bool:
    """Whether nothing flows, by its confirmation and by its meter, so that phases may be changed."""
    if switch.stage != STOPPING or now_ms < switch.stage_ms or not seen.is_linked:
        return False
    followed_ms = book.changed_ms + seen.follow_ms
    if book.confirmed_ma != 0 or book.possible or not book.is_sure or now_ms < followed_ms:
        return False
    if seen.terminals_ma is None:
        return not seen.has_car
    return max(seen.terminals_ma) <= STOPPED_MA and seen.sampled_ms >= followed_ms


def tell(switch: Switch, number: int, now_ms: int) -> int:
    """The offer of this number tells it what to connect: from now on it may have done so."""
    if switch.connected != switch.wanted:
        switch.connected = None
    switch.number = number
    switch.changed_ms = now_ms
    switch.enter(CHANGING, now_ms)
    return switch.wanted


def consider(switch: Switch, habit: Habit, wanted: int | None, now_ms: int) -> None:
    """`wanted`: what would be better now, None when it is well as it is. Starts the change when it lasts."""
    is_one_phase_car = habit.terminals is not None and len(habit.terminals) == ONE
    if switch.stage != STEADY or switch.is_unable or wanted is None or is_one_phase_car:
        switch.better_ms = None
        return
    if switch.better_ms is None or switch.wanted != wanted:
        switch.better_ms = now_ms
        switch.wanted = wanted
    is_rested = switch.changed_ms is None or now_ms - switch.changed_ms >= EVERY_MS
    if is_rested and now_ms - switch.better_ms >= LASTS_MS:
        switch.better_ms = None
        switch.enter(STOPPING, now_ms)
