"""The lot on a board: the gateway's own step over what the devices say, once a second."""

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse, EvseImage
from edge.core.image import CONFIRMED, LOST, Image, LimitImage, MeterImage, OfferResult
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.step import step

SAMPLE_LAG_MS = 1_000


def lot_of(site: dict) -> Lot:
    """The lot that the build has written down."""
    circuits = [Circuit(**circuit) for circuit in site["circuits"]]
    evses = [Evse.from_plain(list(plain)) for plain in site["evses"]]
    return Lot(Tree(circuits), evses, **site["times"])


class Controller:
    """`devices`: by EVSE; `site` as the build writes it. What was seen to pause stays known in `pauses`."""

    def __init__(self, site: dict, devices: dict, *, now_ms: int, pauses=()) -> None:
        self.lot = lot_of(site)
        self.root = self.lot.tree.names[0]
        self.decision = None
        self.pauses = set(pauses)
        self.limits: dict[str, LimitImage] = {}
        self._meters = site["meters"]
        self._devices = devices
        self._memory = Memory(self.lot, now_ms=now_ms)
        self._readings: dict[str, MeterImage] = {}
        self._since: dict[str, tuple[object, int]] = {}
        self._results: list[OfferResult] = []

    def reading(self, circuit: str, current_ma, taken_ms: int) -> None:
        """The meter of a circuit has answered; None: not with three currents."""
        known = None if current_ma is None or None in current_ma else tuple(max(0, ma) for ma in current_ma)
        before, since_ms = self._since.get(circuit, (None, taken_ms))
        if before != known:
            since_ms = taken_ms
        self._since[circuit] = (known, since_ms)
        self._readings[circuit] = MeterImage(
            circuit=circuit, taken_ms=taken_ms, unchanged_since_ms=since_ms, current_ma=known
        )

    def limit(self, name: str, kind: str, target: str, limit_ma, expires_ms=None) -> None:
        """A bound from outside; None takes it away."""
        if limit_ma is None:
            self.limits.pop(name, None)
        else:
            self.limits[name] = LimitImage(
                name=name, kind=kind, target=target, limit_ma=limit_ma, expires_ms=expires_ms
            )

    def cycle(self, running: dict, begun_ms: dict, now_ms: int):
        """One step: the decision, whose offers must leave. `running`: sessions by EVSE."""
        results, self._results = self._results, []
        for name in list(self.limits):
            ends_ms = self.limits[name].expires_ms
            if ends_ms is not None and ends_ms <= now_ms:
                del self.limits[name]
        image = Image(
            meters=[self._readings[name] for name in sorted(self._readings)],
            evses=[
                self._image(evse, running.get(evse.id), begun_ms.get(evse.id, 0)) for evse in self.lot.evses
            ],
            results=results,
            limits=[self.limits[name] for name in sorted(self.limits)],
        )
        self.decision = step(self._memory, image, now_ms)
        self.pauses.update(self.decision.learned)
        return self.decision

    def outcome(self, offer, sent_ms: int, *, is_confirmed: bool) -> None:
        """What became of an offer."""
        word = CONFIRMED if is_confirmed else LOST
        self._results.append(OfferResult(evse=offer.evse, number=offer.number, result=word, sent_ms=sent_ms))

    def _image(self, evse: Evse, session, begun_ms: int) -> EvseImage:
        device = self._devices[evse.id]
        return EvseImage(
            id=evse.id,
            is_linked=device.is_linked,
            boots=0,
            link_losses=device.losses,
            has_car=device.has_car or session is not None,
            wants=session is not None and device.has_car,
            terminals_ma=device.terminals_ma,
            sampled_ms=device.sampled_ms - SAMPLE_LAG_MS,
            arrived_ms=begun_ms,
            served_wh=0 if session is None else session["wh"] - session["from"],
            pause_proven=evse.id in self.pauses,
        )
