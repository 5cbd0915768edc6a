"""systemd's journal in its own protocol: a record with its level, where it came from, and what it is about.

One datagram for each record, `KEY=value` lines; a value of several lines has its length before it
(systemd.io, "Native Journal Protocol").
"""

import logging
import socket
import struct
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
MOST_BYTES = 60_000  # of a message; more would not fit a datagram
_LEVELS = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class Journald(logging.Handler):
    """Sends every record; one that cannot be sent is lost, and nobody waits for it."""

    def __init__(self, path: Path = SOCKET) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(str(path))

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        try:
            self._socket.send(datagram(record))
        except OSError:
            return

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()
        super().close()


def datagram(record: logging.LogRecord) -> bytes:
    """The record as the journal takes it. A bug has its traceback in EXCEPTION."""
    fields = {
        "MESSAGE": record.getMessage(),
        "PRIORITY": str(priority(record.levelno)),
        "SYSLOG_IDENTIFIER": "ampyard",
        "AMPYARD_ROOM": record.name.removeprefix("edge."),
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName or "",
    }
    if record.exc_info:
        fields["EXCEPTION"] = logging.Formatter().formatException(record.exc_info)
    return b"".join(_field(name, value) for name, value in fields.items())


def priority(level: int) -> int:
    """The level as syslog(3) counts."""
    return next((number for least, number in _LEVELS if level >= least), 7)


def _field(name: str, value: str) -> bytes:
    text = value.encode("utf-8", "replace")[:MOST_BYTES]
    if b"\n" not in text:
        return name.encode() + b"=" + text + b"\n"
    return name.encode() + b"\n" + struct.pack("<Q", len(text)) + text + b"\n"
