"""A bar on a terminal, with the time left; nothing at all elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

WIDTH = 24
REDRAW_S = 0.2


class Bar:
    """`with Bar(..) as bar: bar.show("ours", done, total)`. Gone when left."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._is_shown = self._stream.isatty()
        self._label = ""
        self._began_s = self._drawn_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")

    def show(self, label: str, done: int, total: int) -> None:
        """So much of `total` is done; drawn at most five times a second."""
        now_s = self._clock()
        if label != self._label:
            self._label, self._began_s, self._drawn_s = label, now_s, 0.0
        if now_s - self._drawn_s < REDRAW_S:
            return
        self._drawn_s = now_s
        part = done / max(1, total)
        hashes = round(part * WIDTH)
        left = _clock_text((now_s - self._began_s) * (1 - part) / part) if part > 0 else "?:??"
        self._write(f"{label:<12} [{'#' * hashes}{'-' * (WIDTH - hashes)}] {part:4.0%}, {left} left")

    def clear(self) -> None:
        """Make room for a line that stays."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._is_shown:
            self._stream.write(f"\r\033[K{text}")
            self._stream.flush()


def _clock_text(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"
