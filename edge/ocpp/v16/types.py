"""What OCPP 1.6 messages are made of: the data types of ed. 2 section 7.

Field names are the specification's in snake case. An optional field that is absent is None, and so is one
that a station sends as null, which the schemas forbid and stations do.
"""

from typing import Annotated, Literal

import msgspec

Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # what SQLite can keep
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # of tries, seconds, levels: never negative
ConnectorId = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]  # 0 is the whole charge point
OneConnectorId = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Text20 = Annotated[str, msgspec.Meta(max_length=20)]
Text25 = Annotated[str, msgspec.Meta(max_length=25)]
Text40 = Annotated[str, msgspec.Meta(max_length=40)]
Text50 = Annotated[str, msgspec.Meta(max_length=50)]
Text128 = Annotated[str, msgspec.Meta(max_length=128)]
Text255 = Annotated[str, msgspec.Meta(max_length=255)]
Text500 = Annotated[str, msgspec.Meta(max_length=500)]
Text512 = Annotated[str, msgspec.Meta(max_length=512)]
Text800 = Annotated[str, msgspec.Meta(max_length=800)]
Text5500 = Annotated[str, msgspec.Meta(max_length=5500)]
Text10000 = Annotated[str, msgspec.Meta(max_length=10000)]
DateTime = str  # timestamps.epoch_ms reads it; a broken one must not cost a whole message

AvailabilityStatus = Literal["Accepted", "Rejected", "Scheduled"]
AvailabilityType = Literal["Inoperative", "Operative"]
ChargePointErrorCode = Literal[
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "NoError",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
]
ChargePointStatus = Literal[
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
]
ChargingProfilePurpose = Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
ChargingProfileKind = Literal["Absolute", "Recurring", "Relative"]
RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]
RecurrencyKind = Literal["Daily", "Weekly"]
ChargingRateUnit = Literal["A", "W"]
ConfigurationStatus = Literal["Accepted", "Rejected", "RebootRequired", "NotSupported"]
AuthorizationStatus = Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]
MessageTrigger = Literal[
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
]
FirmwareStatus = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
]
DiagnosticsStatus = Literal["Idle", "Uploaded", "UploadFailed", "Uploading"]
ReadingContext = Literal[
    "Interruption.Begin",
    "Interruption.End",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
    "Other",
]
Measurand = Literal[
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "Power.Factor",
    "Current.Import",
    "Current.Export",
    "Current.Offered",
    "Voltage",
    "Frequency",
    "Temperature",
    "SoC",
    "RPM",
]
Phase = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
Location = Literal["Cable", "EV", "Inlet", "Outlet", "Body"]
Unit = Literal[
    "Wh",
    "kWh",
    "varh",
    "kvarh",
    "W",
    "kW",
    "VA",
    "kVA",
    "var",
    "kvar",
    "A",
    "V",
    "K",
    "Celcius",
    "Celsius",
    "Fahrenheit",
    "Percent",
    "Hertz",
]
Reason = Literal[
    "DeAuthorized",
    "EmergencyStop",
    "EVDisconnected",
    "HardReset",
    "Local",
    "Other",
    "PowerLoss",
    "Reboot",
    "Remote",
    "SoftReset",
    "UnlockCommand",
]


class Message(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """A message or a part of one."""


class IdTagInfo(Message, frozen=True, kw_only=True):
    """What a central system thinks of a token (section 7.27)."""

    status: AuthorizationStatus
    expiry_date: DateTime | None = None
    parent_id_tag: Text20 | None = None


class SampledValue(Message, frozen=True, kw_only=True):
    """One measured value, a decimal number as text (section 7.43). Absent fields have defaults there.

    Stations that write a bare number are understood; it is as good as its text.
    """

    value: str | float
    context: ReadingContext | None = None
    format: Literal["Raw", "SignedData"] | None = None
    measurand: Measurand | None = None
    phase: Phase | None = None
    location: Location | None = None
    unit: Unit | None = None


class MeterValue(Message, frozen=True, kw_only=True):
    """Values of one moment (section 7.33)."""

    timestamp: DateTime
    sampled_value: Annotated[tuple[SampledValue, ...], msgspec.Meta(min_length=1)]


class TransactionValue(Message, frozen=True, kw_only=True):
    """A MeterValue within a StopTransaction, whose schema allows it to be empty."""

    timestamp: DateTime
    sampled_value: tuple[SampledValue, ...]


class ChargingSchedulePeriod(Message, frozen=True, kw_only=True):
    """From `start_period` seconds on `limit` A or W hold (section 7.14)."""

    start_period: Integer
    limit: float
    number_phases: Integer | None = None


class ChargingSchedule(Message, frozen=True, kw_only=True):
    """Limits over time (section 7.13)."""

    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: tuple[ChargingSchedulePeriod, ...]
    duration: Integer | None = None
    start_schedule: DateTime | None = None
    min_charging_rate: float | None = None


class ChargingProfile(Message, frozen=True, kw_only=True):
    """A schedule, what it is for and how it ranks (section 7.8)."""

    charging_profile_id: Integer
    stack_level: Count
    charging_profile_purpose: ChargingProfilePurpose
    charging_profile_kind: ChargingProfileKind
    charging_schedule: ChargingSchedule
    transaction_id: Integer | None = None
    recurrency_kind: RecurrencyKind | None = None
    valid_from: DateTime | None = None
    valid_to: DateTime | None = None


class CompositePeriod(Message, frozen=True, kw_only=True):
    """A period of a composite schedule, of which stations report fractions of a second."""

    start_period: Integer | float
    limit: float
    number_phases: Integer | None = None


class CompositeSchedule(Message, frozen=True, kw_only=True):
    """What a station believes of its limits: read by people, never relied on, so it may be odd.

    Periods may be none, begin at fractions of a second, and have -1 as the limit where there is none.
    """

    charging_rate_unit: ChargingRateUnit
    charging_schedule_period: tuple[CompositePeriod, ...]
    duration: Integer | None = None
    start_schedule: DateTime | None = None
    min_charging_rate: float | None = None


class KeyValue(Message, frozen=True, kw_only=True):
    """A configuration key as reported (section 7.29)."""

    key: Text50
    readonly: bool
    value: Text500 | None = None
