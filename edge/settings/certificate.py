"""How long a certificate is valid, read out of its PEM with nothing but what Python brings."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

_END = "-----END CERTIFICATE-----"
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class NoCertificateError(ValueError):
    """The text holds no certificate that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when and until when, s since 1970."""

    begins_s: int
    ends_s: int

    @property
    def ends(self) -> str:
        """The last day, as people write it."""
        return datetime.fromtimestamp(self.ends_s, UTC).date().isoformat()

    def days_left(self, now_s: float) -> int:
        """Whole days; negative when it is over."""
        return int((self.ends_s - now_s) // 86_400)


def validity(pem: str) -> Validity:
    """Of the first certificate in the text, which is the server's own. Raises NoCertificateError."""
    head, end, _ = pem.partition(_END)
    _, begin, body = head.partition("-----BEGIN CERTIFICATE-----")
    if not end or not begin:
        raise NoCertificateError("no certificate in PEM")
    try:
        return _validity(ssl.PEM_cert_to_DER_cert(begin + body + end))
    except (ValueError, IndexError) as fault:
        raise NoCertificateError(str(fault)) from fault


def _validity(der: bytes) -> Validity:
    """RFC 5280 section 4.1: [version], serialNumber, signature, issuer, validity stand in this order."""
    _, certificate, _ = _element(der)
    _, to_be_signed, _ = _element(certificate)
    tag, _, rest = _element(to_be_signed)
    if tag == _EXPLICIT_0:
        _, _, rest = _element(rest)  # serialNumber
    _, _, rest = _element(rest)  # signature
    _, _, rest = _element(rest)  # issuer
    tag, period, _ = _element(rest)
    if tag != _SEQUENCE:
        raise NoCertificateError("no period of validity where one must stand")
    kind, begins, rest = _element(period)
    begins_s = _time(kind, begins)
    kind, ends, _ = _element(rest)
    return Validity(begins_s=begins_s, ends_s=_time(kind, ends))


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag and contents of the first element, and what follows it."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if start + length > len(der):
        raise NoCertificateError("cut short")
    return tag, der[start : start + length], der[start + length :]


def _time(kind: int, raw: bytes) -> int:
    """RFC 5280 section 4.1.2.5: two digits of the year up to 2049, four from then on."""
    text = raw.decode("ascii")
    if kind == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif kind != _GENERALIZED_TIME:
        raise NoCertificateError("no time where one must stand")
    return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())
