"""What happened: the words that come in through the door `report`, and the answers that go back.

One vocabulary for every kind of charger. An event is immutable, speaks integers, and is stored as
JSON as it is. Times: `at_ms` is the wall clock of the occurrence (ms since 1970, UTC); `seen_ms` is
this box's monotonic clock when it learnt of it.
"""

from typing import Literal

import msgspec

from edge.site.passport import Said

EvseState = Literal[
    "available",
    "occupied",
    "charging",
    "suspended-car",
    "suspended-evse",
    "finishing",
    "reserved",
    "unavailable",
    "faulted",
]
"""As a station tells it. `occupied`: a plug is in and no current was asked for yet (1.6: Preparing)."""

StopReason = Literal[
    "local",
    "remote",
    "car-left",
    "power-loss",
    "reboot",
    "emergency",
    "deauthorized",
    "unlock",
    "hard-reset",
    "soft-reset",
    "other",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """What every event carries.

    `charger` is the site's name for it; `evse` counts from 1, 0 is the charger as a whole.
    `offline`: the charger had no link to us when it happened. `is_synchronised`: our clock was right.
    """

    charger: str
    evse: int = 0
    at_ms: int
    seen_ms: int
    is_synchronised: bool = True
    offline: bool = False


class ChargerBooted(Event, frozen=True, kw_only=True, tag="charger-booted"):
    """The charger started, or connected for the first time since we did."""

    vendor: str
    model: str
    firmware: str | None = None
    serial: str | None = None
    protocol: str


class StrangerHeld(Event, frozen=True, kw_only=True, tag="stranger-held"):
    """A station without a place was told to draw nothing. `refusal` None: it accepted that.

    `connectors`, `features`: how many it says it has, and the profiles of OCPP that it says it knows.
    """

    refusal: str | None
    connectors: int | None = None
    features: str = ""


class LinkChanged(Event, frozen=True, kw_only=True, tag="link-changed"):
    """The charger's link came up or was lost. `address` is the peer's, for people to read."""

    is_up: bool
    address: str = ""


class EvseStatusChanged(Event, frozen=True, kw_only=True, tag="evse-status-changed"):
    """What the charger says of an EVSE. `error` None: no error; `detail` in the vendor's words."""

    state: EvseState
    error: str | None = None
    detail: str | None = None


class TokenPresented(Event, frozen=True, kw_only=True, tag="token-presented"):
    """Somebody asks to charge. Answered by TokenAnswer."""

    token: str


class TransactionStarted(Event, frozen=True, kw_only=True, tag="transaction-started"):
    """Energy may flow and is billed from `meter_wh` on. Answered by StartAnswer after the commit.

    `transaction_id` is 0 while the charger still asks us for one (OCPP 1.6). `own_id`: what the charger calls
    it, where it does not ask. `is_late`: it may have begun before; this is the first that we hear of it.
    `remote_start_id`: by which the cloud that asked for it knows it.
    """

    token: str
    meter_wh: int
    transaction_id: int = 0
    reservation_id: int | None = None
    own_id: str = ""
    is_late: bool = False
    remote_start_id: int | None = None


class SignedValue(msgspec.Struct, frozen=True, kw_only=True):
    """What the charger's meter has signed, byte for byte as the charger sent it.

    `context`: "begin", "end" or "periodic" in a transaction; `measurand` as the charger calls it. The rest
    where the charger tells it apart from the data.
    """

    data: str
    context: str
    measurand: str = ""
    encoding: str = ""
    method: str = ""
    key: str = ""


class Sampled(Event, frozen=True, kw_only=True, tag="sampled"):
    """What the charger measured. None: not told. Currents at the EVSE's terminals L1.. in mA.

    `offered_ma` is what the station says that it offers the car. `age_ms`: how old it was when it came.
    `signed`: what only its key can have written; kept for bills, and believed for nothing else.
    """

    transaction_id: int | None = None
    current_ma: tuple[int, ...] | None = None
    voltage_mv: tuple[int, ...] | None = None
    power_w: int | None = None
    energy_wh: int | None = None
    offered_ma: int | None = None
    soc_percent: int | None = None
    context: str = "periodic"
    age_ms: int = 0
    signed: tuple[SignedValue, ...] = ()
    own_id: str = ""


class NeedsStated(Event, frozen=True, kw_only=True, tag="needs-stated"):
    """What the driver of the running session needs. None: not said, or said to be open again.

    `departs_ms`: wall clock. `energy_wh`: of the whole session. `priority`: 0 to 9, above the token's own.
    Answered by Acknowledged, or NotAnswered where no session runs.
    """

    departs_ms: int | None = None
    energy_wh: int | None = None
    priority: int | None = None


class TransactionEnded(Event, frozen=True, kw_only=True, tag="transaction-ended"):
    """The transaction is over at `meter_wh`. Answered by Acknowledged after the commit."""

    transaction_id: int
    meter_wh: int
    reason: StopReason = "local"
    token: str | None = None
    samples: tuple[Sampled, ...] = ()
    own_id: str = ""


class StillRuns(Event, frozen=True, kw_only=True, tag="still-runs"):
    """What the charger answered when it was asked: whether a transaction runs that we think runs.

    `does` False: it does not, and no end of it waits to be told. Answered by Acknowledged.
    """

    does: bool
    transaction_id: int
    own_id: str = ""


class VendorMessage(Event, frozen=True, kw_only=True, tag="vendor-message"):
    """OCPP DataTransfer, kept as the text that came."""

    vendor: str
    message: str | None = None
    data: str | None = None


Job = Literal["firmware", "log"]
JobState = Literal[
    "scheduled",
    "downloading",
    "paused",
    "downloaded",
    "verified",
    "installing",
    "rebooting",
    "installed",
    "uploading",
    "uploaded",
    "failed",
    "idle",
]
"""`idle`: nothing of this kind is under way. `installed`, `uploaded` and `failed` are ends."""


class JobProgressed(Event, frozen=True, kw_only=True, tag="job-progressed"):
    """How far an UpdateFirmware or a CollectLog is; `word` is the charger's own for it.

    `request_id` None: the charger does not say which one it means (OCPP 1.6 without the security extension).
    """

    job: Job
    state: JobState
    word: str
    request_id: int | None = None


class ReservationEnded(Event, frozen=True, kw_only=True, tag="reservation-ended"):
    """A reservation holds no longer: it was used, taken back, or its time was over."""

    reservation_id: int
    reason: Literal["used", "cancelled", "expired"]


class CertificateRequested(Event, frozen=True, kw_only=True, tag="certificate-requested"):
    """The charger made a key and wants a certificate for it (PEM). Answered by CertificateAnswer."""

    csr: str


class ClockSet(Event, frozen=True, kw_only=True, tag="clock-set"):
    """The wall clock of this box was set, to `at_ms`; it would have shown `before_ms`."""

    before_ms: int


class AlertRaised(Event, frozen=True, kw_only=True, tag="alert-raised"):
    """Something that concerns safety or security. `word` is greppable and an anchor of the guide.

    `is_critical` False: worth keeping, but nobody need look at once.
    """

    word: str
    sentence: str
    is_critical: bool = True


class PassportLearned(Event, frozen=True, kw_only=True, tag="passport-learned"):
    """A probe of the charger has come back; what it proved only measured current tells."""

    said: Said


AnyEvent = (
    ChargerBooted
    | LinkChanged
    | EvseStatusChanged
    | TokenPresented
    | TransactionStarted
    | Sampled
    | NeedsStated
    | TransactionEnded
    | VendorMessage
    | JobProgressed
    | ReservationEnded
    | CertificateRequested
    | AlertRaised
    | ClockSet
    | StrangerHeld
    | PassportLearned
    | StillRuns
)


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Taken note of; what had to be stored is stored. `total_cost`: of a transaction, where it is billed."""

    total_cost: float | None = None


class BootAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the charger may work here, and how often it shall beat."""

    status: Literal["accepted", "pending", "rejected"]
    interval_s: int
    now_ms: int


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the token may charge, with the reason in the words of OCPP."""

    status: Literal["accepted", "blocked", "expired", "invalid", "concurrent-tx"]
    group: str | None = None
    expires_ms: int | None = None


class StartAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The transaction's id, positive and never reused, and whether it may go on."""

    transaction_id: int
    token: TokenAnswer


class CertificateAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether somebody will sign; the certificate comes by DeliverCertificate."""

    is_accepted: bool


class NotAnswered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The site could not keep it (a full disk, say): the charger must try again later."""

    sentence: str


Answer = Acknowledged | BootAnswer | TokenAnswer | StartAnswer | CertificateAnswer | NotAnswered
