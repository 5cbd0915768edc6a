"""Chaos by seed: the same seed always gives the same list of acts, each at its time.

A script is random, but not blind. Besides whatever happens to come, every seed has

* pinches: one car has the lot for itself; then its charger answers slowly, hangs, or loses its link while
  the car happens to draw nothing, and cars arrive beside it. Only who waits for confirmations, and counts
  what was promised rather than what was measured, keeps the feeder below its rating;
* promises: cards are shown (transactions begin, transactions end), and the controller is killed as soon as
  it has answered.
"""

import random
from dataclasses import dataclass
from typing import Any

LENGTH_MS = 116_000
BAYS = tuple(f"bay-{n}" for n in range(1, 7))
FEEDERS = (BAYS[:3], BAYS[3:])
LOW_A, HIGH_A = (2, 4), (8, 11)  # its noise stays below what the site file calls the worst case
CARS = ("three", "fast", "fast", "ramp", "one", "two", "late", "small")
PINCHES = ("slow", "hang", "asleep")
LEAD_MS = 22_000  # a car that came first has all it can take by then, and was sampled since
DOWN_MS = (200, 1_000, 2_500)
LONG_DOWN_MS = 11_000  # longer than the dead man
METER_FAULTS = ("frozen", "silent", "nan", "unmeasured", "infinite", "rolled-over", "busy", "slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that happens. `what` is a method of `tests.faults.chaos.Chaos`."""

    at_ms: int
    what: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.at_ms / 1000:6.2f} s  {self.what} {' '.join(map(str, self.arguments))}"


def script(seed: int, *, until_ms: int = LENGTH_MS) -> list[Act]:
    """Everything that happens, in order; what is broken at the end is for `Lot.heal` to mend."""
    writer = _Writer(random.Random(seed))
    writer.first_cars()
    writer.set_pieces()
    writer.buildings()
    writer.troubles()
    writer.traffic()
    return sorted((act for act in writer.acts if act.at_ms <= until_ms), key=lambda act: act.at_ms)


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self.acts: list[Act] = []
        self._chance = chance
        self._busy: dict[str, list[tuple[int, int]]] = {}  # what is broken, or must stay whole
        self._pieces: list[tuple[int, int]] = []  # when cars must not be disturbed

    def add(self, at_ms: int, what: str, *arguments: Any) -> None:
        self.acts.append(Act(at_ms=at_ms, what=what, arguments=arguments))

    def first_cars(self) -> None:
        for bay in BAYS:
            self.add(self._between(200, 900), "come", bay, self._car(), self._token())

    def set_pieces(self) -> None:
        busy, asleep = self._chance.choice(PINCHES[:2]), PINCHES[2]
        kinds = self._chance.sample((asleep, busy), 2)
        long_down = self._chance.choice((0, 0, 1, 2))  # sometimes one of the two outlasts the dead man
        self.pinch(self._between(33_000, 35_000), kinds[0])
        self.promise(self._between(45_000, 47_000), is_long=long_down == 1)
        self.pinch(self._between(91_000, 93_000), kinds[1])
        self.promise(self._between(104_000, 106_000), is_long=long_down == 2)

    def pinch(self, at_ms: int, kind: str) -> None:
        tight, *others = self._chance.sample(self._chance.choice(FEEDERS), 3)
        began_ms, ended_ms = at_ms - LEAD_MS, at_ms + self._between(6_000, 8_000)
        self._book("grid", began_ms, ended_ms)
        self._pieces.append((began_ms - 500, ended_ms))
        for bay in BAYS:
            self._book(bay, began_ms - 500, ended_ms)
            self.add(began_ms, "vacate", bay)
        self.add(began_ms + 300, "come", tight, "fast", self._token())
        if kind == "asleep":
            self.add(began_ms + 11_500, "demand", tight, 0)
            self.add(at_ms, "line", tight, self._chance.choice(("cut", "stall")))
            self.add(at_ms + 2_500, "demand", tight, 5_000)
            self.add(ended_ms, "line", tight, "restore")
        elif kind == "hang":
            self.add(at_ms, "oddity", tight, "hangs", True)
            self.add(ended_ms, "oddity", tight, "hangs", False)
        else:
            self.add(at_ms, "oddity", tight, "answer_delay_ms", self._between(3_000, 4_500))
            self.add(ended_ms, "oddity", tight, "answer_delay_ms", 0)
        rest = [bay for bay in BAYS if bay not in (tight, *others)]
        for n, bay in enumerate((*others, *rest)):
            self.add(
                at_ms + 300 * (n + 1), "come", bay, self._car() if bay in rest else "fast", self._token()
            )

    def promise(self, at_ms: int, *, is_long: bool) -> None:
        """Cars come and cards are shown; the box dies a moment later."""
        for n, bay in enumerate(self._chance.sample(BAYS, 4)):
            moment_ms = at_ms + self._between(0, 250)
            if n < 2:
                self._replace(moment_ms, bay, self._car())
            else:
                self.add(moment_ms, "card", bay)
        killed_ms = at_ms + self._between(250, 500)
        down_ms = LONG_DOWN_MS if is_long else self._chance.choice(DOWN_MS)
        self.add(killed_ms, "kill")
        self.add(killed_ms + down_ms, "start")
        self._pieces.append((at_ms - 500, killed_ms + 500))
        for bay in BAYS:
            self._book(bay, at_ms - 500, killed_ms + 500)

    def buildings(self) -> None:
        """Low for long enough that the cars take it all, then up in one or two steps."""
        at_ms = 200
        while at_ms < LENGTH_MS - 8_000:
            self.add(at_ms, "building", self._between(*LOW_A), None)
            at_ms += self._between(9_000, 16_000)
            self.add(at_ms, "building", self._between(*HIGH_A), self._chance.choice((None, None, 1, 2, 3)))
            at_ms += self._between(300, 4_000)
            self.add(at_ms, "building", self._between(*HIGH_A), None)
            at_ms += self._between(1_000, 4_000)

    def troubles(self) -> None:
        """One thing after the other breaks for a while, several at a time."""
        kinds = (self._line, self._line, self._meter, self._cloud, self._cloud, self._power, self._mood)
        for at_ms in range(5_000, LENGTH_MS - 9_000, 4_000):
            began_ms = at_ms + self._between(0, 3_000)
            self._chance.choice(kinds)(began_ms, began_ms + self._between(800, 7_000))

    def traffic(self) -> None:
        """Cars and cards come and go."""
        for at_ms in range(6_000, LENGTH_MS - 5_000, 6_000):
            moment_ms = at_ms + self._between(0, 5_000)
            bay = self._chance.choice(BAYS)
            if any(began_ms <= moment_ms <= ended_ms for began_ms, ended_ms in self._pieces):
                continue
            if self._chance.random() < 0.25:
                self.add(moment_ms, "card", bay)
            else:
                self._replace(moment_ms, bay, self._car())

    # -- what may break ----------------------------------------------------------------------------------

    def _line(self, began_ms: int, ended_ms: int) -> None:
        bay = self._chance.choice(BAYS)
        self._fault(began_ms, ended_ms, bay, ("line", bay), self._chance.choice(("cut", "stall")), "restore")

    def _meter(self, began_ms: int, ended_ms: int) -> None:
        kind = self._chance.choice((*METER_FAULTS, "cut", "stall"))
        if kind in METER_FAULTS:
            self._fault(began_ms, ended_ms, "grid", ("meter",), kind, "none")
        else:
            self._fault(began_ms, ended_ms, "grid", ("line", "meter:grid"), kind, "restore")

    def _cloud(self, began_ms: int, ended_ms: int) -> None:
        kind = self._chance.choice(("cut", "stall", "killed", "slow", "loses"))
        if kind in ("cut", "stall"):
            self._fault(began_ms, ended_ms, "cloud", ("line", "cloud"), kind, "restore")
        elif kind == "killed":
            self._fault(began_ms, ended_ms, "csms", ("csms",), "kill", "start")
        elif kind == "slow":
            self._fault(began_ms, ended_ms, "mood", ("csms_slow",), self._between(200, 2_000), 0)
        else:
            self._fault(began_ms, ended_ms, "loses", ("csms_loses",), self._between(1, 4), 0)

    def _power(self, began_ms: int, ended_ms: int) -> None:
        bay = self._chance.choice(BAYS)
        self._fault(began_ms, ended_ms, bay, ("power", bay), "off", "on")
        self.add(began_ms - 100, "oddity", bay, "resumes_after_power_loss", self._chance.random() < 0.5)

    def _mood(self, began_ms: int, ended_ms: int) -> None:
        bay = self._chance.choice(BAYS)
        name = self._chance.choice(("rejects_profiles", "loses_answers", "hangs", "boots_on_reconnect"))
        self._fault(began_ms, ended_ms, bay, ("oddity", bay, name), True, False)

    def _fault(
        self, began_ms: int, ended_ms: int, target: str, act: tuple[str, ...], broken: Any, mended: Any
    ) -> None:
        """Breaks something that is whole, and mends it."""
        if not self._is_busy(target, began_ms, ended_ms):
            self._book(target, began_ms, ended_ms)
            self.add(began_ms, *act, broken)
            self.add(ended_ms, *act, mended)

    def _is_busy(self, target: str, began_ms: int, ended_ms: int) -> bool:
        return any(began_ms <= until and ended_ms >= since for since, until in self._busy.get(target, ()))

    def _book(self, target: str, began_ms: int, ended_ms: int) -> None:
        self._busy.setdefault(target, []).append((began_ms, ended_ms))

    def _replace(self, at_ms: int, bay: str, car: str) -> None:
        """Whatever stands there leaves, and another car comes."""
        self.add(at_ms - 300, "vacate", bay)
        self.add(at_ms, "come", bay, car, self._token())

    def _between(self, low: int, high: int) -> int:
        return self._chance.randint(low, high)

    def _car(self) -> str:
        return self._chance.choice(CARS)

    def _token(self) -> str:
        return f"04{self._chance.randrange(16**8):08X}"
