"""What OCPP 2.x messages are made of, as far as Ampyard maps them: both 2.0.1 and 2.1.

A message is judged by its published schema (`codec`), so that these structs need not say again what may be in
it: they name what is read or written here, in snake case, and pass over the rest. What only 2.1 has says so.
Words of the peer that we merely read are `str`: the schema knows which there are.
"""

from typing import Literal

import msgspec

DateTime = str  # timestamps.epoch_ms reads it; a broken one must not cost a whole message
RateUnit = Literal["A", "W"]
Attribute = Literal["Actual", "Target", "MinSet", "MaxSet"]
HashAlgorithm = Literal["SHA256", "SHA384", "SHA512"]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A message or a part of one. What is None is left out."""


class Unmapped(Message, frozen=True, kw_only=True):
    """A message that fits its schema and of which nothing is used here."""


class StatusInfo(Message, frozen=True, kw_only=True):
    """Why a status is what it is."""

    reason_code: str
    additional_info: str | None = None


class Evse(Message, frozen=True, kw_only=True):
    """An EVSE, or a connector of it."""

    id: int
    connector_id: int | None = None


class AdditionalInfo(Message, frozen=True, kw_only=True):
    """Another number that came with a token."""

    additional_id_token: str
    type: str


class IdToken(Message, frozen=True, kw_only=True):
    """A token, and what kind of number it is."""

    id_token: str
    type: str
    additional_info: tuple[AdditionalInfo, ...] | None = None


class MessageContent(Message, frozen=True, kw_only=True):
    """A text for a display."""

    format: str
    content: str
    language: str | None = None


class IdTokenInfo(Message, frozen=True, kw_only=True):
    """What a CSMS thinks of a token."""

    status: str
    cache_expiry_date_time: DateTime | None = None
    charging_priority: int | None = None
    group_id_token: IdToken | None = None
    personal_message: MessageContent | None = None
    evse_id: tuple[int, ...] | None = None


class Component(Message, frozen=True, kw_only=True):
    """A component of the device model."""

    name: str
    instance: str | None = None
    evse: Evse | None = None


class Variable(Message, frozen=True, kw_only=True):
    """A variable of a component."""

    name: str
    instance: str | None = None


class ComponentVariable(Message, frozen=True, kw_only=True):
    """A component, or one variable of it."""

    component: Component
    variable: Variable | None = None


class SignedMeterValue(Message, frozen=True, kw_only=True):
    """What a meter has signed. 2.1 lets method and key be left out where they were told before."""

    signed_meter_data: str
    encoding_method: str
    signing_method: str | None = None
    public_key: str | None = None


class UnitOfMeasure(Message, frozen=True, kw_only=True):
    """Absent, it is Wh; the multiplier is a power of ten."""

    unit: str | None = None
    multiplier: int | None = None


class SampledValue(Message, frozen=True, kw_only=True):
    """One measured value; by default a periodic sample of the energy register at the outlet."""

    value: float
    measurand: str | None = None
    context: str | None = None
    phase: str | None = None
    location: str | None = None
    signed_meter_value: SignedMeterValue | None = None
    unit_of_measure: UnitOfMeasure | None = None


class MeterValue(Message, frozen=True, kw_only=True):
    """Values of one moment."""

    timestamp: DateTime
    sampled_value: tuple[SampledValue, ...]


class CertificateHashData(Message, frozen=True, kw_only=True):
    """How OCPP names a certificate."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class SchedulePeriod(Message, frozen=True, kw_only=True):
    """From `start_period` seconds on `limit` A or W hold. 2.1 may bound each phase for itself."""

    start_period: int
    limit: float | None = None
    number_phases: int | None = None
    phase_to_use: int | None = None
    limit_L2: float | None = msgspec.field(default=None, name="limit_L2")  # noqa: N815  as 2.1 spells it
    limit_L3: float | None = msgspec.field(default=None, name="limit_L3")  # noqa: N815


class ChargingSchedule(Message, frozen=True, kw_only=True):
    """Limits over time."""

    id: int
    charging_rate_unit: RateUnit
    charging_schedule_period: tuple[SchedulePeriod, ...]
    start_schedule: DateTime | None = None
    duration: int | None = None
    min_charging_rate: float | None = None


class ChargingProfile(Message, frozen=True, kw_only=True):
    """A schedule, what it is for and how it ranks.

    2.1: after `max_offline_duration` seconds without us it is invalid, for good where
    `invalid_after_offline_duration` says so.
    """

    id: int
    stack_level: int
    charging_profile_purpose: str
    charging_profile_kind: str
    charging_schedule: tuple[ChargingSchedule, ...]
    recurrency_kind: str | None = None
    valid_from: DateTime | None = None
    valid_to: DateTime | None = None
    transaction_id: str | None = None
    max_offline_duration: int | None = None
    invalid_after_offline_duration: bool | None = None
