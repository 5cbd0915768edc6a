"""What the site looks like from outside, at one moment: for the page, MQTT and the command line."""

from typing import Literal

import msgspec

from edge.site.events import Job, JobState

Phase3 = tuple[int, int, int]

Severity = Literal["fine", "know", "act"]
"""Colour of the page: nothing, amber (someone must know), red (someone must act)."""


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `explain`: a limit on this EVSE, per grid phase in mA."""

    name: str
    limit_ma: Phase3
    source: str
    until: str = ""
    binds: bool = False


class EvseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE, currents per grid phase; None: no fresh value.

    `icon` and `word` are the bay's shape and word, `sentence` says why it is as it is; `feeder` is what
    people call the circuit on which it hangs.
    """

    id: str
    charger: str
    evse: int
    circuit: str
    link: Literal["up", "down", "never"]
    icon: str
    word: str
    severity: Severity
    sentence: str
    setpoint_ma: int
    offered_ma: int | None
    measured_ma: Phase3 | None
    measured_age_ms: int | None
    booked_ma: Phase3
    min_ma: int
    max_ma: int
    transaction_id: int | None
    session_wh: int | None
    since_ms: int | None
    rule: str
    feeder: str = ""


class Explanation(EvseStatus, frozen=True, kw_only=True):
    """An EVSE with every bound on it, and its last changes in words, oldest first."""

    limits: tuple[LimitRow, ...]
    before: tuple[str, ...]


class MeterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit's meter: fresh, late (no increase), stale (worst case counts) or frozen.

    `trouble`: the likely cause where it is no good; empty where it is.
    """

    state: Literal["fresh", "late", "stale", "frozen", "never"]
    age_ms: int | None
    current_ma: Phase3 | None
    voltage_mv: Phase3 | None = None
    power_w: int | None = None
    trouble: str = ""


class DemandStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit's demand window, powers in W. `limit_w`: what everything there may draw now.

    `goal_w`: the target, or the month's peak where that is paid already; `chargers_ma`: what it leaves to our
    chargers together. `last_w`: the average of the window before, None when unknown; `peak_w`: the month's
    highest, 0 before there was one. `is_in_doubt`: the clock is, or what was drawn before the start.
    """

    target_w: int
    goal_w: int
    window_ms: int
    left_ms: int
    used_wh: int
    power_w: int
    limit_w: int
    chargers_ma: Phase3
    last_w: int | None
    peak_w: int
    is_in_doubt: bool
    sentence: str


class CircuitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit, per phase in mA.

    `chargers_ma`: measured where fresh, else booked where a car may be; `booked_ma`: the worst case that
    the ledger holds. `unbalance_max_ma`: how much more one phase may carry than another because of our
    chargers, None: any. `overload`: a sentence while its protection bears one, else empty;
    `used_permille`: how much of what that bears is used up, None where nothing is borne. `title`: what
    people call it; `supplies`: the charger whose sockets share it, empty for a circuit of the site file.
    """

    name: str
    parent: str | None
    rating_ma: int
    limit_ma: Phase3
    background_ma: Phase3
    background_is_measured: bool
    chargers_ma: Phase3
    booked_ma: Phase3
    headroom_ma: Phase3
    meter: MeterStatus | None
    unbalance_max_ma: int | None = None
    overload: str = ""
    used_permille: int | None = None
    demand: DemandStatus | None = None
    title: str = ""
    supplies: str = ""


class StationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One charger towards one CSMS. `since_ms`: wall clock; `error` is empty where there is none.

    `away`: the charger is, and nothing waits, so that no link is kept. `pending`: the CSMS has not accepted
    its boot yet.
    """

    charger: str
    identity: str
    state: Literal["up", "down", "refused", "pending", "away"]
    since_ms: int
    waiting: int = 0
    parked: int = 0
    oldest_ms: int | None = None
    error: str = ""


class UplinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A CSMS and our links to it. `stations`: in the status of the site only some of those in trouble."""

    csms: str
    state: Literal["up", "partly", "down", "refused"]
    connected: int
    chargers: int
    waiting: int
    parked: int
    oldest_ms: int | None
    sentence: str
    url: str = ""
    version: str = "1.6"
    role: Literal["primary", "observer"] = "primary"
    stations: tuple[StationStatus, ...] = ()


class StrangerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A station that is not in the site file and waits for a place.

    `severity`: act where it may draw what it likes. `connectors` None: it did not tell how many it has;
    `features` are the profiles of OCPP that it says it knows.
    """

    station: str
    model: str
    address: str
    since_ms: int
    severity: Severity = "know"
    sentence: str = "New charger, no place yet: it was not told to draw nothing."
    connectors: int | None = None
    features: str = ""


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The latest firmware update, or log upload, of a charger. `word`: the charger's own for `state`.

    `since_ms`: wall clock of the last change; `request_id` None: nobody here asked for it.
    """

    charger: str
    job: Job
    state: JobState
    word: str
    since_ms: int
    request_id: int | None
    file: str | None = None


class ReservationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE (0: any of the charger) that is kept for somebody; `token` is shortened."""

    charger: str
    evse: int
    reservation_id: int
    token: str
    until_ms: int


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the sun or a battery gives to the site; None: its meter is silent, or says nothing usable."""

    name: str
    power_w: int | None
    energy_wh: int | None
    age_ms: int


class LimitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A limit from outside that is in force. `left_ms` None: until it is withdrawn."""

    name: str
    source: str
    kind: str
    target: str
    limit_ma: int
    left_ms: int | None
    is_operator: bool = False


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole site. `at_ms`: wall clock of the cycle; `cycle` counts control cycles since the start.

    `slowest_cycle_ms`: the longest of the last half to whole minute, from image to status.
    """

    site: str
    at_ms: int
    cycle: int
    is_proven: bool
    severity: Severity
    sentence: str
    circuits: tuple[CircuitStatus, ...]
    evses: tuple[EvseStatus, ...]
    uplinks: tuple[UplinkStatus, ...]
    strangers: tuple[StrangerStatus, ...] = ()
    alerts: tuple[str, ...] = ()
    jobs: tuple[JobStatus, ...] = ()
    reservations: tuple[ReservationStatus, ...] = ()
    slowest_cycle_ms: int = 0
    sources: tuple[SourceStatus, ...] = ()
    limits: tuple[LimitStatus, ...] = ()


MOST_IN_TROUBLE = 8


def briefly(uplink: UplinkStatus) -> UplinkStatus:
    """With some of the stations that are in trouble: a lot of two hundred is told every second."""
    troubled = tuple(each for each in uplink.stations if each.error or each.parked)
    return msgspec.structs.replace(uplink, stations=troubled[:MOST_IN_TROUBLE])
