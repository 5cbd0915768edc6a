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
    """The last poll of a circuit's meter. `current_ma` None: nothing usable came with it.

    With `power_w` (positive towards consumption, each phase) and `voltage_mv` the direction of the currents
    is known; `current_ma` then has none of its own. `neutral_ma` None: not measured.
    """

    FIELDS = (
        "circuit",
        "taken_ms",
        "unchanged_since_ms",
        "current_ma",
        "power_w",
        "voltage_mv",
        "neutral_ma",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        circuit: str,
        taken_ms: int,
        unchanged_since_ms: int,
        current_ma: tuple[int, int, int] | None,
        power_w: tuple[int, int, int] | None = None,
        voltage_mv: tuple[int, int, int] | None = None,
        neutral_ma: int | None = None,
    ) -> None:
        self.circuit = circuit
        self.taken_ms = taken_ms
        self.unchanged_since_ms = unchanged_since_ms
        self.current_ma = None if current_ma is None else triple(current_ma)
        self.power_w = None if power_w is None else triple(power_w)
        self.voltage_mv = None if voltage_mv is None else triple(voltage_mv)
        self.neutral_ma = neutral_ma


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


class DemandImage(Record):
    """What is known of a circuit's demand window. `wall_ms`: local time, None when it may be wrong.

    `month`: another number in every month; `peak_w`: what is known of its peak from before the start.
    `power_w`: as the meter tells it; `voltage_mv`: the highest phase voltage; None: not told. `pulses`: how
    many boundaries the utility's contact gave since the start.
    """

    FIELDS = ("circuit", "wall_ms", "month", "peak_w", "power_w", "voltage_mv", "pulses")
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        circuit: str,
        wall_ms: int | None,
        month: int = 0,
        peak_w: int = 0,
        power_w: int | None = None,
        voltage_mv: int | None = None,
        pulses: int = 0,
    ) -> None:
        self.circuit = circuit
        self.wall_ms = wall_ms
        self.month = month
        self.peak_w = peak_w
        self.power_w = power_w
        self.voltage_mv = voltage_mv
        self.pulses = pulses


class Image(Record):
    """The world as one cycle sees it."""

    FIELDS = ("meters", "evses", "results", "limits", "demands")
    NESTED = (
        ("meters", MeterImage),
        ("evses", EvseImage),
        ("results", OfferResult),
        ("limits", LimitImage),
        ("demands", DemandImage),
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        meters: list[MeterImage],
        evses: list[EvseImage],
        results: list[OfferResult],
        limits: list[LimitImage],
        demands: list[DemandImage] | None = None,
    ) -> None:
        self.meters = meters
        self.evses = evses
        self.results = results
        self.limits = limits
        self.demands = demands or []


class Reason(Record):
    """Why a setpoint is not higher. `word` is one of the words below; `where` names the circuit or limit.

    full: at its own maximum · car: the car takes no more · circuit: a circuit's phase is full · limit: a
    bound from outside · hold: may rise at `until_ms` · queue: no room for its minimum · idle: nobody wants
    to charge · unpaid: others must first confirm that they went down · settling: the last rise is not seen
    yet · late: the meter is late · overload: a circuit bears one for a while · demand: the average power of a
    circuit's window · cut: no link · unbalance,
    neutral: no more on one phase alone · switch: it is changed between one phase and three.
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
    """A setpoint that must be sent now; its outcome comes back by `number`.

    `phases` 1 or 3: connect so many first; None: leave them as they are.
    """

    FIELDS = ("evse", "number", "limit_ma", "phases")
    __slots__ = FIELDS

    def __init__(self, *, evse: str, number: int, limit_ma: int, phases: int | None = None) -> None:
        self.evse = evse
        self.number = number
        self.limit_ma = limit_ma
        self.phases = phases


class DemandView(Record):
    """A demand window as the step saw it. `goal_w`: the target, or the month's peak where that is higher.

    `limit_w`: what everything there may draw now; `chargers_ma`: what that leaves to our chargers on each
    phase; `last_w`: the average of the window before, None when unknown; `is_in_doubt`: it is not sure where
    windows begin, or what this one drew before the start.
    """

    FIELDS = (
        "target_w",
        "goal_w",
        "window_ms",
        "left_ms",
        "used_wh",
        "power_w",
        "limit_w",
        "chargers_ma",
        "last_w",
        "month",
        "peak_w",
        "is_in_doubt",
    )
    __slots__ = FIELDS

    def __init__(
        self,
        *,
        target_w: int,
        goal_w: int,
        window_ms: int,
        left_ms: int,
        used_wh: int,
        power_w: int,
        limit_w: int,
        chargers_ma: tuple[int, int, int],
        last_w: int | None,
        month: int,
        peak_w: int,
        is_in_doubt: bool,
    ) -> None:
        self.target_w = target_w
        self.goal_w = goal_w
        self.window_ms = window_ms
        self.left_ms = left_ms
        self.used_wh = used_wh
        self.power_w = power_w
        self.limit_w = limit_w
        self.chargers_ma = chargers_ma
        self.last_w = last_w
        self.month = month
        self.peak_w = peak_w
        self.is_in_doubt = is_in_doubt


class CircuitView(Record):
    """A circuit as the step saw it, per phase in mA. `meter`: fresh, late, stale, frozen, never or none.

    `is_borne`: it is above its rating, and its protection bears that for now; `used_permille`: how much of
    what that bears is used up, None where nothing is borne.
    """

    FIELDS = (
        "name",
        "limit_ma",
        "limit_name",
        "background_ma",
        "booked_ma",
        "meter",
        "is_settling",
        "is_borne",
        "used_permille",
        "demand",
    )
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
        is_borne: bool = False,
        used_permille: int | None = None,
        demand: DemandView | None = None,
    ) -> None:
        self.name = name
        self.limit_ma = limit_ma
        self.limit_name = limit_name
        self.background_ma = background_ma
        self.booked_ma = booked_ma
        self.meter = meter
        self.is_settling = is_settling
        self.is_borne = is_borne
        self.used_permille = used_permille
        self.demand = demand


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
