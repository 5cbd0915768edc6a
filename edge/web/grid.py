"""Evidence of the grid operator's commands: as JSON, or as a table for his own auditors."""

import csv
import io
from datetime import UTC, datetime

from aiohttp import web

from edge.site.arguments import LAST_MS
from edge.site.grid_command import Drawn, GridCommand
from edge.site.ports import SiteDoors
from edge.web.bodies import asked_number, asked_word
from edge.web.reading import answer

HEAD = (
    "command_utc",
    "clock_is_sure",
    "name",
    "kind",
    "target",
    "limit_a_per_phase",
    "contact_is_faulty",
    *(f"before_{name}" for name in ("utc", "grid_w", "grid_a", "chargers_w", "unmeasured")),
    *(f"after_{name}" for name in ("utc", "grid_w", "grid_a", "chargers_w", "unmeasured")),
)


class Grid:
    """What the grid operator has commanded."""

    def __init__(self, doors: SiteDoors) -> None:
        self._doors = doors

    def routes(self) -> list[web.RouteDef]:
        """Where it is asked."""
        return [web.get("/api/grid", self._commands)]

    async def _commands(self, request: web.Request) -> web.Response:
        since_ms = asked_number(request, "since_ms", low=0, high=LAST_MS) or 0
        until_ms = asked_number(request, "until_ms", low=0, high=LAST_MS) or LAST_MS
        form = asked_word(request, "format", ("json", "csv"))
        commands = self._doors.evidence(since_ms, until_ms)
        if form == "csv":
            return web.Response(text=table(commands), content_type="text/csv", charset="utf-8")
        return answer(commands)


def table(commands: list[GridCommand]) -> str:
    """One row for each command."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    for command in commands:
        limit = "" if command.limit_ma is None else f"{command.limit_ma / 1000:.1f}"
        named = (command.name, command.kind, command.target)
        fault = "yes" if command.is_fault else "no"
        drawn = (*_drawn(command.before), *_drawn(command.after))
        writer.writerow(
            (_utc(command.at_ms), "yes" if command.is_sure else "no", *named, limit, fault, *drawn)
        )
    return text.getvalue()


def _drawn(drawn: Drawn | None) -> tuple[str, ...]:
    if drawn is None:
        return ("",) * 5
    amps = "" if drawn.grid_ma is None else " ".join(f"{ma / 1000:.1f}" for ma in drawn.grid_ma)
    watts = "" if drawn.grid_w is None else str(drawn.grid_w)
    return (_utc(drawn.at_ms), watts, amps, str(drawn.chargers_w), str(drawn.unmeasured))


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat(timespec="milliseconds")
