"""The roots that a simulated charger trusts (security whitepaper, edition 2, sections 5.3, 5.7 and 5.11)."""

import hashlib
import ssl
from typing import Literal

from edge.ocpp.v16.security import CertificateHashData, CertificateUse

_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0


class CertificateStore:
    """Roots by use; it survives reboots. It looks at their form, not at signatures."""

    __slots__ = ("_most", "_roots")

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._roots: list[tuple[CertificateUse, CertificateHashData]] = []

    def install(self, use: CertificateUse, pem: str) -> Literal["Accepted", "Failed", "Rejected"]:
        """Trust one more; Rejected when it is none, Failed when there is no room."""
        try:
            identity = identity_of(ssl.PEM_cert_to_DER_cert(pem))
        except ValueError:
            return "Rejected"
        if (use, identity) in self._roots:
            return "Accepted"
        if len(self._roots) >= self._most:
            return "Failed"
        self._roots.append((use, identity))
        return "Accepted"

    def delete(self, identity: CertificateHashData) -> Literal["Accepted", "NotFound"]:
        """Trust it no longer."""
        kept = [root for root in self._roots if root[1] != identity]
        is_found = len(kept) < len(self._roots)
        self._roots = kept
        return "Accepted" if is_found else "NotFound"

    def of(self, use: CertificateUse) -> tuple[CertificateHashData, ...]:
        """Those of a use."""
        return tuple(identity for its_use, identity in self._roots if its_use == use)


def identity_of(der: bytes) -> CertificateHashData:
    """What names a root, which is its own issuer: hashes of its name and key, and its number.

    Raises ValueError when it is no X.509 certificate (RFC 5280 section 4.1).
    """
    certificate, _ = _inside(der, _SEQUENCE)
    body, _ = _inside(certificate, _SEQUENCE)
    if body[:1] == bytes((_VERSION,)):
        _, body = _inside(body, _VERSION)
    serial, body = _inside(body, _INTEGER)
    _, body = _inside(body, _SEQUENCE)  # the algorithm of the signature
    issuer = body[: len(body) - len(_inside(body, _SEQUENCE)[1])]
    for _ in ("issuer", "validity", "subject"):
        _, body = _inside(body, _SEQUENCE)
    key_info, _ = _inside(body, _SEQUENCE)
    _, key = _inside(key_info, _SEQUENCE)
    bits, _ = _inside(key, 0x03)
    return CertificateHashData(
        hash_algorithm="SHA256",
        issuer_name_hash=hashlib.sha256(issuer).hexdigest(),
        issuer_key_hash=hashlib.sha256(bits[1:]).hexdigest(),
        serial_number=f"{int.from_bytes(serial, 'big', signed=True):x}",
    )


def _inside(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the element at the beginning, and what follows it."""
    if len(der) < 2 or der[0] != tag:
        raise ValueError("not an X.509 certificate")
    size, start = der[1], 2
    if size & 0x80:
        start = 2 + (size & 0x7F)
        size = int.from_bytes(der[2:start], "big")
    if len(der) < start + size:
        raise ValueError("a certificate that is cut off")
    return der[start : start + size], der[start + size :]
