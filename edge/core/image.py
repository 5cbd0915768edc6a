"""Everything that a step may look at: the world, frozen at the start of a cycle, and what it decides.

Times are monotonic ms. Whatever is not in here did not happen yet.
"""

from edge.core.evse import EvseImage
from edge.core.record import Record, triple

CONFIRMED = "confirmed"
REFUSED = "refused"
LOST = "lost"  # sent, and no answer came: it may have happened
UNSENT = "unsent"  # never left this box


class MeterImage(Record):
    """The last poll of a circuit's meter. `current_ma` None: nothing usable came with it."""

    FIELDS = ("circuit", "taken_ms", "unchanged_since_ms", "current_ma")
    __slots__ = FIELDS

    def __init__(
        self, *, circuit: str, taken_ms: int, unchanged_since_ms: int, current_ma: tuple[int, int, int] | None
    ) -> None:
        self.circuit = circuit
        self.taken_ms = taken_ms
        self.unchanged_since_ms = unchanged_since_ms
        self.current_ma = None if current_ma is None else triple(current_ma)


class OfferResult(Record):
    """What became of an offer that a former step decided. `sent_ms`: when it left this box."""

    FIELDS = ("evse", "number", "result", "sent_ms")
    __slots__ = FIELDS

    def __init__(self, *, evse: str, number: int, result: str, sent_ms: int) -> None:
        self.evse = evse
        self.number = number
        self.result = result
        self.sent_ms = sent_ms


class LimitImage(Record):
    """A bound from outside: on a `circuit`, on our `chargers` there together, or on one `evse`."""

    FIELDS = ("name", "kind", "target", "limit_ma", "expires_ms")
    __slots__ = FIELDS

    def __init__(self, *, name: str, kind: str, target: str, limit_ma: int, expires_ms: int | None) -> None:
        self.name = name
        self.kind = kind
        self.target = target
        self.limit_ma = limit_ma
        self.expires_ms = expires_ms


class Image(Record):
    """The world as one cycle sees it."""

    FIELDS = ("meters", "evses", "results", "limits")
    NESTED = (("meters", MeterImage), ("evses", EvseImage), ("results", OfferResult), ("limits", LimitImage))
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        meters: list[MeterImage],
        evses: list[EvseImage],
        results: list[OfferResult],
        limits: list[LimitImage],
    ) -> None:
        self.meters = meters
        self.evses = evses
        self.results = results
        self.limits = limits


class Reason(Record):
    """Why a setpoint is not higher. `word` is one of the words below; `where` names the circuit or limit.

    full: at its own maximum · car: the car takes no more · circuit: a circuit's phase is full · limit: a
    bound from outside · hold: may rise at `until_ms` · queue: no room for its minimum · idle: nobody wants
    to charge · unpaid: others must first confirm that they went down · settling: the last rise is not seen
    yet · late: the meter is late · cut: no link.
    """

    FIELDS = ("word", "where", "phase", "until_ms")
    __slots__ = FIELDS

    def __init__(
        self, *, word: str, where: str = "", phase: int | None = None, until_ms: int | None = None
    ) -> None:
        self.word = word
        self.where = where
        self.phase = phase
        self.until_ms = until_ms


class Setpoint(Record):
    """What an EVSE shall be offered. `booked_ma`: the worst case that counts for it, per grid phase."""

    FIELDS = ("evse", "limit_ma", "reason", "booked_ma")
    __slots__ = FIELDS

    def __init__(self, *, evse: str, limit_ma: int, reason: Reason, booked_ma: tuple[int, int, int]) -> None:
        self.evse = evse
        self.limit_ma = limit_ma
        self.reason = reason
        self.booked_ma = booked_ma


class Offer(Record):
    """A setpoint that must be sent now; its outcome comes back by `number`."""

    FIELDS = ("evse", "number", "limit_ma")
    __slots__ = FIELDS

    def __init__(self, *, evse: str, number: int, limit_ma: int) -> None:
        self.evse = evse
        self.number = number
        self.limit_ma = limit_ma


class CircuitView(Record):
    """A circuit as the step saw it, per phase in mA. `meter`: fresh, late, stale, frozen, never or none."""

    FIELDS = ("name", "limit_ma", "limit_name", "background_ma", "booked_ma", "meter", "is_settling")
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        name: str,
        limit_ma: tuple[int, int, int],
        limit_name: str,
        background_ma: tuple[int, int, int],
        booked_ma: tuple[int, int, int],
        meter: str,
        is_settling: bool,
    ) -> None:
        self.name = name
        self.limit_ma = limit_ma
        self.limit_name = limit_name
        self.background_ma = background_ma
        self.booked_ma = booked_ma
        self.meter = meter
        self.is_settling = is_settling


class Decision(Record):
    """What one step decided: a setpoint for every EVSE, the offers to send now, and how it saw the circuits.

    `learned`: EVSEs on which pausing was just proven; `sleepers`: those whose car did not wake from one.
    """

    FIELDS = ("setpoints", "offers", "circuits", "learned", "sleepers")
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        setpoints: list[Setpoint],
        offers: list[Offer],
        circuits: list[CircuitView],
        learned: list[str],
        sleepers: list[str],
    ) -> None:
        self.setpoints = setpoints
        self.offers = offers
        self.circuits = circuits
        self.learned = learned
        self.sleepers = sleepers
