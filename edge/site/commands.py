"""What a charger shall do: the words that go in through the door `submit`, and their outcomes.

Every command names its charger and is complete: what it lacks, the charger's own default holds. Times are
ms since 1970, UTC. `Charger.perform` turns it into whatever the charger speaks and answers one Outcome; what
takes longer is Started and goes on as events (`JobProgressed`, `ReservationEnded`, `CertificateRequested`).

The types say what each argument may be where it comes as JSON, and in which words (`arguments`): the API, the
command line and the OpenAPI document are made of these structs, the first sentence of each is its summary.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edge.site import arguments as may


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every command carries; `evse` 0 is the charger as a whole."""

    charger: Annotated[str, Meta(description="the charger's name in the site file")]
    evse: may.Evse = 0


# -- charging --------------------------------------------------------------------------------------------


class StartCharging(Command, frozen=True, kw_only=True, tag="start-charging"):
    """Start charging on a token. A cloud's profile inside becomes a limit before this is made."""

    token: may.TokenId


class StopCharging(Command, frozen=True, kw_only=True, tag="stop-charging"):
    """End a running transaction, by our id of it."""

    transaction_id: may.TransactionId


class Reserve(Command, frozen=True, kw_only=True, tag="reserve"):
    """Keep a socket, or any of the charger, for a token or all of its group.

    `reservation_id` 0: the site gives one. The same id again replaces the reservation.
    """

    token: may.TokenId
    until_ms: may.Until
    group: may.Group | None = None
    reservation_id: may.NewReservationId = 0


class CancelReservation(Command, frozen=True, kw_only=True, tag="cancel-reservation"):
    """Take a reservation back."""

    reservation_id: may.ReservationId


# -- the charger as a device -----------------------------------------------------------------------------


class Reset(Command, frozen=True, kw_only=True, tag="reset"):
    """Restart the charger. `hard`: without ending transactions in order."""

    hard: Annotated[bool, Meta(description="true: at once, without ending transactions in order")] = False


class Unlock(Command, frozen=True, kw_only=True, tag="unlock"):
    """Release the plug."""


class SetAvailability(Command, frozen=True, kw_only=True, tag="set-availability"):
    """Take into or out of service; while a transaction runs, after it."""

    operative: Annotated[bool, Meta(description="true: into service; false: out of service")]


class ReadSettings(Command, frozen=True, kw_only=True, tag="read-settings"):
    """Read settings by key, all of them when none is named."""

    keys: may.SettingKeys = ()


class WriteSettings(Command, frozen=True, kw_only=True, tag="write-settings"):
    """Write settings; keys that the site owns are refused before they reach the charger."""

    settings: may.SettingValues


Report = Literal[
    "boot", "heartbeat", "meter-values", "status", "firmware-status", "log-status", "certificate-request"
]


class Trigger(Command, frozen=True, kw_only=True, tag="trigger"):
    """Ask the charger to report now. `certificate-request`: with a new key of its own."""

    what: Annotated[
        Report,
        Meta(
            description=(
                "what to report: boot, heartbeat, meter-values, status, firmware-status, log-status or "
                "certificate-request"
            )
        ),
    ]


class ReportSchedule(Command, frozen=True, kw_only=True, tag="report-schedule"):
    """Ask what the charger believes its limits to be for a while. Never a proof."""

    duration_s: may.Seconds
    unit: Annotated[Literal["A", "W"], Meta(description="in which unit: A or W")] = "A"


class UpdateFirmware(Command, frozen=True, kw_only=True, tag="update-firmware"):
    """Fetch firmware from a URL and install it. Answered by Started.

    With `certificate` (PEM) and `signature` (base64) the charger checks it first; a signed update is never
    sent as an unsigned one. `retrieve_ms` 0: now. `request_id` 0: the site gives one.
    """

    location: may.Location
    retrieve_ms: may.When = 0
    install_ms: may.InstallWhen | None = None
    retries: may.Retries | None = None
    retry_interval_s: may.RetryInterval | None = None
    certificate: may.OptionalPem = ""
    signature: may.Signature = ""
    request_id: may.RequestId = 0


class CollectLog(Command, frozen=True, kw_only=True, tag="collect-log"):
    """Upload a log to a URL. Answered by Started, with the file's name.

    `request_id` 0: the site gives one.
    """

    location: may.Location
    log: Annotated[
        Literal["diagnostics", "security"], Meta(description="which log: diagnostics or security")
    ] = "diagnostics"
    since_ms: may.Since | None = None
    until_ms: may.NotAfter | None = None
    retries: may.Retries | None = None
    retry_interval_s: may.RetryInterval | None = None
    request_id: may.RequestId = 0


# -- who may charge there --------------------------------------------------------------------------------


class ListedToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of a charger's own list. `status` None takes the token out of it, in a partial update only."""

    token: may.TokenId
    status: (
        Annotated[
            Literal["accepted", "blocked", "expired", "invalid"],
            Meta(description="accepted, blocked, expired, invalid, or null to take it out of the list"),
        ]
        | None
    ) = "accepted"
    group: may.Group | None = None
    expires_ms: may.NotAfter | None = None


class SendTokens(Command, frozen=True, kw_only=True, tag="send-tokens"):
    """Give the charger a list of tokens of its own. All of it, or (`full` False) these rows of it.

    Longer lists than `at_once` go in several messages. `version` 0: the next after the one that is there,
    which is asked first; Done tells the version that the charger has then.
    """

    tokens: Annotated[
        tuple[ListedToken, ...], Meta(max_length=50_000, description="the rows of the list, at most 50000")
    ]
    full: Annotated[
        bool, Meta(description="true: these rows are the whole list; false: only these rows change")
    ] = True
    version: may.ListVersion = 0
    at_once: may.AtOnce = 100


class ReadListVersion(Command, frozen=True, kw_only=True, tag="read-list-version"):
    """Ask which version of the list of tokens the charger has. Done tells it, 0 is an empty list."""


class ClearTokenCache(Command, frozen=True, kw_only=True, tag="clear-token-cache"):
    """Forget every token that the charger remembers."""


# -- keys and certificates -------------------------------------------------------------------------------

CertificateUse = Literal["csms-root", "manufacturer-root"]
Use = Annotated[
    CertificateUse,
    Meta(
        description="which roots: csms-root (whom it connects to) or manufacturer-root (who signs firmware)"
    ),
]


class CertificateId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How OCPP names a certificate: by hashes, in hexadecimal digits."""

    algorithm: Annotated[Literal["SHA256", "SHA384", "SHA512"], Meta(description="SHA256, SHA384 or SHA512")]
    issuer_name_hash: may.Hash
    issuer_key_hash: may.Hash
    serial_number: may.Serial


class InstallCertificate(Command, frozen=True, kw_only=True, tag="install-certificate"):
    """Have the charger trust a root certificate."""

    use: Use
    certificate: may.Pem


class RemoveCertificate(Command, frozen=True, kw_only=True, tag="remove-certificate"):
    """Have the charger trust a root certificate no longer."""

    certificate: Annotated[
        CertificateId, Meta(description="which one: an object as list-certificates answers it")
    ]


class ListCertificates(Command, frozen=True, kw_only=True, tag="list-certificates"):
    """List the root certificates that the charger trusts. Done has them."""

    use: Use


class DeliverCertificate(Command, frozen=True, kw_only=True, tag="deliver-certificate"):
    """Deliver the certificate that the charger asked for. With those that signed it."""

    chain: may.Pem


class ChangeCredential(Command, frozen=True, kw_only=True, tag="change-credential"):
    """Change the password with which the charger connects.

    It is written as hexadecimal digits, as the whitepaper says, or as the `text` that it is: some want that.
    """

    password: may.Password
    form: Annotated[
        Literal["hex", "text"], Meta(description="how it is written to the charger: hex, or text as it is")
    ] = "hex"

    def __repr__(self) -> str:
        """Without the password."""
        return f"ChangeCredential(charger={self.charger!r})"


# -- whatever else ---------------------------------------------------------------------------------------


class SendVendorMessage(Command, frozen=True, kw_only=True, tag="send-vendor-message"):
    """Send a message of a vendor's own (OCPP DataTransfer)."""

    vendor: may.Vendor
    message: may.MessageId | None = None
    data: may.MessageData | None = None


class NativeCall(Command, frozen=True, kw_only=True, tag="native-call"):
    """For experts: send an action of the charger's own protocol, which must fit its schema.

    Refused for everything that has a command here and changes something. Done has the answer as JSON.
    """

    version: may.Version
    action: may.Action
    payload: Annotated[dict[str, Any], Meta(description="the action's content, a JSON object")]


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


PATIENCE_MS = 30_000
MORE_PER_MESSAGE_MS = 5_000


def patience_ms(command: AnyCommand) -> int:
    """How long a charger may take to answer: a long list of tokens is many messages."""
    messages = len(command.tokens) // command.at_once if isinstance(command, SendTokens) else 0
    return PATIENCE_MS + messages * MORE_PER_MESSAGE_MS


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
    reservation_id: int | None = None


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
    """Who commands: a CSMS by its name in the site file, the page, a command line, the building.

    `number`: by which it will know what comes of it.
    """

    kind: Literal["csms", "page", "command", "site", "mqtt"]
    name: str = ""
    number: int | None = None
