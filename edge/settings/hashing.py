"""A password as it may lie on a disk: hashed so that guessing it costs memory and time."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

_LN, _R, _P = 13, 8, 1  # 8 MiB and about 0.1 s on a Raspberry Pi 4: one at a time is bearable there
_MOST_LN = 16
_SALT_BYTES = 16
_KEY_BYTES = 32
_LINE = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,20}")  # a password of 8 to 20 bytes, in digits


def canonical(password: bytes) -> bytes:
    """The same for a password and for its hexadecimal digits, as stations send either."""
    return bytes.fromhex(password.decode()) if _HEX.fullmatch(password) else password


def is_hashed(text: str) -> bool:
    """Whether a secret is a line of `hashed`."""
    return _LINE.fullmatch(text) is not None


def hashed(password: bytes) -> str:
    """A line that `matches` knows the password by. Blocks for about 0.1 s."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _scrypt(canonical(password), salt, _LN, _R, _P)
    return f"$scrypt$ln={_LN},r={_R},p={_P}${_text(salt)}${_text(key)}"


def matches(password: bytes, line: str) -> bool:
    """Whether the line was made of this password. Blocks for about 0.1 s."""
    match = _LINE.fullmatch(line)
    if match is None or int(match[1]) > _MOST_LN:
        return False
    try:
        salt, key = base64.b64decode(match[4]), base64.b64decode(match[5])
        found = _scrypt(canonical(password), salt, int(match[1]), int(match[2]), int(match[3]))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(found, key)


def _scrypt(password: bytes, salt: bytes, ln: int, r: int, p: int) -> bytes:
    memory = (128 * r * (1 << ln)) + (1 << 20)
    return hashlib.scrypt(password, salt=salt, n=1 << ln, r=r, p=p, maxmem=memory, dklen=_KEY_BYTES)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
