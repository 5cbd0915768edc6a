"""What a charger shall do: the words that go in through the door `submit`, and their outcomes.

Every command names its charger and is complete: what it lacks, the charger's own default holds. Times are
ms since 1970, UTC. `Charger.perform` turns it into whatever the charger speaks and answers one Outcome; what
takes longer is Started and goes on as events (`JobProgressed`, `ReservationEnded`, `CertificateRequested`).
"""

from typing import Any, Literal

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every command carries; `evse` 0 is the charger as a whole."""

    charger: str
    evse: int = 0


# -- charging --------------------------------------------------------------------------------------------


class StartCharging(Command, frozen=True, kw_only=True, tag="start-charging"):
    """Start a transaction for `token`. A cloud's profile inside becomes a limit before this is made."""

    token: str


class StopCharging(Command, frozen=True, kw_only=True, tag="stop-charging"):
    """End the transaction with this id of ours."""

    transaction_id: int


class Reserve(Command, frozen=True, kw_only=True, tag="reserve"):
    """Keep an EVSE (0: any of the charger) for a token, or for all of its group, until then.

    `reservation_id` 0: the site gives one. The same id again replaces the reservation.
    """

    token: str
    until_ms: int
    group: str | None = None
    reservation_id: int = 0


class CancelReservation(Command, frozen=True, kw_only=True, tag="cancel-reservation"):
    """Keep it no longer."""

    reservation_id: int


# -- the charger as a device -----------------------------------------------------------------------------


class Reset(Command, frozen=True, kw_only=True, tag="reset"):
    """Restart the charger; `hard`: without ending transactions in order."""

    hard: bool = False


class Unlock(Command, frozen=True, kw_only=True, tag="unlock"):
    """Release the plug."""


class SetAvailability(Command, frozen=True, kw_only=True, tag="set-availability"):
    """Take into or out of service; while a transaction runs, after it."""

    operative: bool


class ReadSettings(Command, frozen=True, kw_only=True, tag="read-settings"):
    """Read settings by key, all of them when none is named."""

    keys: tuple[str, ...] = ()


class WriteSettings(Command, frozen=True, kw_only=True, tag="write-settings"):
    """Write settings; keys that the site owns are refused before they reach the charger."""

    settings: dict[str, str]


Report = Literal[
    "boot", "heartbeat", "meter-values", "status", "firmware-status", "log-status", "certificate-request"
]


class Trigger(Command, frozen=True, kw_only=True, tag="trigger"):
    """Ask the charger to report now. `certificate-request`: with a new key of its own."""

    what: Report


class ReportSchedule(Command, frozen=True, kw_only=True, tag="report-schedule"):
    """What the charger believes its limits to be for the next `duration_s`. Never a proof."""

    duration_s: int
    unit: Literal["A", "W"] = "A"


class UpdateFirmware(Command, frozen=True, kw_only=True, tag="update-firmware"):
    """Fetch firmware from a URL and install it. Answered by Started.

    With `certificate` (PEM) and `signature` (base64) the charger checks it first; a signed update is never
    sent as an unsigned one. `retrieve_ms` 0: now. `request_id` 0: the site gives one.
    """

    location: str
    retrieve_ms: int = 0
    install_ms: int | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    certificate: str = ""
    signature: str = ""
    request_id: int = 0


class CollectLog(Command, frozen=True, kw_only=True, tag="collect-log"):
    """Upload a log to a URL. Answered by Started, with the file's name.

    `request_id` 0: the site gives one.
    """

    location: str
    log: Literal["diagnostics", "security"] = "diagnostics"
    since_ms: int | None = None
    until_ms: int | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    request_id: int = 0


# -- who may charge there --------------------------------------------------------------------------------


class ListedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a charger's own list. `status` None takes the token out of it, in a partial update only."""

    token: str
    status: Literal["accepted", "blocked", "expired", "invalid"] | None = "accepted"
    group: str | None = None
    expires_ms: int | None = None


class SendTokens(Command, frozen=True, kw_only=True, tag="send-tokens"):
    """Give the charger a list of its own: all of it, or (`full` False) these rows of it.

    Longer lists than `at_once` go in several messages. `version` 0: the next after the one that is there,
    which is asked first; Done tells the version that the charger has then.
    """

    tokens: tuple[ListedToken, ...]
    full: bool = True
    version: int = 0
    at_once: int = 100


class ReadListVersion(Command, frozen=True, kw_only=True, tag="read-list-version"):
    """Which version of the list the charger has; Done tells it, 0 is an empty list."""


class ClearTokenCache(Command, frozen=True, kw_only=True, tag="clear-token-cache"):
    """Forget every token that the charger remembers."""


# -- keys and certificates -------------------------------------------------------------------------------

CertificateUse = Literal["csms-root", "manufacturer-root"]


class CertificateId(msgspec.Struct, frozen=True, kw_only=True):
    """How OCPP names a certificate: by hashes, in hexadecimal digits."""

    algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class InstallCertificate(Command, frozen=True, kw_only=True, tag="install-certificate"):
    """Trust this root (PEM) from now on."""

    use: CertificateUse
    certificate: str


class RemoveCertificate(Command, frozen=True, kw_only=True, tag="remove-certificate"):
    """Trust this root no longer."""

    certificate: CertificateId


class ListCertificates(Command, frozen=True, kw_only=True, tag="list-certificates"):
    """Which roots are trusted; Done has them."""

    use: CertificateUse


class DeliverCertificate(Command, frozen=True, kw_only=True, tag="deliver-certificate"):
    """The certificate (PEM, with those that signed it) that the charger asked for."""

    chain: str


class ChangeCredential(Command, frozen=True, kw_only=True, tag="change-credential"):
    """The password (16 to 20 bytes) with which the charger connects from now on.

    It is written as hexadecimal digits, as the whitepaper says, or as the `text` that it is: some want that.
    """

    password: bytes
    form: Literal["hex", "text"] = "hex"

    def __repr__(self) -> str:
        """Without the password."""
        return f"ChangeCredential(charger={self.charger!r})"


# -- whatever else ---------------------------------------------------------------------------------------


class SendVendorMessage(Command, frozen=True, kw_only=True, tag="send-vendor-message"):
    """OCPP DataTransfer towards the charger."""

    vendor: str
    message: str | None = None
    data: str | None = None


class NativeCall(Command, frozen=True, kw_only=True, tag="native-call"):
    """For experts: an action of the charger's own protocol, which must fit its schema.

    Refused for everything that has a command here and changes something. Done has the answer as JSON.
    """

    version: str
    action: str
    payload: dict[str, Any]


AnyCommand = (
    StartCharging
    | StopCharging
    | Reserve
    | CancelReservation
    | Reset
    | Unlock
    | SetAvailability
    | ReadSettings
    | WriteSettings
    | Trigger
    | ReportSchedule
    | UpdateFirmware
    | CollectLog
    | SendTokens
    | ReadListVersion
    | ClearTokenCache
    | InstallCertificate
    | RemoveCertificate
    | ListCertificates
    | DeliverCertificate
    | ChangeCredential
    | SendVendorMessage
    | NativeCall
)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a charger as read."""

    key: str
    value: str | None
    readonly: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Carried out. `reboot_needed`: it works only after a restart; `data` as the charger wrote it."""

    settings: tuple[Setting, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    reboot_needed: bool = False
    data: str | None = None
    list_version: int | None = None
    certificates: tuple[CertificateId, ...] = ()


class Started(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Begun: events with this `request_id` tell how it goes on. `file`: what a log will be called."""

    request_id: int
    file: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The charger, or the site before it, says no, and why."""

    sentence: str


class NotSupported(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """This charger cannot do it."""

    sentence: str = ""


class Unreachable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """No link to the charger: nothing was sent."""


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Sent, and not answered in time: it may or may not have happened."""


Outcome = Done | Started | Refused | NotSupported | Unreachable | NoAnswer


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who commands: a CSMS by its name in the site file, the page, a command line."""

    kind: Literal["csms", "page", "command", "site"]
    name: str = ""
