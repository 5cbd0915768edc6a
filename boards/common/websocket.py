"""A WebSocket client's frames and handshake (RFC 6455): masked, whole text messages, pings answered."""

import binascii
import hashlib
import os

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MOST = 8_192


class WebSocketError(Exception):
    """What the other side does is no WebSocket, or not the one that was asked for."""


def key() -> bytes:
    """A fresh one for each handshake."""
    return binascii.b2a_base64(os.urandom(16)).strip()


def request(host: str, path: str, chosen_key: bytes, subprotocol: str, credentials: str = "") -> bytes:
    """What opens the connection. `credentials`: `user:password`, or none."""
    lines = [
        "GET " + path + " HTTP/1.1",
        "Host: " + host,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: " + subprotocol,
        "Sec-WebSocket-Key: " + chosen_key.decode(),
    ]
    if credentials:
        lines.append("Authorization: Basic " + binascii.b2a_base64(credentials.encode()).decode().strip())
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def check(status: bytes, headers: dict[str, str], chosen_key: bytes, subprotocol: str) -> None:
    """Raises WebSocketError, in words that help."""
    parts = status.split()
    code = parts[1].decode() if len(parts) > 1 else "nothing"
    if code != "101":
        raise WebSocketError("the server answers " + code)
    digest = hashlib.sha1(chosen_key + _GUID).digest()  # noqa: S324  RFC 6455 wants it so
    expected = binascii.b2a_base64(digest).strip().decode()
    if headers.get("sec-websocket-accept") != expected:
        raise WebSocketError("the server speaks no WebSocket")
    if headers.get("sec-websocket-protocol") != subprotocol:
        raise WebSocketError("the server does not speak " + subprotocol)


def frame(kind: int, payload: bytes) -> bytes:
    """One whole message of a client: masked, as it must be."""
    mask = os.urandom(4)
    size = len(payload)
    head = bytes([0x80 | kind])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += bytes([0x80 | 126, size >> 8, size & 0xFF])
    else:
        raise WebSocketError("too long")
    masked = bytearray(payload)
    for place in range(size):
        masked[place] ^= mask[place & 3]
    return head + mask + bytes(masked)


class Frames:
    """Takes what comes in pieces; gives whole messages as (kind, payload). Raises WebSocketError."""

    def __init__(self) -> None:
        self._waiting = b""
        self._kind = 0
        self._parts = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages that are whole by now."""
        self._waiting += data
        found = []
        while (whole := self._next()) is not None:
            is_last, kind, payload = whole
            if kind >= CLOSE:
                found.append((kind, payload))
                continue
            if kind:
                self._kind, self._parts = kind, b""
            self._parts += payload
            if len(self._parts) > MOST:
                raise WebSocketError("too long")
            if is_last:
                found.append((self._kind, self._parts))
                self._parts = b""
        return found

    def _next(self) -> tuple[bool, int, bytes] | None:
        waiting = self._waiting
        if len(waiting) < 2:
            return None
        if waiting[0] & 0x70 or waiting[1] & 0x80:
            raise WebSocketError("no frame of a server")
        size, place = waiting[1] & 0x7F, 2
        if size == 127:
            raise WebSocketError("too long")
        if size == 126:
            if len(waiting) < 4:
                return None
            size, place = waiting[2] << 8 | waiting[3], 4
        if size > MOST:
            raise WebSocketError("too long")
        if len(waiting) < place + size:
            return None
        self._waiting = waiting[place + size :]
        return bool(waiting[0] & 0x80), waiting[0] & 0x0F, waiting[place : place + size]
