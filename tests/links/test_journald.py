"""What systemd's journal gets: one datagram for each record, in its own protocol."""

import logging
import socket
import struct

from edge.links.journald import Journald


def read(data: bytes) -> dict[str, str]:
    """As systemd reads it."""
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[9 + length :]
        fields[name.decode()] = value.decode()
    return fields


def record(message, *words, level=logging.WARNING, bug=None):
    where = ("edge.site.limits", level, __file__, 7)
    return logging.LogRecord(*where, message, words, None if bug is None else (type(bug), bug, None))


def test_a_record_has_its_level_its_room_and_its_traceback(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        handler = Journald(tmp_path / "socket")
        handler.handle(record("limit %s:\nforged PRIORITY=0", "night"))
        handler.handle(record("it happened", level=logging.ERROR, bug=ValueError("a bug")))
        first, second = read(journal.recv(100_000)), read(journal.recv(100_000))
        assert first["MESSAGE"] == "limit night:\nforged PRIORITY=0"
        assert (first["PRIORITY"], first["AMPYARD_ROOM"]) == ("4", "site.limits")
        assert second["PRIORITY"] == "3"
        assert "ValueError: a bug" in second["EXCEPTION"]
        handler.close()


def test_a_journal_that_is_gone_keeps_nobody(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        handler = Journald(tmp_path / "socket")
    handler.handle(record("nobody hears this"))
    handler.close()
