"""What a bay, a meter and the lot say about themselves, in one sentence each."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from edge.core.image import DemandView, Reason
from edge.settings.model import SUPPLY
from edge.site.observed import ObservedCharger, ObservedEvse
from edge.site.status import CircuitStatus, EvseStatus, MeterStatus, Severity, UplinkStatus

PHASE_NAMES = ("L1", "L2", "L3")
GAP_MA = 1_000  # a difference that people would notice


class Bay(msgspec.Struct, frozen=True, kw_only=True):
    """A bay's shape, word, colour and sentence."""

    icon: str
    word: str
    severity: Severity
    sentence: str


class Wording:
    """Amperes and times as people of this site write them."""

    def __init__(self, timezone: str | None) -> None:
        self._zone = ZoneInfo(timezone) if timezone else None

    def clock(self, at_ms: int, *, seconds: bool = False) -> str:
        """The time of day at the site."""
        moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(self._zone)
        return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def amps(ma: int) -> str:
    """`16 A`, `9.5 A`; a bound rounds down, as offers do."""
    tenths = ma // 100
    return f"{tenths // 10} A" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10} A"


def supplied_by(circuit: str) -> str:
    """The charger whose sockets share this circuit; empty for one of the site file."""
    return circuit.removesuffix(SUPPLY) if circuit.endswith(SUPPLY) else ""


def called(circuit: str) -> str:
    """A circuit as people call it."""
    charger = supplied_by(circuit)
    return f"{charger}'s supply" if charger else circuit


def building(background_ma: int) -> str:
    """What the building takes of a limit, or adds to it."""
    return f"- {amps(background_ma)} building" if background_ma >= 0 else f"+ {amps(-background_ma)} fed in"


def bay(
    evse: ObservedEvse,
    charger: ObservedCharger,
    *,
    setpoint_ma: int,
    booked_ma: int,
    measured_ma: int | None,
    reason: Reason,
    circuits: dict[str, CircuitStatus],
    silent_for_ms: int | None,
    refuses: bool,
    excess_ma: int | None = None,
) -> Bay:
    """The state of a bay; trouble comes before what is normal. `excess_ma`: drawn against all its limits."""
    if charger.link != "up":
        return _away(charger, booked_ma, silent_for_ms)
    if evse.state == "faulted":
        error = (evse.status.error if evse.status else None) or "a fault"
        return Bay(icon="✕", word="fault", severity="act", sentence=f"Charger reports {error}. Do not use.")
    if refuses:
        sentence = f"Refuses limits. Counted at {amps(booked_ma)}."
        return Bay(icon="⚠", word="rejects", severity="act", sentence=sentence)
    if excess_ma is not None and excess_ma >= booked_ma - GAP_MA:
        sentence = f"Draws {amps(excess_ma)}, offered {amps(setpoint_ma)}. Counted at {amps(booked_ma)}."
        if evse.wants:
            return Bay(icon="⚠", word="disobeys", severity="act", sentence=sentence)
    if evse.transaction_id is None:
        return _without_session(evse)
    if evse.state == "finishing":
        kwh = evse.served_wh / 1000
        return Bay(icon="✓", word="done", severity="fine", sentence=f"Finished. {kwh:.1f} kWh.")
    if setpoint_ma == 0:
        return _waiting(reason, circuits)
    return _charging(evse, setpoint_ma, measured_ma, reason, circuits)


def _away(charger: ObservedCharger, booked_ma: int, silent_for_ms: int | None) -> Bay:
    if charger.link == "never":
        sentence = f"Not seen yet. Counted at {amps(booked_ma)}."
        return Bay(icon="◌", word="not seen", severity="know", sentence=sentence)
    seconds = 0 if silent_for_ms is None else silent_for_ms // 1000
    sentence = f"No answer for {seconds} s. Counted at {amps(booked_ma)}."
    return Bay(icon="⚠", word="silent", severity="know", sentence=sentence)


def _without_session(evse: ObservedEvse) -> Bay:
    if evse.state in ("occupied", "charging", "suspended-car", "suspended-evse"):
        return Bay(icon="◌", word="plugged", severity="fine", sentence="Plugged in. Show a card to start.")
    if evse.state == "finishing":
        return Bay(icon="✓", word="done", severity="fine", sentence="Finished. The plug is still in.")
    if evse.state == "unavailable":
        return Bay(icon="◌", word="out of service", severity="know", sentence="Out of service.")
    if evse.state == "reserved":
        return Bay(icon="◌", word="reserved", severity="fine", sentence="Reserved.")
    return Bay(icon="○", word="free", severity="fine", sentence="Free.")


def _waiting(reason: Reason, circuits: dict[str, CircuitStatus]) -> Bay:
    if reason.word == "hold":
        sentence = "Pauses between starts, to spare the contactor."
        return Bay(icon="◷", word="pause", severity="fine", sentence=sentence)
    if reason.word == "switch":
        sentence = "Pauses for some seconds, to change between one phase and three."
        return Bay(icon="◷", word="pause", severity="fine", sentence=sentence)
    if reason.word == "limit":
        return Bay(icon="◷", word="queue", severity="know", sentence=f"Waits: {_who(reason)} allows nothing.")
    if reason.word in ("late", "settling", "unpaid"):
        return Bay(icon="◷", word="queue", severity="fine", sentence="Starts in a moment.")
    word, because = _because(reason, circuits)
    if because:
        return Bay(
            icon="◷",
            word="demand" if word == "demand" else "queue",
            severity="fine",
            sentence=f"Waits for 6 A: {because}.",
        )
    where = "" if reason.phase is None else f": {called(reason.where)} is full on {PHASE_NAMES[reason.phase]}"
    return Bay(icon="◷", word="queue", severity="fine", sentence=f"Waits for 6 A{where}.")


def _charging(
    evse: ObservedEvse,
    setpoint_ma: int,
    measured_ma: int | None,
    reason: Reason,
    circuits: dict[str, CircuitStatus],
) -> Bay:
    offered = amps(setpoint_ma)
    if evse.state == "suspended-car":
        return Bay(icon="✓", word="done", severity="fine", sentence=f"The car takes nothing of {offered}.")
    if measured_ma is not None and measured_ma < setpoint_ma - 2 * GAP_MA and evse.state == "charging":
        sentence = f"Takes {amps(measured_ma)} of {offered}."
        return Bay(icon="▶", word="car", severity="fine", sentence=sentence)
    circuit = circuits.get(reason.where)
    if (
        circuit is not None
        and circuit.meter is not None
        and circuit.meter.state in ("stale", "frozen", "never")
    ):
        sentence = f"{offered}: the {reason.where} meter is {_meter_word(circuit.meter)}; worst case counts."
        return Bay(icon="⚠", word="meter", severity="know", sentence=sentence)
    if reason.word == "limit":
        return Bay(icon="▶", word="limit", severity="know", sentence=f"{offered}: {_who(reason)} limits it.")
    word, because = _because(reason, circuits)
    if because:
        return Bay(icon="▶", word=word, severity="fine", sentence=f"{offered}: {because}.")
    if circuit is not None and reason.phase is not None:
        phase = reason.phase
        if circuit.parent is None and circuit.background_ma[phase] > circuit.booked_ma[phase]:
            building = amps(circuit.background_ma[phase])
            sentence = f"{offered}: the building draws {building} on {PHASE_NAMES[phase]}."
            return Bay(icon="▶", word="building", severity="fine", sentence=sentence)
        sentence = f"{offered}: {called(reason.where)} is full on {PHASE_NAMES[phase]}."
        return Bay(icon="▶", word="circuit", severity="fine", sentence=sentence)
    if reason.word == "full":
        sentence = f"Charges with all it can take, {offered}."
        return Bay(icon="▶", word="full", severity="fine", sentence=sentence)
    return Bay(icon="▶", word="charges", severity="fine", sentence=f"Charges with {offered}.")


WINDOWS = {900_000: "quarter-hour", 1_800_000: "half-hour", 3_600_000: "hour"}


def kilowatts(watts: int) -> str:
    """`330`, `33.5`; of energies as well. Rounded down to a tenth."""
    tenths = watts // 100
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"


def demand(view: DemandView) -> str:
    """How a demand window stands: for the circuit on the page."""
    name = WINDOWS.get(view.window_ms, "window")
    goal = f"{kilowatts(view.goal_w)} kW" + (" (the month's peak)" if view.goal_w > view.target_w else "")
    peak = f", month's peak {kilowatts(view.peak_w)} kW" if view.peak_w else ""
    doubt = "; its boundaries are not sure yet" if view.is_in_doubt else ""
    return f"this {name} below {goal}: {kilowatts(view.limit_w)} kW allowed now{peak}{doubt}"


def overload(protection: str) -> str:
    """What is said of a circuit that bears an overload."""
    return f"above its rating, which its {protection} bears for a while; nothing rises"


def _because(reason: Reason, circuits: dict[str, CircuitStatus]) -> tuple[str, str]:
    """The bay's word and why it gets no more, for reasons other than a full phase; empty for those."""
    circuit = circuits.get(reason.where)
    if reason.word == "overload":
        return "circuit", f"{called(reason.where)} is above its rating for a while; nothing rises"
    if reason.word == "demand" and circuit is not None and circuit.demand is not None:
        name = WINDOWS.get(circuit.demand.window_ms, "window")
        return "demand", f"keeps this {name} below {kilowatts(circuit.demand.goal_w)} kW"
    return "circuit", _uneven(reason, circuits)


def _uneven(reason: Reason, circuits: dict[str, CircuitStatus]) -> str:
    """Why no more may go on one phase alone; empty where that is not the reason."""
    circuit = circuits.get(reason.where)
    if reason.word == "neutral":
        return f"the neutral of {reason.where} is full"
    if reason.word != "unbalance" or circuit is None or circuit.unbalance_max_ma is None:
        return ""
    return f"one phase may carry at most {amps(circuit.unbalance_max_ma)} more than another"


def _who(reason: Reason) -> str:
    """Who limits: a limit is called after its source, and after what it is on."""
    return reason.where.partition("/")[0]


def _meter_word(meter: MeterStatus) -> str:
    if meter.state == "frozen":
        return "frozen"
    if meter.age_ms is None:
        return "silent"
    return f"silent for {meter.age_ms // 1000} s"


def rule(evse: ObservedEvse, reason: Reason, priority: tuple[int, str]) -> str:
    """The last line of `explain`: by which rule the setpoint came about."""
    where = called(reason.where)
    words = {
        "full": "as much as the EVSE may give",
        "car": "as much as the car takes, and a little more",
        "circuit": f"filled up to what {where} leaves",
        "switch": "changes between one phase and three",
        "unbalance": f"filled up to the difference between phases that {where} allows",
        "neutral": f"filled up to what the neutral of {where} leaves",
        "demand": f"filled up to what the demand window of {where} leaves",
        "overload": f"keeps what it has while {where} is above its rating",
        "limit": f"bounded by {reason.where}",
        "hold": "may not rise yet",
        "queue": f"its minimum does not fit on {where}",
        "idle": "nobody wants to charge",
        "unpaid": "rises when the others have confirmed that they went down",
        "settling": "waits until the last rise is seen by the meter",
        "late": f"nothing rises while the meter of {where} is late",
        "cut": "no link: it keeps what it was told, then falls back",
    }
    running = "a session runs" if evse.transaction_id is not None else "no session"
    number, whose = priority
    return f"priority {number} ({whose}), {running}{_needs(evse)}; {words.get(reason.word, reason.word)}"


def _needs(evse: ObservedEvse) -> str:
    need = evse.need
    if need is None or need.energy_wh is None:
        return ""
    left = max(0, need.energy_wh - evse.served_wh) / 1000
    return f", {left:.1f} kWh still needed" + ("" if need.departs_ms is None else " before it leaves")


def whole_site(
    evses: list[EvseStatus],
    circuits: list[CircuitStatus],
    uplinks: tuple[UplinkStatus, ...],
    *,
    is_full: bool,
) -> tuple[Severity, str]:
    """The sentence at the top of the page, and its colour."""
    if is_full:
        return "act", "No new charges: the journal is full."
    for circuit in circuits:
        if circuit.meter is not None and circuit.meter.state in ("stale", "frozen", "never"):
            word = _meter_word(circuit.meter)
            if circuit.meter.trouble:
                word = f"{word} ({circuit.meter.trouble})"
            return "know", f"The {circuit.name} meter is {word}; the worst case counts."
    for level in ("act", "know"):
        troubled = [evse for evse in evses if evse.severity == level]
        if troubled:
            more = f" And {len(troubled) - 1} more." if len(troubled) > 1 else ""
            return troubled[0].severity, f"{troubled[0].id}: {troubled[0].sentence}{more}"
    waiting_rows = sum(uplink.waiting for uplink in uplinks if uplink.state != "up")
    if waiting_rows:
        return "know", f"The cloud is away; {waiting_rows} messages wait, none lost. Charging goes on."
    charge = sum(evse.icon == "▶" for evse in evses)
    wait = sum(evse.icon == "◷" for evse in evses)
    if not charge and not wait:
        return "fine", f"{sum(evse.word == 'free' for evse in evses)} bays free."
    waits = f", {wait} {'waits' if wait == 1 else 'wait'}" if wait else ""
    return (
        "fine",
        f"All well. {charge} {'car charges' if charge == 1 else 'cars charge'}{waits}.{_free(circuits)}",
    )


def _free(circuits: list[CircuitStatus]) -> str:
    root = next((circuit for circuit in circuits if circuit.parent is None), None)
    if root is None:
        return ""
    free = [root.limit_ma[p] - root.background_ma[p] - root.chargers_ma[p] for p in range(3)]
    tightest = min(range(3), key=lambda phase: free[phase])
    return f" {amps(max(0, free[tightest]) // 1000 * 1000)} free on {PHASE_NAMES[tightest]}."
