"""The log as a person reads it in a terminal, or as systemd's journal keeps it."""

import contextlib
import logging
import os
import sys
import time

from edge.links import journald


def tell(*, frames: bool = False) -> None:
    """Send the site's story to standard output; `frames` adds what only a developer wants.

    systemd's journal has the time and the level itself, as a prefix like <4>.
    """
    handler = _handler()
    logging.basicConfig(level=logging.DEBUG if frames else logging.INFO, handlers=[handler], force=True)
    for noisy in ("asyncio", "aiohttp", "aiosqlite", "pymodbus"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _handler() -> logging.Handler:
    """Under systemd its journal, with fields that can be asked for: journalctl AMPYARD_ROOM=site.limits."""
    if "JOURNAL_STREAM" in os.environ:
        with contextlib.suppress(OSError):
            return journald.Journald()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_ForJournal() if "JOURNAL_STREAM" in os.environ else _ForTerminal())
    return handler


class _ForTerminal(logging.Formatter):
    """18:00:05 bay-1 6 -> 16 A ..."""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        mark = "" if record.levelno < logging.WARNING else "! "
        text = f"{clock} {mark}{record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class _ForJournal(logging.Formatter):
    """The level as sd-daemon(3) has it; a bug keeps its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"<{journald.priority(record.levelno)}>{record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text
