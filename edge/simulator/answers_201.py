"""How a simulated charger answers what its CSMS asks in OCPP 2.x: put into its own words, done, and back."""

from collections.abc import Callable
from typing import Any, cast

import msgspec

from edge.dialects.v16.settings import key_of
from edge.dialects.v201 import settings
from edge.ocpp.rpc import NOT_SUPPORTED, Fault
from edge.ocpp.v16 import firmware as own_firmware
from edge.ocpp.v16 import local_list
from edge.ocpp.v16 import requests as own
from edge.ocpp.v16 import reservation as own_reservation
from edge.ocpp.v16 import responses as own_answers
from edge.ocpp.v16 import security as own_security
from edge.ocpp.v16.types import ChargingProfile as OwnProfile
from edge.ocpp.v16.types import ChargingSchedule, ChargingSchedulePeriod, IdTagInfo
from edge.ocpp.v16.types import Message as OwnMessage
from edge.ocpp.v201 import (
    authorisation,
    diagnostics,
    operation,
    provisioning,
    security,
    smart_charging,
    transactions,
)
from edge.ocpp.v201.codec import Codec, encode
from edge.ocpp.v201.types import ChargingProfile, Component, Message, SchedulePeriod, Variable
from edge.simulator.answers import Answers
from edge.simulator.station import Station

MOST_ITEMS = 4
_ITEMS = "DeviceDataCtrlr.ItemsPerMessage"
_ENERGY = "Energy.Active.Import.Register"
_PURPOSES = {"ChargingStationMaxProfile": "ChargePointMaxProfile"}
_USES = {
    "CSMSRootCertificate": "CentralSystemRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
}
_UNITS = {"Current": "A", "Power": "W"}
_RATE_UNIT = "SmartChargingCtrlr.RateUnit"


class Answers201:
    """One charger's. `numbers`: what its own inside calls the transactions that it has named."""

    def __init__(self, station: Station, codec: Codec) -> None:
        self._station = station
        self._codec = codec
        self.numbers: dict[str, int] = {}
        self.variables = {
            "SampledDataCtrlr.TxStartedMeasurands": _ENERGY,
            "TxCtrlr.TxStartPoint": "PowerPathClosed",
            "SmartChargingCtrlr.Enabled": "true",
            "ReservationCtrlr.Enabled": "true",
        }
        """What 1.6 has no key for."""

    def answer(self, action: str, payload: msgspec.Raw, answers: Answers) -> bytes:
        """Do it and say so. Raises Fault for what this charger has not got."""
        request = self._codec.decode_request(action, payload)
        handler = next((does for kind, does in self._table().items() if isinstance(request, kind)), None)
        if handler is None:
            raise Fault(NOT_SUPPORTED, f"{action} is not for this charger")
        return encode(handler(request, answers.answer))

    def _table(self) -> dict[type[Message], Callable[[Any, Callable[[OwnMessage], OwnMessage]], Message]]:
        return {
            authorisation.ClearCache: lambda _, __: authorisation.ClearCacheResponse(status="Rejected"),
            authorisation.GetLocalListVersion: self._list_version,
            authorisation.SendLocalList: self._send_list,
            diagnostics.GetLog: self._log,
            diagnostics.UpdateFirmware: self._update,
            operation.CancelReservation: self._cancel,
            operation.ChangeAvailability: self._availability,
            operation.DataTransfer: lambda _, __: operation.DataTransferResponse(status="UnknownVendorId"),
            operation.RequestStartTransaction: self._start,
            operation.RequestStopTransaction: self._stop,
            operation.ReserveNow: self._reserve,
            operation.TriggerMessage: self._trigger,
            operation.UnlockConnector: self._unlock,
            provisioning.GetVariables: self._read,
            provisioning.Reset: self._reset,
            provisioning.SetVariables: self._write,
            security.DeleteCertificate: self._delete,
            security.GetInstalledCertificateIds: self._installed,
            security.InstallCertificate: self._install,
            smart_charging.ClearChargingProfile: self._clear,
            smart_charging.GetCompositeSchedule: self._composite,
            smart_charging.SetChargingProfile: self._set,
            transactions.GetTransactionStatus: self._status,
        }

    # -- charging ----------------------------------------------------------------------------------------

    def _set(self, request: smart_charging.SetChargingProfile, do: "Do") -> Message:
        profile = self._own_profile(request.charging_profile)
        done = do(own.SetChargingProfile(connector_id=request.evse_id, cs_charging_profiles=profile))
        is_taken = _status(done) == "Accepted"
        return smart_charging.SetChargingProfileResponse(status="Accepted" if is_taken else "Rejected")

    def _own_profile(self, profile: ChargingProfile) -> OwnProfile:
        schedule = profile.charging_schedule[0]
        periods = tuple(
            ChargingSchedulePeriod(
                start_period=each.start_period, limit=each.limit or 0.0, number_phases=each.number_phases
            )
            for each in schedule.charging_schedule_period
        )
        purpose = profile.charging_profile_purpose
        fields = {
            "chargingProfileId": profile.id,
            "transactionId": self.numbers.get(profile.transaction_id or "", -1)
            if profile.transaction_id
            else None,
            "stackLevel": profile.stack_level,
            "chargingProfilePurpose": _PURPOSES.get(purpose, purpose),
            "chargingProfileKind": profile.charging_profile_kind,
            "recurrencyKind": profile.recurrency_kind,
            "validFrom": profile.valid_from,
            "validTo": profile.valid_to,
            "chargingSchedule": ChargingSchedule(
                duration=schedule.duration,
                start_schedule=schedule.start_schedule,
                charging_rate_unit=schedule.charging_rate_unit,
                charging_schedule_period=periods,
                min_charging_rate=schedule.min_charging_rate,
            ),
        }
        try:
            return msgspec.convert({k: v for k, v in fields.items() if v is not None}, OwnProfile)
        except msgspec.ValidationError as fault:
            raise Fault(NOT_SUPPORTED, str(fault)) from None

    def _clear(self, request: smart_charging.ClearChargingProfile, do: "Do") -> Message:
        criteria = request.charging_profile_criteria or smart_charging.ClearCriteria()
        purpose = criteria.charging_profile_purpose
        done = do(
            own.ClearChargingProfile(
                id=request.charging_profile_id,
                connector_id=criteria.evse_id,
                charging_profile_purpose=cast("Any", _PURPOSES.get(purpose or "", purpose)),
                stack_level=criteria.stack_level,
            )
        )
        return smart_charging.ClearChargingProfileResponse(status=_status(done))

    def _composite(self, request: smart_charging.GetCompositeSchedule, do: "Do") -> Message:
        done = do(
            own.GetCompositeSchedule(
                connector_id=request.evse_id,
                duration=request.duration,
                charging_rate_unit=request.charging_rate_unit,
            )
        )
        schedule = getattr(done, "charging_schedule", None)
        if schedule is None:
            return smart_charging.GetCompositeScheduleResponse(status="Rejected")
        periods = tuple(
            SchedulePeriod(start_period=int(each.start_period), limit=each.limit)
            for each in schedule.charging_schedule_period
        )
        return smart_charging.GetCompositeScheduleResponse(
            status="Accepted",
            schedule=smart_charging.CompositeSchedule(
                evse_id=request.evse_id,
                duration=request.duration,
                schedule_start=schedule.start_schedule,
                charging_rate_unit=schedule.charging_rate_unit,
                charging_schedule_period=periods,
            ),
        )

    def _start(self, request: operation.RequestStartTransaction, do: "Do") -> Message:
        profile = request.charging_profile
        done = do(
            own.RemoteStartTransaction(
                id_tag=request.id_token.id_token[:20],
                connector_id=request.evse_id,
                charging_profile=None if profile is None else self._own_profile(profile),
            )
        )
        return operation.RequestStartTransactionResponse(status=_status(done))

    def _stop(self, request: operation.RequestStopTransaction, do: "Do") -> Message:
        number = self.numbers.get(request.transaction_id)
        done = None if number is None else do(own.RemoteStopTransaction(transaction_id=number))
        return operation.RequestStopTransactionResponse(status="Rejected" if done is None else _status(done))

    def _status(self, request: transactions.GetTransactionStatus, _: "Do") -> Message:
        number = self.numbers.get(request.transaction_id or "", -1)
        is_owed = len(self._station.outbox) > 0
        return transactions.GetTransactionStatusResponse(
            messages_in_queue=is_owed,
            ongoing_indicator=self._station.running(number) is not None if request.transaction_id else None,
        )

    # -- the station -------------------------------------------------------------------------------------

    def _read(self, request: provisioning.GetVariables, do: "Do") -> Message:
        if len(request.get_variable_data) > MOST_ITEMS:
            raise Fault("OccurenceConstraintViolation", f"at most {MOST_ITEMS} variables at once")
        rows = []
        for row in request.get_variable_data:
            value = self._value(row.component, row.variable, do)
            rows.append(
                provisioning.GetVariableResult(
                    attribute_status="UnknownVariable" if value is None else "Accepted",
                    attribute_value=value,
                    component=row.component,
                    variable=row.variable,
                )
            )
        return provisioning.GetVariablesResponse(get_variable_result=tuple(rows))

    def _value(self, component: Component, variable: Variable, do: "Do") -> str | None:
        name = settings.name_of(component, variable)
        if name.startswith(_ITEMS):
            return str(MOST_ITEMS)
        if component.name == "EVSE" and component.evse is not None:
            known = self._station.connector(component.evse.id)
            return None if known is None else known.status()
        if name in self.variables:
            return self.variables[name]
        key = key_of(name.removesuffix("[ChargingProfiles]"))
        if key is None or key == "AuthorizationKey":
            return None
        found = cast("own_answers.GetConfigurationResponse", do(own.GetConfiguration(key=(key,))))
        value = next((row.value for row in found.configuration_key or ()), None)
        if value is not None and name == _RATE_UNIT:
            return ",".join(_UNITS[word] for word in value.split(",") if word in _UNITS)
        return value

    def _write(self, request: provisioning.SetVariables, do: "Do") -> Message:
        rows = []
        for row in request.set_variable_data:
            name = settings.name_of(row.component, row.variable)
            key = key_of(name)
            if name in self.variables:
                self.variables[name] = row.attribute_value
                status = "Accepted"
            elif key is None:
                status = "UnknownVariable"
            else:
                done = _status(do(own.ChangeConfiguration(key=key, value=row.attribute_value)))
                status = "UnknownVariable" if done == "NotSupported" else done
            rows.append(
                provisioning.SetVariableResult(
                    attribute_status=status, component=row.component, variable=row.variable
                )
            )
        return provisioning.SetVariablesResponse(set_variable_result=tuple(rows))

    def _reset(self, request: provisioning.Reset, do: "Do") -> Message:
        do(own.Reset(type="Soft" if request.type == "OnIdle" else "Hard"))
        return provisioning.ResetResponse(status="Accepted")

    def _trigger(self, request: operation.TriggerMessage, do: "Do") -> Message:
        known = ("BootNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues")
        wanted, evse = request.requested_message, request.evse
        if wanted == "LogStatusNotification":
            done = do(own_security.ExtendedTriggerMessage(requested_message="LogStatusNotification"))
        elif wanted in (*known, "StatusNotification"):
            number = None if evse is None else evse.id
            done = do(own.TriggerMessage(requested_message=cast("Any", wanted), connector_id=number))
        else:
            return operation.TriggerMessageResponse(status="NotImplemented")
        return operation.TriggerMessageResponse(status=_status(done))

    def _availability(self, request: operation.ChangeAvailability, do: "Do") -> Message:
        number = 0 if request.evse is None else request.evse.id
        done = do(own.ChangeAvailability(connector_id=number, type=request.operational_status))
        return operation.ChangeAvailabilityResponse(status=_status(done))

    def _unlock(self, request: operation.UnlockConnector, do: "Do") -> Message:
        connector = self._station.connector(request.evse_id)
        if connector is None:
            return operation.UnlockConnectorResponse(status="UnknownConnector")
        if connector.transaction is not None:
            return operation.UnlockConnectorResponse(status="OngoingAuthorizedTransaction")
        return operation.UnlockConnectorResponse(
            status=_status(do(own.UnlockConnector(connector_id=request.evse_id)))
        )

    def _reserve(self, request: operation.ReserveNow, do: "Do") -> Message:
        group = request.group_id_token
        done = do(
            own_reservation.ReserveNow(
                connector_id=request.evse_id or 0,
                expiry_date=request.expiry_date_time,
                id_tag=request.id_token.id_token[:20],
                parent_id_tag=None if group is None else group.id_token[:20],
                reservation_id=request.id,
            )
        )
        return operation.ReserveNowResponse(status=_status(done))

    def _cancel(self, request: operation.CancelReservation, do: "Do") -> Message:
        done = do(own_reservation.CancelReservation(reservation_id=request.reservation_id))
        return operation.CancelReservationResponse(status=_status(done))

    def _list_version(self, _: authorisation.GetLocalListVersion, do: "Do") -> Message:
        done = do(local_list.GetLocalListVersion())
        return authorisation.GetLocalListVersionResponse(
            version_number=max(0, getattr(done, "list_version", 0))
        )

    def _send_list(self, request: authorisation.SendLocalList, do: "Do") -> Message:
        rows = tuple(
            local_list.AuthorizationData(
                id_tag=row.id_token.id_token[:20],
                id_tag_info=None
                if row.id_token_info is None
                else IdTagInfo(
                    status=cast("Any", row.id_token_info.status),
                    expiry_date=row.id_token_info.cache_expiry_date_time,
                ),
            )
            for row in request.local_authorization_list or ()
        )
        done = do(
            local_list.SendLocalList(
                list_version=request.version_number,
                update_type=request.update_type,
                local_authorization_list=rows or None,
            )
        )
        status = _status(done)
        return authorisation.SendLocalListResponse(
            status=status if status in ("Accepted", "VersionMismatch") else "Failed"
        )

    # -- firmware, logs, certificates --------------------------------------------------------------------

    def _update(self, request: diagnostics.UpdateFirmware, do: "Do") -> Message:
        wanted = request.firmware
        if not wanted.signature:
            do(own_firmware.UpdateFirmware(location=wanted.location, retrieve_date=wanted.retrieve_date_time))
            return diagnostics.UpdateFirmwareResponse(status="Accepted")
        done = do(
            own_security.SignedUpdateFirmware(
                request_id=request.request_id,
                firmware=own_security.Firmware(
                    location=wanted.location,
                    retrieve_date_time=wanted.retrieve_date_time,
                    install_date_time=wanted.install_date_time,
                    signing_certificate=wanted.signing_certificate or "",
                    signature=wanted.signature or "",
                ),
            )
        )
        return diagnostics.UpdateFirmwareResponse(status=_status(done))

    def _log(self, request: diagnostics.GetLog, do: "Do") -> Message:
        done = do(
            own_security.GetLog(
                log_type="SecurityLog" if request.log_type == "SecurityLog" else "DiagnosticsLog",
                request_id=request.request_id,
                log=own_security.LogParameters(remote_location=request.log.remote_location),
            )
        )
        return diagnostics.GetLogResponse(status=_status(done), filename=getattr(done, "filename", None))

    def _install(self, request: security.InstallCertificate, do: "Do") -> Message:
        use = _USES.get(request.certificate_type)
        if use is None:
            return security.InstallCertificateResponse(status="Rejected")
        done = do(
            own_security.InstallCertificate(
                certificate_type=cast("Any", use), certificate=request.certificate
            )
        )
        return security.InstallCertificateResponse(status=_status(done))

    def _delete(self, request: security.DeleteCertificate, do: "Do") -> Message:
        row = request.certificate_hash_data
        done = do(
            own_security.DeleteCertificate(
                certificate_hash_data=own_security.CertificateHashData(
                    hash_algorithm=row.hash_algorithm,
                    issuer_name_hash=row.issuer_name_hash,
                    issuer_key_hash=row.issuer_key_hash,
                    serial_number=row.serial_number,
                )
            )
        )
        return security.DeleteCertificateResponse(status=_status(done))

    def _installed(self, request: security.GetInstalledCertificateIds, do: "Do") -> Message:
        rows = []
        for use in request.certificate_type or tuple(_USES):
            if use in _USES:
                wanted = cast("Any", _USES[use])
                found = do(own_security.GetInstalledCertificateIds(certificate_type=wanted))
                rows += [(use, row) for row in getattr(found, "certificate_hash_data", None) or ()]
        chain = tuple(
            msgspec.convert(
                {
                    "certificateType": use,
                    "certificateHashData": {
                        "hashAlgorithm": row.hash_algorithm,
                        "issuerNameHash": row.issuer_name_hash,
                        "issuerKeyHash": row.issuer_key_hash,
                        "serialNumber": row.serial_number,
                    },
                },
                security.CertificateHashDataChain,
            )
            for use, row in rows
        )
        return security.GetInstalledCertificateIdsResponse(
            status="Accepted" if chain else "NotFound", certificate_hash_data_chain=chain or None
        )


Do = Callable[[OwnMessage], OwnMessage]


def _status(done: OwnMessage) -> str:
    return str(getattr(done, "status", "Accepted"))
