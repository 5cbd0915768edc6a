"""The step by itself: a lot at rest, and the step in which every offer must fall, with its frames.

From the image to the frames: what is known of each charger is frozen, the core decides, every profile is
rendered. Nothing is sent.
"""

import time

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse
from edge.core.image import CONFIRMED, Image, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.step import step
from edge.dialects.v16 import charger_profiles
from edge.ocpp.envelope import encode_call
from edge.site.observed import ObservedCharger, Traits
from tests.bench.lot import MAX_A, MIN_A, rating_a

CYCLE_MS = 1_000
HOLD_S = 120
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
        self.observed = [observed(evse.id) for evse in evses]
        self.templates = {evse.id: charger_profiles.offers(1, fallback_ma=6_000) for evse in evses}

    def cycle(self):
        """One cycle: ms of the core's step, ms from the image to the frames, and how many frames."""
        self.now_ms += CYCLE_MS
        for charger in self.observed:
            charger.evses[1].terminals_ma = (self.taken_ma,) * 3
            charger.evses[1].sampled_ms = self.now_ms
        froze_ns = time.perf_counter_ns()
        image = self.image()
        began_ns = time.perf_counter_ns()
        decision = step(self.memory, image, self.now_ms)
        ended_ns = time.perf_counter_ns()
        frames = [self.frame(offer) for offer in decision.offers]
        framed_ns = time.perf_counter_ns()
        self.results = [
            OfferResult(evse=offer.evse, number=offer.number, result=CONFIRMED, sent_ms=self.now_ms)
            for offer in decision.offers
        ]
        self.taken_ma = decision.setpoints[0].limit_ma
        return (ended_ns - began_ns) / 1e6, (framed_ns - froze_ns) / 1e6, len(frames)

    def frame(self, offer):
        payload = self.templates[offer.evse].render(
            limit_ma=offer.limit_ma, now_ms=self.now_ms, hold_s=HOLD_S
        )
        return encode_call(f"0123abcd-{offer.number}", charger_profiles.SET_PROFILE, payload)

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
            image
            for charger in self.observed
            for image in charger.images(lambda *_: Traits(pause_proven=True), self.now_ms, self.now_ms)
        ]


def observed(name):
    """A charger whose car charges."""
    charger = ObservedCharger(name, {1: name})
    charger.is_linked = True
    charger.boots = 1
    charger.evses[1].begin(77, "04A1B2C3D4", 0, at_ms=0, seen_ms=0)
    return charger


def step_times(count, rounds):
    """ms of each step at rest, of each in which all offers fell, and of those with image and frames."""
    lot = Steps(count)
    for _ in range(AT_REST):
        lot.cycle()
    at_rest, falling, whole = [], [], []
    for _ in range(rounds):
        lot.building_ma += count * 1_000
        took_ms, framed_ms, offers = lot.cycle()
        assert offers == count, f"{offers} of {count} offers fell"
        falling.append(took_ms)
        whole.append(framed_ms)
        for _ in range(AT_REST):
            took_ms, _, offers = lot.cycle()
            if not offers:
                at_rest.append(took_ms)
    return at_rest, falling, whole
