"""How often somebody may knock, and how long after wrong answers. Time enters as an argument."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 4096  # who knocks under ever new names pushes out the oldest, not the box's memory
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0


@dataclass(slots=True)
class _Level:
    count: float
    at_s: float


class _Levels:
    """A count for each key, which sinks with time."""

    def __init__(self, sinks_per_s: float) -> None:
        self._sinks_per_s = sinks_per_s
        self._levels: OrderedDict[str, _Level] = OrderedDict()

    def at(self, key: str, now_s: float) -> float:
        level = self._levels.get(key)
        return 0.0 if level is None else max(0.0, level.count - (now_s - level.at_s) * self._sinks_per_s)

    def put(self, key: str, count: float, now_s: float) -> None:
        self._levels[key] = _Level(count, now_s)
        self._levels.move_to_end(key)
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)

    def drop(self, key: str) -> None:
        self._levels.pop(key, None)

    def __len__(self) -> int:
        return len(self._levels)


class Rate:
    """For each key `burst` times at once, and then `per_s`."""

    def __init__(self, *, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._taken = _Levels(per_s)

    def take(self, key: str, now_s: float) -> float:
        """0.0: go on. Otherwise how many seconds to wait; what is refused is not counted."""
        taken = self._taken.at(key, now_s)
        if taken + 1 > self._burst:
            return (taken + 1 - self._burst) / self._per_s
        self._taken.put(key, taken + 1, now_s)
        return 0.0

    def __len__(self) -> int:
        return len(self._taken)


class Delays:
    """For each key some free failures; after them each doubles the wait, from 1 s to a minute.

    One failure is forgotten every `forgets_s`, all of them by `forgive`.
    """

    def __init__(self, *, free: int, forgets_s: float) -> None:
        self._free = free
        self._failures = _Levels(1 / forgets_s)
        self._until: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, key: str, now_s: float) -> float:
        """How many seconds to wait; 0.0: none."""
        return max(0.0, self._until.get(key, now_s) - now_s)

    def failed(self, key: str, now_s: float) -> None:
        """Count a failure."""
        failures = self._failures.at(key, now_s) + 1
        self._failures.put(key, failures, now_s)
        beyond = round(failures) - self._free
        if beyond > 0:
            delay_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** min(beyond - 1, 10))
            self._until[key] = now_s + delay_s
            self._until.move_to_end(key)
            if len(self._until) > MOST_KEYS:
                self._until.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Nothing happened."""
        self._failures.drop(key)
        self._until.pop(key, None)
