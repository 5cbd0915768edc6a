"""The average power of a quarter, half or whole hour, held below a target: what the demand charge bills.

Energy is counted from the start of the window; what is left of its budget, spread over what is left of its
time, is the limit on the power now:

    limit = (goal x window - used) / (time left + GUARD)

Used exactly, it stays where it began; what one minute leaves the next may have, evenly. There is no wild rise
at the end: above the goal the last eighth of a window is planned as if it were a whole eighth. GUARD is how
far the utility's clock may be from ours: a window is planned to last so much longer than it does, and begins
with what the last GUARD before it drew, so a window shifted by as much fits too.

Nothing here can be loosened by a clock. While a window runs, a clock that jumps or is no longer known to be
right changes nothing: it ends when its time has passed. The next one begins where the clock then says, what
it may have had already counts as drawn at the target at least, and for a whole window the limit is the target
at most: a power that never exceeds the target has no average above it, wherever the windows begin. The
same holds after a start, and while pulses (the utility's own boundaries) do not come.

What a meter does not tell counts as the worst case. The month's peak is the highest average of windows whose
power a meter told from end to end, and never an estimate. It is paid already: a target that `follows_peak`
rises to it, while the clock is known to be right.
"""

from edge.core.record import Record

GUARD_MS = 10_000
SLIP_MS = 3_000  # a synchronised clock is slewed, by far less than this in a window
GAP_MS = 15_000  # a longer pause of ours makes a window incomplete
TAIL = 8


class Target:
    """What the installer asked for on one circuit. `is_pulsed`: the utility's contact ends each window."""

    __slots__ = ("follows_peak", "is_pulsed", "target_w", "window_ms")

    def __init__(
        self, *, target_w: int, window_ms: int = 900_000, follows_peak: bool = False, is_pulsed: bool = False
    ) -> None:
        self.target_w = target_w
        self.window_ms = window_ms
        self.follows_peak = follows_peak
        self.is_pulsed = is_pulsed


class Clocks:
    """What tells where windows begin. `wall_ms`: the wall clock in local time, None when it may be wrong.

    `month`: any number that is another one in every month; `pulses`: how many came since the start.
    """

    __slots__ = ("month", "pulses", "wall_ms")

    def __init__(self, *, wall_ms: int | None, month: int = 0, pulses: int = 0) -> None:
        self.wall_ms = wall_ms
        self.month = month
        self.pulses = pulses


class Window(Record):
    """The window that runs on one circuit. Energies in mJ (W x ms).

    `at_ms`, `power_w`, `sure_w`: the last call. `used_mj` is never too little, `sure_mj` never too much.
    `carried_mj`: what the last GUARD before it drew, or a debt. `is_aligned`: it began where clock or pulse
    say. `doubt_until_ms`: until then the limit is the target at most. `is_whole`: measured from end to end so
    far. `recent_w`: the highest power since `recent_ms`, `former_w` that of the GUARD before. `last_w`: the
    average of the window before, None when unknown. `pulses`: counted so far.
    """

    FIELDS = (
        "circuit",
        "at_ms",
        "power_w",
        "sure_w",
        "start_ms",
        "used_mj",
        "sure_mj",
        "carried_mj",
        "is_aligned",
        "doubt_until_ms",
        "is_whole",
        "recent_ms",
        "recent_w",
        "former_w",
        "last_w",
        "month",
        "peak_w",
        "pulses",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        circuit: str,
        at_ms: int | None = None,
        power_w: int = 0,
        sure_w: int = 0,
        start_ms: int = 0,
        used_mj: int = 0,
        sure_mj: int = 0,
        carried_mj: int = 0,
        is_aligned: bool = False,
        doubt_until_ms: int = 0,
        is_whole: bool = False,
        recent_ms: int = 0,
        recent_w: int = 0,
        former_w: int = 0,
        last_w: int | None = None,
        month: int = 0,
        peak_w: int = 0,
        pulses: int = 0,
    ) -> None:
        self.circuit = circuit
        self.at_ms = at_ms
        self.power_w = power_w
        self.sure_w = sure_w
        self.start_ms = start_ms
        self.used_mj = used_mj
        self.sure_mj = sure_mj
        self.carried_mj = carried_mj
        self.is_aligned = is_aligned
        self.doubt_until_ms = doubt_until_ms
        self.is_whole = is_whole
        self.recent_ms = recent_ms
        self.recent_w = recent_w
        self.former_w = former_w
        self.last_w = last_w
        self.month = month
        self.peak_w = peak_w
        self.pulses = pulses


def count(
    window: Window, target: Target, clocks: Clocks, power_w: int, now_ms: int, *, sure_w: int | None
) -> None:
    """Let the time since the last call pass, and begin a new window where one is due.

    `power_w`: of everything on the circuit, towards consumption, never too little. `sure_w`: what it truly
    is, None when no meter says so.
    """
    power_w = max(0, power_w)
    if window.at_ms is None:
        _begin_first(window, target, clocks, power_w, now_ms)
        return
    passed_ms = max(0, now_ms - window.at_ms)
    worst_w = max(window.power_w, power_w)
    if passed_ms > GAP_MS:
        worst_w = max(worst_w, target.target_w)
    if passed_ms > GAP_MS or sure_w is None:
        window.is_whole = False
    if passed_ms >= target.window_ms:
        window.used_mj = window.carried_mj = 0  # all that was known is in a window of long ago
        passed_ms = target.window_ms
    window.used_mj += worst_w * passed_ms
    window.sure_mj += min(window.sure_w, sure_w or 0) * passed_ms
    window.sure_w = max(0, sure_w or 0)
    _note_recent(window, worst_w, now_ms)
    window.at_ms = now_ms
    window.power_w = power_w
    _move_on(window, target, clocks, now_ms)
    if clocks.wall_ms is not None and clocks.month != window.month:
        window.month = clocks.month
        window.peak_w = 0


def learn_peak(window: Window, month: int, peak_w: int) -> None:
    """What was kept of this month's peak from before the start."""
    if month == window.month and peak_w > window.peak_w:
        window.peak_w = peak_w


def goal_w(window: Window, target: Target, clocks: Clocks, now_ms: int) -> int:
    """The average to stay below: the target, or the month's peak where that is paid already."""
    if not target.follows_peak or clocks.wall_ms is None or is_in_doubt(window, now_ms):
        return target.target_w
    return max(target.target_w, window.peak_w)


def limit_w(window: Window, target: Target, clocks: Clocks, now_ms: int) -> int:
    """The power that everything on the circuit may draw now, rounded down."""
    goal = goal_w(window, target, clocks, now_ms)
    left_mj = goal * target.window_ms - window.used_mj - window.carried_mj
    room_ms = left_ms(window, target, now_ms) + GUARD_MS
    limit = min(left_mj // room_ms, max(goal, left_mj // max(room_ms, target.window_ms // TAIL)))
    return max(0, min(limit, target.target_w) if is_in_doubt(window, now_ms) else limit)


def left_ms(window: Window, target: Target, now_ms: int) -> int:
    """How long the window still runs."""
    return max(0, window.start_ms + target.window_ms - now_ms)


def is_in_doubt(window: Window, now_ms: int) -> bool:
    """Whether it is not sure where the utility's windows begin, or what this one drew before us."""
    return not window.is_aligned or now_ms < window.doubt_until_ms


def _begin_first(window: Window, target: Target, clocks: Clocks, power_w: int, now_ms: int) -> None:
    """What this window drew before us nobody knows: as much as now, and the target at least."""
    start_ms = None if target.is_pulsed else _start_by_clock(target, clocks, now_ms)
    window.at_ms = now_ms
    window.power_w = power_w
    window.start_ms = now_ms if start_ms is None else start_ms
    window.is_aligned = start_ms is not None
    window.doubt_until_ms = window.start_ms + target.window_ms
    window.used_mj = max(power_w, target.target_w) * (now_ms - window.start_ms)
    window.recent_ms = now_ms
    window.recent_w = window.former_w = power_w
    window.pulses = clocks.pulses
    window.month = clocks.month if clocks.wall_ms is not None else 0


def _move_on(window: Window, target: Target, clocks: Clocks, now_ms: int) -> None:
    """End the window when clock or pulse say so, or when its time has passed without them."""
    end_ms = window.start_ms + target.window_ms
    start_ms = None
    if target.is_pulsed:
        has_come = clocks.pulses != window.pulses
        window.pulses = clocks.pulses
        if has_come and (not window.is_aligned or now_ms >= end_ms - target.window_ms // 10):
            start_ms = now_ms
        overdue_ms = target.window_ms // 10
    else:
        start_ms = _start_by_clock(target, clocks, now_ms)
        overdue_ms = 0
        if window.is_aligned and not _agrees(window, target, start_ms):
            window.is_aligned = False
            window.is_whole = False
    if window.is_aligned and start_ms is not None and start_ms > window.start_ms + SLIP_MS:
        _roll(window, target, start_ms, now_ms)
    elif target.is_pulsed and start_ms is not None:  # the first pulse: whatever ran before, now one begins
        _begin_in_doubt(window, target, start_ms, now_ms)
    elif now_ms >= end_ms + overdue_ms:
        is_known = start_ms is not None and not target.is_pulsed
        _begin_in_doubt(window, target, start_ms if is_known else None, now_ms)


def _agrees(window: Window, target: Target, start_ms: int | None) -> bool:
    """Whether the clock still sees this window, or the one after it, where they should be."""
    if start_ms is None:
        return False
    off_ms = start_ms - window.start_ms
    return min(abs(off_ms), abs(off_ms - target.window_ms)) <= SLIP_MS


def _roll(window: Window, target: Target, start_ms: int, now_ms: int) -> None:
    """The next window follows as it should."""
    length_ms = start_ms - window.start_ms
    after_mj = window.power_w * (now_ms - start_ms)
    window.last_w = max(0, window.used_mj - after_mj) // length_ms
    if window.is_whole and not is_in_doubt(window, start_ms - 1):
        sure_mj = window.sure_mj - window.sure_w * (now_ms - start_ms)
        window.peak_w = max(window.peak_w, sure_mj // length_ms)
    debt_mj = _debt_mj(window, target) if is_in_doubt(window, now_ms) else 0
    window.is_whole = True
    _restart(window, start_ms, after_mj, debt_mj)


def _begin_in_doubt(window: Window, target: Target, start_ms: int | None, now_ms: int) -> None:
    """A window that does not follow the last one: no credit, and what was too much before stays."""
    window.is_aligned = start_ms is not None
    begin_ms = now_ms if start_ms is None else start_ms
    drawn_w = max(window.power_w, target.target_w)
    _restart(window, begin_ms, drawn_w * (now_ms - begin_ms), _debt_mj(window, target))
    window.doubt_until_ms = now_ms + target.window_ms
    window.is_whole = target.is_pulsed and start_ms is not None
    window.last_w = None


def _restart(window: Window, start_ms: int, used_mj: int, debt_mj: int) -> None:
    window.start_ms = start_ms
    window.used_mj = used_mj
    window.sure_mj = 0
    window.carried_mj = max(debt_mj, max(window.recent_w, window.former_w) * GUARD_MS)


def _debt_mj(window: Window, target: Target) -> int:
    """What was drawn above the target: forgotten only where a window is known to have ended."""
    return max(0, window.used_mj + window.carried_mj - target.target_w * target.window_ms)


def _start_by_clock(target: Target, clocks: Clocks, now_ms: int) -> int | None:
    """When, by the wall clock, the window began in which we are."""
    return None if clocks.wall_ms is None else now_ms - clocks.wall_ms % target.window_ms


def _note_recent(window: Window, power_w: int, now_ms: int) -> None:
    """Keep the highest power of the last GUARD and of the one before."""
    if now_ms - window.recent_ms >= GUARD_MS:
        window.former_w = window.recent_w
        window.recent_ms = now_ms
        window.recent_w = power_w
    else:
        window.recent_w = max(window.recent_w, power_w)
