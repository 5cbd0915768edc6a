"""What a charger tells us in OCPP 2.x, as events; and the site's answers, as responses."""

import msgspec

from edge.dialects.arrival import Arrival
from edge.dialects.v201.charger_reports import Reports, events_of_reports
from edge.dialects.v201.samples import sampled
from edge.dialects.v201.states import States
from edge.dialects.v201.transactions import Transactions
from edge.dialects.v201.words import id_token_info, token_of
from edge.ocpp.rpc import INTERNAL_ERROR, NOT_SUPPORTED, SECURITY_ERROR, Fault
from edge.ocpp.timestamps import rfc3339
from edge.ocpp.v201 import authorisation, operation, provisioning, security, smart_charging, transactions
from edge.ocpp.v201.codec import Codec, encode
from edge.ocpp.v201.types import IdTokenInfo, Message
from edge.site.events import (
    Acknowledged,
    Answer,
    AnyEvent,
    BootAnswer,
    CertificateAnswer,
    ChargerBooted,
    NotAnswered,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    VendorMessage,
)

_REGISTRATIONS = {"accepted": "Accepted", "pending": "Pending", "rejected": "Rejected"}
_ANSWERS: dict[str, bytes] = {  # to what chargers say, where it is the same each time
    "ClearedChargingLimit": b"{}",
    "FirmwareStatusNotification": b"{}",
    "LogStatusNotification": b"{}",
    "MeterValues": b"{}",
    "NotifyChargingLimit": b"{}",
    "NotifyCustomerInformation": b"{}",
    "NotifyDisplayMessages": b"{}",
    "NotifyEVChargingSchedule": b'{"status":"Accepted"}',
    "NotifyEvent": b"{}",
    "NotifyMonitoringReport": b"{}",
    "NotifyReport": b"{}",
    "PublishFirmwareStatusNotification": b"{}",
    "ReportChargingProfiles": b"{}",
    "ReservationStatusUpdate": b"{}",
    "SecurityEventNotification": b"{}",
    "StatusNotification": b"{}",
    # kept, but nobody here knows any vendor's words
    "DataTransfer": b'{"status":"UnknownVendorId"}',
    # plug and charge: no certificates of contracts are looked after here
    "Get15118EVCertificate": b'{"status":"Failed","exiResponse":""}',
    "GetCertificateStatus": b'{"status":"Failed"}',
}


NOTED = Acknowledged()


class Ear:
    """Understands one charger, and remembers what later messages leave out."""

    def __init__(self, codec: Codec, answers: dict[str, bytes]) -> None:
        """`answers`: to what only this version has."""
        self._codec = codec
        self._answers = {**_ANSWERS, **answers}
        self.transactions = Transactions()
        self.reports = Reports()
        self._states = States()
        self._has_token = False

    def events_of(self, action: str, raw: bytes | msgspec.Raw, arrival: Arrival) -> tuple[AnyEvent, ...]:
        """What a CALL tells. Raises Fault with the code for the CALLERROR."""
        match self._codec.decode_request(action, raw):
            case transactions.TransactionEvent() as request:
                return self._transaction(request, arrival)
            case transactions.MeterValues() as request:
                samples = [sampled(each, arrival, evse=request.evse_id) for each in request.meter_value]
                for sample in samples:
                    self.transactions.measured(sample)
                return tuple(samples)
            case operation.Heartbeat():
                return ()
            case operation.StatusNotification() as request:
                return self._state(request, arrival)
            case authorisation.Authorize() as request:
                return (_authorize(request, arrival),)
            case provisioning.BootNotification() as request:
                return (_booted(request, arrival, f"OCPP {self._codec.version}"),)
            case operation.DataTransfer() as request:
                return (_vendor(request, arrival),)
            case request:
                told = events_of_reports(request, arrival, self.reports, self._states)
                if told is None and action not in self._answers:
                    raise Fault(NOT_SUPPORTED, f"{action}: not what a charger tells, or of no use here")
                return told or ()

    def answer_to(self, action: str, answer: Answer, *, now_ms: int) -> bytes:
        """The payload that answers a CALL. Raises Fault where the site could not keep it."""
        if isinstance(answer, NotAnswered):
            self.transactions.was_not_kept()
            if action == "NotifyEVChargingNeeds":
                return b'{"status":"Rejected"}'
            raise Fault(INTERNAL_ERROR, answer.sentence)
        if action == "TransactionEvent" and answer == NOTED and not self._has_token:
            return b"{}"  # most of them
        same = self._answers.get(action)
        return same if same is not None else encode(self._response(action, answer, now_ms))

    def _response(self, action: str, answer: Answer, now_ms: int) -> Message:
        match action:
            case "Heartbeat":
                return operation.HeartbeatResponse(current_time=rfc3339(now_ms))
            case "TransactionEvent":
                return transactions.TransactionEventResponse(
                    total_cost=answer.total_cost if isinstance(answer, Acknowledged) else None,
                    id_token_info=self._opinion(answer),
                )
            case "NotifyEVChargingNeeds":
                return smart_charging.NotifyEVChargingNeedsResponse(status="Processing")
        match answer:
            case BootAnswer():
                return provisioning.BootNotificationResponse(
                    status=_REGISTRATIONS[answer.status],  # type: ignore[arg-type]
                    current_time=rfc3339(answer.now_ms),
                    interval=answer.interval_s,
                )
            case CertificateAnswer():
                is_accepted = answer.is_accepted
                return security.SignCertificateResponse(status="Accepted" if is_accepted else "Rejected")
            case TokenAnswer():
                return authorisation.AuthorizeResponse(id_token_info=id_token_info(answer))
        raise TypeError(action)

    def _opinion(self, answer: Answer) -> IdTokenInfo | None:
        """Whoever shows a token is told what is thought of it."""
        if isinstance(answer, StartAnswer):
            return id_token_info(answer.token)
        if isinstance(answer, TokenAnswer):
            return id_token_info(answer)
        return IdTokenInfo(status="Accepted") if self._has_token else None

    def _transaction(self, request: transactions.TransactionEvent, arrival: Arrival) -> tuple[AnyEvent, ...]:
        self._has_token = request.id_token is not None
        events = self.transactions.events_of(request, arrival)
        at_ms = arrival.stamp(request.timestamp)
        if request.offline or arrival.was_offline(at_ms):
            return tuple(events)  # what it was then says nothing of now
        info = request.transaction_info
        evse = self.transactions.evse_of(info.transaction_id)
        is_over = request.event_type == "Ended"
        state = self._states.charging(evse, info.charging_state, arrival, at_ms, is_over=is_over)
        return (*events, state) if state is not None and evse else tuple(events)

    def _state(self, request: operation.StatusNotification, arrival: Arrival) -> tuple[AnyEvent, ...]:
        state = self._states.connector(
            request.evse_id,
            request.connector_id,
            request.connector_status,
            arrival,
            arrival.stamp(request.timestamp),
        )
        return () if state is None else (state,)


def refuse_before_boot(action: str) -> None:
    """A station that was not accepted may only boot, and report what it was asked while Pending."""
    if action not in ("BootNotification", "NotifyReport"):
        raise Fault(SECURITY_ERROR, "not accepted yet: BootNotification first")


def _booted(request: provisioning.BootNotification, arrival: Arrival, protocol: str) -> ChargerBooted:
    station = request.charging_station
    return ChargerBooted(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        vendor=station.vendor_name,
        model=station.model,
        firmware=station.firmware_version,
        serial=station.serial_number,
        protocol=protocol,
    )


def _authorize(request: authorisation.Authorize, arrival: Arrival) -> TokenPresented:
    return TokenPresented(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        token=token_of(request.id_token),
    )


def _vendor(request: operation.DataTransfer, arrival: Arrival) -> VendorMessage:
    data = request.data
    return VendorMessage(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        vendor=request.vendor_id,
        message=request.message_id,
        data=data if data is None or isinstance(data, str) else msgspec.json.encode(data).decode(),
    )
