"""What a charger shall do: the words that go in through the door `submit`, and their outcomes."""

from typing import Literal

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every command carries; `evse` 0 is the charger as a whole."""

    charger: str
    evse: int = 0


class StartCharging(Command, frozen=True, kw_only=True, tag="start-charging"):
    """Start a transaction for `token`. A cloud's profile inside becomes a limit before this is made."""

    token: str


class StopCharging(Command, frozen=True, kw_only=True, tag="stop-charging"):
    """End the transaction with this id of ours."""

    transaction_id: int


class Reset(Command, frozen=True, kw_only=True, tag="reset"):
    """Restart the charger; `hard`: without ending transactions in order."""

    hard: bool = False


class Unlock(Command, frozen=True, kw_only=True, tag="unlock"):
    """Release the plug."""


class SetAvailability(Command, frozen=True, kw_only=True, tag="set-availability"):
    """Take into or out of service."""

    operative: bool


class ReadSettings(Command, frozen=True, kw_only=True, tag="read-settings"):
    """Read settings by key, all of them when none is named."""

    keys: tuple[str, ...] = ()


class WriteSettings(Command, frozen=True, kw_only=True, tag="write-settings"):
    """Write settings; keys that the site owns are refused before they reach the charger."""

    settings: dict[str, str]


class Trigger(Command, frozen=True, kw_only=True, tag="trigger"):
    """Ask the charger to report now."""

    what: Literal["boot", "heartbeat", "meter-values", "status"]


class ClearTokenCache(Command, frozen=True, kw_only=True, tag="clear-token-cache"):
    """Forget every token that the charger remembers."""


class ReportSchedule(Command, frozen=True, kw_only=True, tag="report-schedule"):
    """What the charger believes its limits to be for the next `duration_s`. Never a proof."""

    duration_s: int
    unit: Literal["A", "W"] = "A"


class SendVendorMessage(Command, frozen=True, kw_only=True, tag="send-vendor-message"):
    """OCPP DataTransfer towards the charger."""

    vendor: str
    message: str | None = None
    data: str | None = None


AnyCommand = (
    StartCharging
    | StopCharging
    | Reset
    | Unlock
    | SetAvailability
    | ReadSettings
    | WriteSettings
    | Trigger
    | ClearTokenCache
    | ReportSchedule
    | SendVendorMessage
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


Outcome = Done | Refused | NotSupported | Unreachable | NoAnswer


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who commands: a CSMS by its name in the site file, the page, a command line."""

    kind: Literal["csms", "page", "command", "site"]
    name: str = ""
