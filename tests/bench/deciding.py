"""The core's step by itself: a lot at rest, and the step in which every offer must fall."""

import time

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, Image, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.step import step
from tests.bench.lot import MAX_A, MIN_A, rating_a

CYCLE_MS = 1_000
AT_REST = 3  # cycles between two steps of the building


class Steps:
    """A lot whose cars take what they are offered, cycle after cycle."""

    def __init__(self, count):
        grid = Circuit(
            "grid",
            parent=None,
            rating_ma=rating_a(count) * 1_000,
            building_max_ma=count * (MAX_A - MIN_A) * 1_000,
            is_metered=True,
        )
        evses = [
            Evse(id=f"cp-{number:03d}", circuit="grid", max_ma=MAX_A * 1_000, wiring=(0, 1, 2))
            for number in range(count)
        ]
        self.lot = Lot(Tree([grid]), evses, stale_after_ms={"grid": 5_000})
        self.memory = Memory(self.lot, now_ms=0)
        self.now_ms = 0
        self.results = []
        self.taken_ma = self.building_ma = 0

    def cycle(self):
        """One cycle: ms that the step took, and how many offers it made."""
        self.now_ms += CYCLE_MS
        image = self.image()
        began_ns = time.perf_counter_ns()
        decision = step(self.memory, image, self.now_ms)
        took_ms = (time.perf_counter_ns() - began_ns) / 1e6
        self.results = [
            OfferResult(evse=offer.evse, number=offer.number, result=CONFIRMED, sent_ms=self.now_ms)
            for offer in decision.offers
        ]
        self.taken_ma = decision.setpoints[0].limit_ma
        return took_ms, len(decision.offers)

    def image(self):
        total_ma = self.taken_ma * len(self.lot.evses) + self.building_ma
        meter = MeterImage(
            circuit="grid",
            taken_ms=self.now_ms,
            unchanged_since_ms=self.now_ms,
            current_ma=(total_ma, total_ma, total_ma),
        )
        return Image(meters=[meter], evses=self.evses(), results=self.results, limits=[])

    def evses(self):
        return [
            EvseImage(
                id=evse.id,
                is_linked=True,
                boots=1,
                has_car=True,
                wants=True,
                terminals_ma=(self.taken_ma,) * 3,
                sampled_ms=self.now_ms,
                pause_proven=True,
            )
            for evse in self.lot.evses
        ]


def step_times(count, rounds):
    """ms of each step at rest, and of each in which all offers fell."""
    lot = Steps(count)
    for _ in range(AT_REST):
        lot.cycle()
    at_rest, falling = [], []
    for _ in range(rounds):
        lot.building_ma += count * 1_000
        took_ms, offers = lot.cycle()
        assert offers == count, f"{offers} of {count} offers fell"
        falling.append(took_ms)
        for _ in range(AT_REST):
            took_ms, offers = lot.cycle()
            if not offers:
                at_rest.append(took_ms)
    return at_rest, falling
