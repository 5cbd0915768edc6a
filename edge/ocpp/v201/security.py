"""Functional blocks A and M: security events, and certificates of the charging station."""

from typing import Literal

from edge.ocpp.v201.types import CertificateHashData, DateTime, Message, StatusInfo


class SecurityEventNotification(Message, frozen=True, kw_only=True):
    """Something happened that concerns security."""

    type: str
    timestamp: DateTime
    tech_info: str | None = None


class SecurityEventNotificationResponse(Message, frozen=True, kw_only=True):
    """Taken note of."""


class SignCertificate(Message, frozen=True, kw_only=True):
    """It made a key and wants a certificate for it."""

    csr: str
    certificate_type: str | None = None


class SignCertificateResponse(Message, frozen=True, kw_only=True):
    """Whether somebody will sign."""

    status: Literal["Accepted", "Rejected"]
    status_info: StatusInfo | None = None


class CertificateSigned(Message, frozen=True, kw_only=True):
    """The certificate that it asked for, with those that signed it."""

    certificate_chain: str
    certificate_type: str | None = None


class CertificateSignedResponse(Message, frozen=True, kw_only=True):
    """Whether it took it."""

    status: str
    status_info: StatusInfo | None = None


class InstallCertificate(Message, frozen=True, kw_only=True):
    """Trust this root."""

    certificate_type: str
    certificate: str


class InstallCertificateResponse(Message, frozen=True, kw_only=True):
    """Whether it does."""

    status: str
    status_info: StatusInfo | None = None


class DeleteCertificate(Message, frozen=True, kw_only=True):
    """Trust it no longer."""

    certificate_hash_data: CertificateHashData


class DeleteCertificateResponse(Message, frozen=True, kw_only=True):
    """Whether it was there."""

    status: str
    status_info: StatusInfo | None = None


class GetInstalledCertificateIds(Message, frozen=True, kw_only=True):
    """Which roots are there?"""

    certificate_type: tuple[str, ...] | None = None


class CertificateHashDataChain(Message, frozen=True, kw_only=True):
    """A certificate that is there, and what for."""

    certificate_hash_data: CertificateHashData
    certificate_type: str


class GetInstalledCertificateIdsResponse(Message, frozen=True, kw_only=True):
    """These are."""

    status: str
    certificate_hash_data_chain: tuple[CertificateHashDataChain, ...] | None = None
    status_info: StatusInfo | None = None
