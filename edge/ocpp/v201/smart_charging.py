"""Functional block K: charging profiles, and what bounds a station beside them."""

from typing import Literal

from edge.ocpp.v201.types import (
    ChargingProfile,
    ChargingSchedule,
    DateTime,
    Message,
    RateUnit,
    SchedulePeriod,
    StatusInfo,
)


class SetChargingProfile(Message, frozen=True, kw_only=True):
    """Install a profile, in the place of one with its id."""

    evse_id: int
    charging_profile: ChargingProfile


class SetChargingProfileResponse(Message, frozen=True, kw_only=True):
    """Accepted is not applied."""

    status: str
    status_info: StatusInfo | None = None


class ClearCriteria(Message, frozen=True, kw_only=True):
    """Which profiles."""

    evse_id: int | None = None
    charging_profile_purpose: str | None = None
    stack_level: int | None = None


class ClearChargingProfile(Message, frozen=True, kw_only=True):
    """Take profiles away, by id or by criteria."""

    charging_profile_id: int | None = None
    charging_profile_criteria: ClearCriteria | None = None


class ClearChargingProfileResponse(Message, frozen=True, kw_only=True):
    """Whether any was there."""

    status: str
    status_info: StatusInfo | None = None


class ProfileCriterion(Message, frozen=True, kw_only=True):
    """Which profiles."""

    charging_profile_purpose: str | None = None
    stack_level: int | None = None
    charging_profile_id: tuple[int, ...] | None = None
    charging_limit_source: tuple[str, ...] | None = None


class GetChargingProfiles(Message, frozen=True, kw_only=True):
    """Report what is installed."""

    request_id: int
    charging_profile: ProfileCriterion
    evse_id: int | None = None


class GetChargingProfilesResponse(Message, frozen=True, kw_only=True):
    """Whether reports will come."""

    status: str
    status_info: StatusInfo | None = None


class ReportChargingProfiles(Message, frozen=True, kw_only=True):
    """Installed profiles of an EVSE; `tbc`: more follow."""

    request_id: int
    charging_limit_source: str
    evse_id: int
    charging_profile: tuple[ChargingProfile, ...]
    tbc: bool | None = None


class ReportChargingProfilesResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class GetCompositeSchedule(Message, frozen=True, kw_only=True):
    """What is believed to hold; EVSE 0 is the whole station."""

    duration: int
    evse_id: int
    charging_rate_unit: RateUnit | None = None


class CompositeSchedule(Message, frozen=True, kw_only=True):
    """What a station believes of its limits."""

    evse_id: int
    duration: int
    schedule_start: DateTime
    charging_rate_unit: RateUnit
    charging_schedule_period: tuple[SchedulePeriod, ...]


class GetCompositeScheduleResponse(Message, frozen=True, kw_only=True):
    """What it believes; never a proof."""

    status: str
    schedule: CompositeSchedule | None = None
    status_info: StatusInfo | None = None


class ChargingLimit(Message, frozen=True, kw_only=True):
    """Who bounds it. 2.1 leaves the sources open, and tells whether a limit or generation is meant."""

    charging_limit_source: str
    is_grid_critical: bool | None = None


class NotifyChargingLimit(Message, frozen=True, kw_only=True):
    """Somebody else than we bounds the station, or an EVSE."""

    charging_limit: ChargingLimit
    evse_id: int | None = None
    charging_schedule: tuple[ChargingSchedule, ...] | None = None


class NotifyChargingLimitResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class ClearedChargingLimit(Message, frozen=True, kw_only=True):
    """And does so no longer."""

    charging_limit_source: str
    evse_id: int | None = None


class ClearedChargingLimitResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class AcParameters(Message, frozen=True, kw_only=True):
    """What a car says of itself. Wh and A; 2.1 has fractions."""

    energy_amount: float | None = None
    ev_min_current: float | None = None
    ev_max_current: float | None = None


class ChargingNeeds(Message, frozen=True, kw_only=True):
    """What a car needs, and by when."""

    requested_energy_transfer: str
    ac_charging_parameters: AcParameters | None = None
    departure_time: DateTime | None = None


class NotifyEVChargingNeeds(Message, frozen=True, kw_only=True):
    """A car that speaks ISO 15118 says what it needs."""

    evse_id: int
    charging_needs: ChargingNeeds
    max_schedule_tuples: int | None = None


class NotifyEVChargingNeedsResponse(Message, frozen=True, kw_only=True):
    """Processing: a profile may follow."""

    status: Literal["Accepted", "Rejected", "Processing", "NoChargingProfile"]  # the last: 2.1
    status_info: StatusInfo | None = None


class NotifyEVChargingSchedule(Message, frozen=True, kw_only=True):
    """What the car means to draw."""

    time_base: DateTime
    evse_id: int
    charging_schedule: ChargingSchedule


class NotifyEVChargingScheduleResponse(Message, frozen=True, kw_only=True):
    """Whether that fits its limits."""

    status: Literal["Accepted", "Rejected"]
    status_info: StatusInfo | None = None
