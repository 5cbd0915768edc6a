"""A lot three circuits deep under the step, on either interpreter: its cars take what they are offered."""

from edge.core.evse import EvseImage
from edge.core.image import CONFIRMED, Image, MeterImage, OfferResult
from edge.core.memory import Memory
from edge.core.step import step

CYCLE_MS = 10_000


class Steps:
    """Cycle after cycle; the building rises a little with each, so that offers must fall."""

    def __init__(self, lot):
        self.lot = lot
        self.memory = Memory(lot, now_ms=0)
        self.now_ms = 0
        self.results = []
        self.offered_ma = {evse.id: 0 for evse in lot.evses}

    def cycle(self):
        """The sum of what was offered."""
        self.now_ms += CYCLE_MS
        total_ma = [self.now_ms // 10, self.now_ms // 10, self.now_ms // 10]
        images = []
        for evse in self.lot.evses:
            drawn_ma = self.offered_ma[evse.id]
            for phase in evse.phases:
                total_ma[phase] += drawn_ma
            images.append(
                EvseImage(
                    id=evse.id,
                    is_linked=True,
                    has_car=True,
                    wants=True,
                    terminals_ma=(drawn_ma, drawn_ma, drawn_ma),
                    sampled_ms=self.now_ms,
                    pause_proven=True,
                )
            )
        meter = MeterImage(
            circuit="grid", taken_ms=self.now_ms, unchanged_since_ms=self.now_ms, current_ma=total_ma
        )
        image = Image(meters=[meter], evses=images, results=self.results, limits=[])
        decision = step(self.memory, image, self.now_ms)
        for offer in decision.offers:
            self.offered_ma[offer.evse] = offer.limit_ma
        self.results = [
            OfferResult(evse=offer.evse, number=offer.number, result=CONFIRMED, sent_ms=self.now_ms)
            for offer in decision.offers
        ]
        return sum([each.limit_ma for each in decision.setpoints])
