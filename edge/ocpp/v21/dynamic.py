"""What OCPP 2.1 adds to functional block K: schedules that are set anew without a new profile."""

from edge.ocpp.v201.types import Message, StatusInfo


class ScheduleUpdate(Message, frozen=True, kw_only=True):
    """The limit from now on, in the unit of the schedule."""

    limit: float | None = None


class UpdateDynamicSchedule(Message, frozen=True, kw_only=True):
    """Set the limit of a dynamic profile."""

    charging_profile_id: int
    schedule_update: ScheduleUpdate


class UpdateDynamicScheduleResponse(Message, frozen=True, kw_only=True):
    """Whether it took it."""

    status: str
    status_info: StatusInfo | None = None


class PullDynamicScheduleUpdate(Message, frozen=True, kw_only=True):
    """The station asks for the limit of a dynamic profile."""

    charging_profile_id: int


class PullDynamicScheduleUpdateResponse(Message, frozen=True, kw_only=True):
    """What it is."""

    status: str
    schedule_update: ScheduleUpdate | None = None
    status_info: StatusInfo | None = None


class NotifyPriorityCharging(Message, frozen=True, kw_only=True):
    """A driver asked for priority at the station."""

    transaction_id: str
    activated: bool


class NotifyPriorityChargingResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""
