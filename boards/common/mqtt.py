"""A small MQTT 3.1.1 client: retained states with a last will, and one subscription for orders."""

import asyncio

from boards.common.modbus_links import close

KEEPALIVE_S = 30
_PATIENCE_S = 5
_MOST = 2_048


class MqttError(Exception):
    """The broker said no, or something that is not MQTT."""


class Mqtt:
    """One connection. `heard(topic, payload)` is called for what comes in."""

    def __init__(self, host, port=1883, *, client_id, will=None, user="", password="", heard=lambda *_: None):
        self._host = host
        self._port = port
        self._client_id = client_id
        self._will = will
        self._user = user
        self._password = password
        self._heard = heard
        self._writer = None

    @property
    def is_up(self) -> bool:
        """Whether what is published now goes anywhere."""
        return self._writer is not None

    async def run(self, subscriptions: list[str]) -> None:
        """Live with one connection until it ends. Raises OSError, MqttError."""
        reader, writer = await asyncio.wait_for(asyncio.open_connection(self._host, self._port), _PATIENCE_S)
        try:
            writer.write(self._connect())
            await writer.drain()
            kind, body = await asyncio.wait_for(_packet(reader), _PATIENCE_S)
            if kind != 0x20 or len(body) != 2 or body[1]:
                raise MqttError("the broker refuses: " + str(body[1] if len(body) > 1 else kind))
            for number, topic in enumerate(subscriptions):
                body = bytes([0, number + 1]) + _string(topic) + b"\x00"
                writer.write(_framed(0x82, body))
            await writer.drain()
            self._writer = writer
            await self._listen(reader, writer)
        finally:
            self._writer = None
            await close(writer)

    async def publish(self, topic: str, payload: str, *, retain: bool = True) -> None:
        """At most once; nothing while there is no connection."""
        if self._writer is None:
            return
        self._writer.write(_framed(0x31 if retain else 0x30, _string(topic) + payload.encode()))
        await self._writer.drain()

    async def _listen(self, reader, writer) -> None:
        is_silent = False
        while True:
            try:
                kind, body = await asyncio.wait_for(_packet(reader), KEEPALIVE_S / 2)
            except asyncio.TimeoutError:
                if is_silent:
                    raise OSError(110, "the broker is silent")
                is_silent = True
                writer.write(b"\xc0\x00")
                await writer.drain()
                continue
            is_silent = False
            if kind & 0xF0 == 0x30:
                size = body[0] << 8 | body[1]
                if kind & 0x08:
                    continue  # a repetition of what was not asked for
                self._heard(body[2 : 2 + size].decode(), body[2 + size :], bool(kind & 1))

    def _connect(self) -> bytes:
        flags, body = 0x02, _string(self._client_id)
        if self._will is not None:
            flags |= 0x04 | 0x20
            body += _string(self._will[0]) + _string(self._will[1])
        if self._user:
            flags |= 0x80 | 0x40
            body += _string(self._user) + _string(self._password)
        return _framed(0x10, _string("MQTT") + bytes([4, flags, 0, KEEPALIVE_S]) + body)


async def _packet(reader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 21:
            raise MqttError("no MQTT")
    if size > _MOST:
        raise MqttError("too long")
    return kind, await reader.readexactly(size) if size else b""


def _string(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data) >> 8, len(data) & 0xFF]) + data


def _framed(kind: int, body: bytes) -> bytes:
    size, head = len(body), bytearray([kind])
    while True:
        byte = size & 0x7F
        size >>= 7
        head.append(byte | 0x80 if size else byte)
        if not size:
            return bytes(head) + body
