"""Every action of OCPP 1.6 and of its security extension: what is asked and what is answered."""

from edge.ocpp.v16 import firmware, local_list, requests, reservation, responses, security
from edge.ocpp.v16.types import Message

CORE: dict[str, tuple[type[Message], type[Message]]] = {
    "Authorize": (requests.Authorize, responses.AuthorizeResponse),
    "BootNotification": (requests.BootNotification, responses.BootNotificationResponse),
    "ChangeAvailability": (requests.ChangeAvailability, responses.ChangeAvailabilityResponse),
    "ChangeConfiguration": (requests.ChangeConfiguration, responses.ChangeConfigurationResponse),
    "ClearCache": (requests.ClearCache, responses.ClearCacheResponse),
    "ClearChargingProfile": (requests.ClearChargingProfile, responses.ClearChargingProfileResponse),
    "DataTransfer": (requests.DataTransfer, responses.DataTransferResponse),
    "GetCompositeSchedule": (requests.GetCompositeSchedule, responses.GetCompositeScheduleResponse),
    "GetConfiguration": (requests.GetConfiguration, responses.GetConfigurationResponse),
    "Heartbeat": (requests.Heartbeat, responses.HeartbeatResponse),
    "MeterValues": (requests.MeterValues, responses.MeterValuesResponse),
    "RemoteStartTransaction": (requests.RemoteStartTransaction, responses.RemoteStartTransactionResponse),
    "RemoteStopTransaction": (requests.RemoteStopTransaction, responses.RemoteStopTransactionResponse),
    "Reset": (requests.Reset, responses.ResetResponse),
    "SetChargingProfile": (requests.SetChargingProfile, responses.SetChargingProfileResponse),
    "StartTransaction": (requests.StartTransaction, responses.StartTransactionResponse),
    "StatusNotification": (requests.StatusNotification, responses.StatusNotificationResponse),
    "StopTransaction": (requests.StopTransaction, responses.StopTransactionResponse),
    "TriggerMessage": (requests.TriggerMessage, responses.TriggerMessageResponse),
    "UnlockConnector": (requests.UnlockConnector, responses.UnlockConnectorResponse),
}
"""Core, Smart Charging and Remote Trigger."""

PROFILES: dict[str, tuple[type[Message], type[Message]]] = {
    "CancelReservation": (reservation.CancelReservation, reservation.CancelReservationResponse),
    "DiagnosticsStatusNotification": (
        firmware.DiagnosticsStatusNotification,
        firmware.DiagnosticsStatusNotificationResponse,
    ),
    "FirmwareStatusNotification": (
        firmware.FirmwareStatusNotification,
        firmware.FirmwareStatusNotificationResponse,
    ),
    "GetDiagnostics": (firmware.GetDiagnostics, firmware.GetDiagnosticsResponse),
    "GetLocalListVersion": (local_list.GetLocalListVersion, local_list.GetLocalListVersionResponse),
    "ReserveNow": (reservation.ReserveNow, reservation.ReserveNowResponse),
    "SendLocalList": (local_list.SendLocalList, local_list.SendLocalListResponse),
    "UpdateFirmware": (firmware.UpdateFirmware, firmware.UpdateFirmwareResponse),
}
"""Firmware Management, Local Auth List Management and Reservation."""

SECURITY: dict[str, tuple[type[Message], type[Message]]] = {
    "CertificateSigned": (security.CertificateSigned, security.CertificateSignedResponse),
    "DeleteCertificate": (security.DeleteCertificate, security.DeleteCertificateResponse),
    "ExtendedTriggerMessage": (security.ExtendedTriggerMessage, security.ExtendedTriggerMessageResponse),
    "GetInstalledCertificateIds": (
        security.GetInstalledCertificateIds,
        security.GetInstalledCertificateIdsResponse,
    ),
    "GetLog": (security.GetLog, security.GetLogResponse),
    "InstallCertificate": (security.InstallCertificate, security.InstallCertificateResponse),
    "LogStatusNotification": (security.LogStatusNotification, security.LogStatusNotificationResponse),
    "SecurityEventNotification": (
        security.SecurityEventNotification,
        security.SecurityEventNotificationResponse,
    ),
    "SignCertificate": (security.SignCertificate, security.SignCertificateResponse),
    "SignedFirmwareStatusNotification": (
        security.SignedFirmwareStatusNotification,
        security.SignedFirmwareStatusNotificationResponse,
    ),
    "SignedUpdateFirmware": (security.SignedUpdateFirmware, security.SignedUpdateFirmwareResponse),
}
"""The security whitepaper, edition 2."""

TABLE = {**CORE, **PROFILES, **SECURITY}
