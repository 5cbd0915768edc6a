"""Functional blocks L, N and O: firmware, logs, monitoring and events, customers, displays."""

from typing import Literal

from edge.ocpp.v201.types import (
    CertificateHashData,
    Component,
    ComponentVariable,
    DateTime,
    IdToken,
    Message,
    MessageContent,
    StatusInfo,
    Variable,
)


class Firmware(Message, frozen=True, kw_only=True):
    """Where it is, when to fetch and install it, and who signed it."""

    location: str
    retrieve_date_time: DateTime
    install_date_time: DateTime | None = None
    signing_certificate: str | None = None
    signature: str | None = None


class UpdateFirmware(Message, frozen=True, kw_only=True):
    """Fetch firmware and install it."""

    request_id: int
    firmware: Firmware
    retries: int | None = None
    retry_interval: int | None = None


class UpdateFirmwareResponse(Message, frozen=True, kw_only=True):
    """AcceptedCanceled: and the update before is given up."""

    status: str
    status_info: StatusInfo | None = None


class FirmwareStatusNotification(Message, frozen=True, kw_only=True):
    """How far it is."""

    status: str
    request_id: int | None = None


class FirmwareStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class LogParameters(Message, frozen=True, kw_only=True):
    """Which part of a log, and where it shall go."""

    remote_location: str
    oldest_timestamp: DateTime | None = None
    latest_timestamp: DateTime | None = None


class GetLog(Message, frozen=True, kw_only=True):
    """Upload a log."""

    log_type: str
    request_id: int
    log: LogParameters
    retries: int | None = None
    retry_interval: int | None = None


class GetLogResponse(Message, frozen=True, kw_only=True):
    """AcceptedCanceled: and the upload before is given up."""

    status: str
    filename: str | None = None
    status_info: StatusInfo | None = None


class LogStatusNotification(Message, frozen=True, kw_only=True):
    """How far it is."""

    status: str
    request_id: int | None = None


class LogStatusNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class EventData(Message, frozen=True, kw_only=True):
    """Something that a monitor saw."""

    event_id: int
    timestamp: DateTime
    trigger: str
    actual_value: str
    event_notification_type: str
    component: Component
    variable: Variable
    cleared: bool | None = None
    tech_code: str | None = None
    tech_info: str | None = None
    transaction_id: str | None = None
    variable_monitoring_id: int | None = None
    severity: int | None = None  # 2.1


class NotifyEvent(Message, frozen=True, kw_only=True):
    """What monitors saw; `tbc`: more follows."""

    generated_at: DateTime
    seq_no: int
    event_data: tuple[EventData, ...]
    tbc: bool | None = None


class NotifyEventResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class SetMonitoringData(Message, frozen=True, kw_only=True):
    """A monitor, and how grave what it sees is: 0 (danger) to 9."""

    value: float
    type: str
    severity: int
    component: Component
    variable: Variable
    id: int | None = None
    transaction: bool | None = None


class SetVariableMonitoring(Message, frozen=True, kw_only=True):
    """Watch variables."""

    set_monitoring_data: tuple[SetMonitoringData, ...]


class SetMonitoringResult(Message, frozen=True, kw_only=True):
    """What became of one."""

    status: str
    type: str
    severity: int
    component: Component
    variable: Variable
    id: int | None = None
    status_info: StatusInfo | None = None


class SetVariableMonitoringResponse(Message, frozen=True, kw_only=True):
    """What became of each."""

    set_monitoring_result: tuple[SetMonitoringResult, ...]


class ClearVariableMonitoring(Message, frozen=True, kw_only=True):
    """Watch no longer."""

    id: tuple[int, ...]


class ClearMonitoringResult(Message, frozen=True, kw_only=True):
    """What became of one."""

    status: str
    id: int
    status_info: StatusInfo | None = None


class ClearVariableMonitoringResponse(Message, frozen=True, kw_only=True):
    """What became of each."""

    clear_monitoring_result: tuple[ClearMonitoringResult, ...]


class SetMonitoringBase(Message, frozen=True, kw_only=True):
    """Which monitors there are."""

    monitoring_base: Literal["All", "FactoryDefault", "HardWiredOnly"]


class SetMonitoringBaseResponse(Message, frozen=True, kw_only=True):
    """Whether it has them."""

    status: str
    status_info: StatusInfo | None = None


class SetMonitoringLevel(Message, frozen=True, kw_only=True):
    """Tell of nothing less grave than this."""

    severity: int


class SetMonitoringLevelResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class GetMonitoringReport(Message, frozen=True, kw_only=True):
    """Report the monitors."""

    request_id: int
    component_variable: tuple[ComponentVariable, ...] | None = None
    monitoring_criteria: tuple[str, ...] | None = None


class GetMonitoringReportResponse(Message, frozen=True, kw_only=True):
    """Whether reports will come."""

    status: str
    status_info: StatusInfo | None = None


class VariableMonitor(Message, frozen=True, kw_only=True):
    """A monitor of a variable."""

    id: int
    transaction: bool
    value: float
    type: str
    severity: int


class MonitoringData(Message, frozen=True, kw_only=True):
    """The monitors of a variable."""

    component: Component
    variable: Variable
    variable_monitoring: tuple[VariableMonitor, ...]


class NotifyMonitoringReport(Message, frozen=True, kw_only=True):
    """A part of such a report."""

    request_id: int
    seq_no: int
    generated_at: DateTime
    monitor: tuple[MonitoringData, ...] | None = None
    tbc: bool | None = None


class NotifyMonitoringReportResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class CustomerInformation(Message, frozen=True, kw_only=True):
    """Tell, or forget, what is known of a customer."""

    request_id: int
    report: bool
    clear: bool
    customer_identifier: str | None = None
    id_token: IdToken | None = None
    customer_certificate: CertificateHashData | None = None


class CustomerInformationResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class NotifyCustomerInformation(Message, frozen=True, kw_only=True):
    """A part of what is known."""

    data: str
    seq_no: int
    generated_at: DateTime
    request_id: int
    tbc: bool | None = None


class NotifyCustomerInformationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class MessageInfo(Message, frozen=True, kw_only=True):
    """A text on a display: which, how urgent, and while what lasts."""

    id: int
    priority: Literal["AlwaysFront", "InFront", "NormalCycle"]
    message: MessageContent
    state: str | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    transaction_id: str | None = None
    display: Component | None = None


class SetDisplayMessage(Message, frozen=True, kw_only=True):
    """Show a text."""

    message: MessageInfo


class SetDisplayMessageResponse(Message, frozen=True, kw_only=True):
    """Whether it will."""

    status: str
    status_info: StatusInfo | None = None


class GetDisplayMessages(Message, frozen=True, kw_only=True):
    """Which texts are shown?"""

    request_id: int
    id: tuple[int, ...] | None = None
    priority: str | None = None
    state: str | None = None


class GetDisplayMessagesResponse(Message, frozen=True, kw_only=True):
    """Whether a report will come."""

    status: str
    status_info: StatusInfo | None = None


class NotifyDisplayMessages(Message, frozen=True, kw_only=True):
    """These are."""

    request_id: int
    message_info: tuple[MessageInfo, ...] | None = None
    tbc: bool | None = None


class NotifyDisplayMessagesResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class ClearDisplayMessage(Message, frozen=True, kw_only=True):
    """Show it no longer."""

    id: int


class ClearDisplayMessageResponse(Message, frozen=True, kw_only=True):
    """Whether it was shown."""

    status: str
    status_info: StatusInfo | None = None
