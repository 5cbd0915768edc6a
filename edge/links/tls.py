"""TLS as OCPP wants it: version 1.2 and later, four cipher suites and their like, certificates that name."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

# Security whitepaper for OCPP 1.6, edition 2, A00.FR.317 and 421. The RSA suites without forward secrecy come
# last; those with ECDHE and an RSA certificate are not asked for, but better.
_SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCertificate:
    """Of a peer, verified. `names`: its common names and alternative names."""

    names: frozenset[str]
    expires_s: int


def server_context(certificate: Path, key: Path, client_roots: Path | None) -> ssl.SSLContext:
    """For a server with this certificate and key, in files. Raises OSError (ssl.SSLError is one).

    With `client_roots` a client may show a certificate of theirs, and one of nobody else.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(_SUITES))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key, password=_no_password)
    if client_roots is not None:
        context.load_verify_locations(cafile=client_roots)
        context.verify_mode = ssl.CERT_OPTIONAL  # who shows none learns in words what is missing
    return context


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """For a client that trusts `ca`, or whom this machine trusts; with a certificate of its own, if any.

    Raises OSError (ssl.SSLError is one).
    """
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key, password=_no_password)
    return context


def peer_certificate(transport: asyncio.BaseTransport | None) -> PeerCertificate | None:
    """The certificate that the other end has shown, if any."""
    shown = transport.get_extra_info("peercert") if transport is not None else None
    if not shown:
        return None
    subject = {value for row in shown.get("subject", ()) for key, value in row if key == "commonName"}
    others = {value for kind, value in shown.get("subjectAltName", ()) if kind == "DNS"}
    return PeerCertificate(
        names=frozenset(subject | others), expires_s=int(ssl.cert_time_to_seconds(shown["notAfter"]))
    )


def _no_password() -> str:
    """An encrypted key is an error, and no question on a terminal that nobody sits at."""
    return ""
