"""Functional block B: boots, the device model, resets and network profiles."""

from typing import Literal

from edge.ocpp.v201.types import (
    Attribute,
    Component,
    ComponentVariable,
    DateTime,
    Message,
    StatusInfo,
    Variable,
)


class Modem(Message, frozen=True, kw_only=True):
    """Its SIM card."""

    iccid: str | None = None
    imsi: str | None = None


class ChargingStation(Message, frozen=True, kw_only=True):
    """Which box it is."""

    model: str
    vendor_name: str
    serial_number: str | None = None
    firmware_version: str | None = None
    modem: Modem | None = None


class BootNotification(Message, frozen=True, kw_only=True):
    """The charging station started."""

    charging_station: ChargingStation
    reason: str


class BootNotificationResponse(Message, frozen=True, kw_only=True):
    """Whether it may work here; `interval` is the heartbeat's, or how long to wait before the next boot."""

    current_time: DateTime
    interval: int
    status: Literal["Accepted", "Pending", "Rejected"]
    status_info: StatusInfo | None = None


class GetVariableData(Message, frozen=True, kw_only=True):
    """One variable to be read."""

    component: Component
    variable: Variable
    attribute_type: Attribute | None = None


class GetVariables(Message, frozen=True, kw_only=True):
    """Read variables, as many as its ItemsPerMessageGetVariables."""

    get_variable_data: tuple[GetVariableData, ...]


class GetVariableResult(Message, frozen=True, kw_only=True):
    """One variable as read."""

    attribute_status: str
    component: Component
    variable: Variable
    attribute_type: Attribute | None = None
    attribute_value: str | None = None
    attribute_status_info: StatusInfo | None = None


class GetVariablesResponse(Message, frozen=True, kw_only=True):
    """Each variable that was asked for."""

    get_variable_result: tuple[GetVariableResult, ...]


class SetVariableData(Message, frozen=True, kw_only=True):
    """One variable to be written."""

    attribute_value: str
    component: Component
    variable: Variable
    attribute_type: Attribute | None = None


class SetVariables(Message, frozen=True, kw_only=True):
    """Write variables, as many as its ItemsPerMessageSetVariables."""

    set_variable_data: tuple[SetVariableData, ...]


class SetVariableResult(Message, frozen=True, kw_only=True):
    """What became of one."""

    attribute_status: str
    component: Component
    variable: Variable
    attribute_type: Attribute | None = None
    attribute_status_info: StatusInfo | None = None


class SetVariablesResponse(Message, frozen=True, kw_only=True):
    """What became of each."""

    set_variable_result: tuple[SetVariableResult, ...]


class GetBaseReport(Message, frozen=True, kw_only=True):
    """Report the device model, in as many NotifyReports as it takes."""

    request_id: int
    report_base: Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]


class GetBaseReportResponse(Message, frozen=True, kw_only=True):
    """Whether reports will come."""

    status: str
    status_info: StatusInfo | None = None


class GetReport(Message, frozen=True, kw_only=True):
    """Report a part of the device model."""

    request_id: int
    component_variable: tuple[ComponentVariable, ...] | None = None
    component_criteria: tuple[str, ...] | None = None


class GetReportResponse(Message, frozen=True, kw_only=True):
    """Whether reports will come."""

    status: str
    status_info: StatusInfo | None = None


class VariableAttribute(Message, frozen=True, kw_only=True):
    """A value of a variable; absent, `type` is Actual and `mutability` ReadWrite."""

    type: Attribute | None = None
    value: str | None = None
    mutability: str | None = None


class VariableCharacteristics(Message, frozen=True, kw_only=True):
    """What a variable may be."""

    data_type: str
    unit: str | None = None
    values_list: str | None = None
    min_limit: float | None = None
    max_limit: float | None = None


class ReportData(Message, frozen=True, kw_only=True):
    """A variable of the device model."""

    component: Component
    variable: Variable
    variable_attribute: tuple[VariableAttribute, ...]
    variable_characteristics: VariableCharacteristics | None = None


class NotifyReport(Message, frozen=True, kw_only=True):
    """A part of a report; `tbc`: another follows."""

    request_id: int
    generated_at: DateTime
    seq_no: int
    tbc: bool | None = None
    report_data: tuple[ReportData, ...] | None = None


class NotifyReportResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class Reset(Message, frozen=True, kw_only=True):
    """Restart, or one EVSE of it."""

    type: Literal["Immediate", "OnIdle", "ImmediateAndResume"]  # the last: 2.1
    evse_id: int | None = None


class ResetResponse(Message, frozen=True, kw_only=True):
    """Scheduled: when what runs has ended."""

    status: str
    status_info: StatusInfo | None = None
