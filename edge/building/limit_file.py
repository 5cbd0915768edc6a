"""Limits from a file that another program writes, whole each time and renamed into its place.

    {"limits": [{"name": "night", "limit_a": 40, "until_ms": 1795385400000,
                 "target": "grid", "of": "chargers"}]}

The file says all limits of its writer: what is in it no more is withdrawn. A file that is gone or cannot be
read leaves what it said last, each until its own end. `until_ms` is wall clock, at most a day ahead.
"""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.site.ports import Clock, Limit, SiteDoors

log = logging.getLogger(__name__)

PERIOD_S = 1.0
LONGEST_MS = 86_400_000
MOST_BYTES = 65_536
MOST_LIMITS = 50
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9 ._-]{1,40}$")]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another limit from a moment of the wall clock on."""

    from_ms: int
    limit_a: Annotated[float, Meta(ge=0, le=10_000)]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit of the file."""

    name: Name
    limit_a: Annotated[float, Meta(ge=0, le=10_000)]
    until_ms: int
    target: str = "grid"
    of: Literal["chargers", "circuit", "bay"] = "chargers"
    steps: Annotated[tuple[Step, ...], Meta(max_length=50)] = ()


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    limits: Annotated[list[Row], Meta(max_length=MOST_LIMITS)]


class LimitFile:
    """Looks at the file every second; `run` until cancelled."""

    def __init__(self, path: Path, doors: SiteDoors, clock: Clock) -> None:
        self._path = path
        self._doors = doors
        self._clock = clock
        self._seen: bytes | None = None
        self._set: dict[str, Limit] = {}
        self._trouble = ""

    async def run(self) -> None:
        """Take what it says."""
        while True:
            self.look(await asyncio.to_thread(self._content))
            await asyncio.sleep(PERIOD_S)

    def look(self, content: bytes | str) -> None:
        """The file's bytes, or why there are none."""
        if isinstance(content, str):
            self._tell(content)
            return
        if content == self._seen:
            return
        self._seen = content
        try:
            self._take(msgspec.json.decode(content, type=Content))
        except (msgspec.MsgspecError, ValueError) as error:
            self._tell(f"{self._path}: {error}")
        else:
            self._tell("")

    def _take(self, content: Content) -> None:
        """Raises ValueError; the limits before the wrong one count already, none of before is lost."""
        limits = {limit.name: limit for limit in map(self._limit, content.limits)}
        for limit in limits.values():
            self._doors.limit(limit)
        for name in self._set.keys() - limits.keys():
            self._doors.limit(
                msgspec.structs.replace(self._set[name], limit_ma=None, expires_ms=None, steps=())
            )
        self._set = limits

    def _limit(self, row: Row) -> Limit:
        left_ms = row.until_ms - self._clock.now_ms()
        if left_ms > LONGEST_MS:
            raise ValueError(f"{row.name}: until_ms is more than a day ahead")
        ahead_ms = self._clock.mono_ms() - self._clock.now_ms()
        steps = tuple((step.from_ms + ahead_ms, int(step.limit_a * 1000)) for step in row.steps)
        if list(steps) != sorted(steps):
            raise ValueError(f"{row.name}: steps are not in the order of from_ms")
        return Limit(
            name=f"{row.name}/{row.target}/file",
            source="file",
            kind="evse" if row.of == "bay" else row.of,
            target=row.target,
            limit_ma=int(row.limit_a * 1000),
            expires_ms=self._clock.mono_ms() + max(0, left_ms),
            steps=steps,
        )

    def _content(self) -> bytes | str:
        try:
            with self._path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            return f"{self._path}: {error.strerror}"
        return content if len(content) <= MOST_BYTES else f"{self._path}: longer than {MOST_BYTES} bytes"

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s: its last limits hold until they end", trouble)
        elif self._trouble and not trouble:
            log.info("%s can be read again", self._path)
        self._trouble = trouble
