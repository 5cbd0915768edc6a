"""A new program over the air: received, its signature checked, unpacked beside the good one, tried out.

A package is `AMPB`, its length (4 bytes), an HMAC-SHA256 of what follows, and then files: the length of the
name (1), the name, the length of the content (4), the content. Nothing of it is started before all of it has
come and the signature fits. Each package answers a challenge that this board made, so that an old one does
not come again.
"""

import asyncio
import binascii
import hashlib
import os

from boards.common import flash
from boards.common.modbus_links import close

MAGIC = b"AMPB"
CHALLENGE = 16
_MOST = 1_000_000
_CHUNK = 512
_BLOCK = 64
PATIENCE_S = 20


class Refused(Exception):
    """Why a package is not taken, in a sentence."""


def sign(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104)."""
    return _Signature(key).update(message).digest()


class _Signature:
    """HMAC-SHA256 of what comes in pieces."""

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        key = key + bytes(_BLOCK - len(key))
        self._outer = bytes(byte ^ 0x5C for byte in key)
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))

    def update(self, data: bytes) -> "_Signature":
        """One piece more."""
        self._inner.update(data)
        return self

    def digest(self) -> bytes:
        """Of all of them."""
        return hashlib.sha256(self._outer + self._inner.digest()).digest()


def package(key: bytes, challenge: bytes, files: dict[str, bytes]) -> bytes:
    """What is sent to a board that gave this challenge."""
    body = b""
    for name in sorted(files):
        content = files[name]
        body += bytes([len(name)]) + name.encode() + len(content).to_bytes(4, "big") + content
    return MAGIC + len(body).to_bytes(4, "big") + sign(key, challenge + body) + body


class Updates:
    """Takes packages on a port. `restart` is called when one was taken."""

    def __init__(self, slots, key: bytes, restart) -> None:
        self._slots = slots
        self._key = key
        self._restart = restart
        self._turn = asyncio.Lock()

    async def serve(self, port: int, host: str = "0.0.0.0"):
        """Begin; answers the server."""
        return await asyncio.start_server(self._peer, host, port)

    async def _peer(self, reader, writer) -> None:
        is_taken = False
        try:
            async with self._turn:
                challenge = os.urandom(CHALLENGE)
                writer.write(binascii.hexlify(challenge) + b"\n")
                await writer.drain()
                await asyncio.wait_for(self._take(reader, challenge), PATIENCE_S)
                is_taken = True
                writer.write(b"taken\n")
        except Refused as error:
            writer.write(str(error).encode() + b"\n")
        except (OSError, EOFError, ValueError, asyncio.TimeoutError):
            writer.write(b"it broke off\n")
        try:
            await writer.drain()
        finally:
            await close(writer)
        if is_taken:
            self._restart()

    async def _take(self, reader, challenge: bytes) -> None:
        if await reader.readexactly(4) != MAGIC:
            raise Refused("no package")
        length = int.from_bytes(await reader.readexactly(4), "big")
        if not 0 < length <= _MOST:
            raise Refused("too large")
        told = await reader.readexactly(32)
        slot = self._slots.spare()
        path = self._slots.folder(slot) + ".new"
        signature = _Signature(self._key).update(challenge)
        with open(path, "wb") as file:
            left = length
            while left:
                data = await reader.read(min(left, _CHUNK))
                if not data:
                    raise Refused("it broke off")
                signature.update(data)
                file.write(data)
                left -= len(data)
        try:
            if not _same(signature.digest(), told):
                raise Refused("the signature does not fit")
            unpack(path, self._slots.folder(slot))
        finally:
            os.remove(path)
        flash.sync()
        self._slots.try_out(slot)


def unpack(path: str, folder: str) -> None:
    """The files of a package below a folder. Raises Refused."""
    with open(path, "rb") as file:
        while size := file.read(1):
            name = file.read(size[0]).decode()
            length = int.from_bytes(file.read(4), "big")
            if not name or ".." in name or name[0] == "/":
                raise Refused("no such name: " + name)
            _folders(folder, name)
            with open(folder + "/" + name, "wb") as out:
                while length:
                    data = file.read(min(length, _CHUNK))
                    if not data:
                        raise Refused(name + " is cut off")
                    out.write(data)
                    length -= len(data)


def _folders(folder: str, name: str) -> None:
    parts = name.split("/")[:-1]
    for count in range(len(parts)):
        path = folder + "/" + "/".join(parts[: count + 1])
        try:
            os.mkdir(path)
        except OSError:
            continue  # it is there


def _same(one: bytes, other: bytes) -> bool:
    """Takes as long for a wrong one as for the right one."""
    differs = len(one) ^ len(other)
    for a, b in zip(one, other):
        differs |= a ^ b
    return differs == 0
