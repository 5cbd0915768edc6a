"""How a simulated charger answers what is beside charging: reservations, its list, firmware, logs, keys."""

from collections.abc import Callable
from typing import Any

from edge.ocpp.rpc import Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v16 import firmware, local_list, reservation, security
from edge.ocpp.v16.types import Message
from edge.simulator.jobs import Jobs
from edge.simulator.reservations import Reservation
from edge.simulator.station import Station

Handler = Callable[[Any], Message]


class AsideAnswers:
    """One charger's answers outside of Core and Smart Charging."""

    def __init__(self, station: Station, jobs: Jobs) -> None:
        self._station = station
        self._jobs = jobs

    def table(self) -> dict[type[Message], Handler]:
        """What is answered here."""
        return {
            reservation.ReserveNow: self._reserve,
            reservation.CancelReservation: self._cancel,
            local_list.GetLocalListVersion: self._list_version,
            local_list.SendLocalList: self._update_list,
            firmware.UpdateFirmware: self._update,
            firmware.GetDiagnostics: self._diagnostics,
            security.SignedUpdateFirmware: self._update_signed,
            security.GetLog: self._log,
            security.InstallCertificate: self._install,
            security.DeleteCertificate: self._delete,
            security.GetInstalledCertificateIds: self._installed,
            security.CertificateSigned: lambda _: security.CertificateSignedResponse(status="Rejected"),
        }

    def _reserve(self, request: reservation.ReserveNow) -> Message:
        until_ms = epoch_ms(request.expiry_date)
        station = self._station
        connector = station.connector(request.connector_id)
        is_anywhere = request.connector_id == 0 and station.configuration.switch(
            "ReserveConnectorZeroSupported"
        )
        if not (connector or is_anywhere) or until_ms <= station.clock.now_ms():
            return reservation.ReserveNowResponse(status="Rejected")
        concerned = [connector] if connector else station.connectors
        verdicts = {station.may_be_reserved(one, request.reservation_id) for one in concerned}
        for status in ("Accepted", "Occupied", "Unavailable", "Faulted"):
            if status in verdicts:
                break
        if status == "Accepted":
            station.reserve(
                Reservation(
                    id=request.reservation_id,
                    connector=request.connector_id,
                    token=request.id_tag,
                    group=request.parent_id_tag,
                    until_ms=until_ms,
                )
            )
        return reservation.ReserveNowResponse(status=status)

    def _cancel(self, request: reservation.CancelReservation) -> Message:
        is_held = self._station.cancel_reservation(request.reservation_id)
        return reservation.CancelReservationResponse(status="Accepted" if is_held else "Rejected")

    def _list_version(self, _: local_list.GetLocalListVersion) -> Message:
        is_kept = self._station.configuration.switch("LocalAuthListEnabled")
        version = self._station.local_list.version if is_kept else -1
        return local_list.GetLocalListVersionResponse(list_version=version)

    def _update_list(self, request: local_list.SendLocalList) -> Message:
        if not self._station.configuration.switch("LocalAuthListEnabled"):
            return local_list.SendLocalListResponse(status="NotSupported")
        return local_list.SendLocalListResponse(status=self._station.local_list.update(request))

    def _update(self, request: firmware.UpdateFirmware) -> Message:
        self._jobs.update(request, wait_s=self._until_s(request.retrieve_date))
        return firmware.UpdateFirmwareResponse()

    def _diagnostics(self, _: firmware.GetDiagnostics) -> Message:
        self._jobs.upload()
        return firmware.GetDiagnosticsResponse(file_name=self._file("diagnostics"))

    def _update_signed(self, request: security.SignedUpdateFirmware) -> Message:
        wait_s = self._until_s(request.firmware.retrieve_date_time)
        status = self._jobs.update_signed(request, wait_s=wait_s)
        return security.SignedUpdateFirmwareResponse(status=status)

    def _log(self, request: security.GetLog) -> Message:
        name = "security" if request.log_type == "SecurityLog" else "diagnostics"
        status = self._jobs.upload_log(request)
        return security.GetLogResponse(status=status, filename=self._file(name))

    def _install(self, request: security.InstallCertificate) -> Message:
        status = self._station.certificates.install(request.certificate_type, request.certificate)
        return security.InstallCertificateResponse(status=status)

    def _delete(self, request: security.DeleteCertificate) -> Message:
        status = self._station.certificates.delete(request.certificate_hash_data)
        return security.DeleteCertificateResponse(status=status)

    def _installed(self, request: security.GetInstalledCertificateIds) -> Message:
        found = self._station.certificates.of(request.certificate_type)
        return security.GetInstalledCertificateIdsResponse(
            status="Accepted" if found else "NotFound", certificate_hash_data=found or None
        )

    def _file(self, log: str) -> str:
        return f"{self._station.plan.name}-{log}.log"[:255]

    def _until_s(self, stamp: str) -> float:
        """How long until then; no time at all where the date cannot be read."""
        try:
            return max(0, epoch_ms(stamp) - self._station.clock.now_ms()) / 1_000
        except Fault:
            return 0.0
