"""What a time that a wrong clock gave is known to be today. Pure rules; `stretches` keeps what they need."""

import msgspec
from msgspec.structs import replace

from edge.site.durable import Session, Stretch

SLACK_MS = 120_000  # chargers take our time over at heartbeats, and theirs drifts in between


def covers(at_ms: int, wall_ms: int, ended_ms: int | None) -> bool:
    """Whether a time is one of a stretch as it was believed.

    A charger that knew the time better than we did, or told what it had kept from before, is left alone.
    """
    return wall_ms - SLACK_MS <= at_ms and (ended_ms is None or at_ms <= ended_ms + SLACK_MS)


def moved(at_ms: int, wall_ms: int | None, ended_ms: int | None, correction_ms: int | None) -> int:
    """What a time is known to be today: one of a mended stretch was wrong with it."""
    if wall_ms is None or not correction_ms or not covers(at_ms, wall_ms, ended_ms):
        return at_ms
    return at_ms + correction_ms


def correction_of(stretch: Stretch, wall_ms: int, mono_ms: int) -> int:
    """What must be added to times of an earlier stretch that began at these two, now that time is known."""
    return (stretch.wall_ms - stretch.mono_ms) - (wall_ms - mono_ms)


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that was mended, as it was believed, and what its times were wrong by."""

    first_seq: int
    wall_ms: int
    ended_ms: int
    correction_ms: int


def mended(session: Session, start: Mend | None, end: Mend | None) -> Session:
    """The session with its times moved. `start`, `end`: the stretches in which its events were written."""
    if start is not None and covers(session.started_ms, start.wall_ms, start.ended_ms):
        session = replace(
            session,
            told_started_ms=session.started_ms,
            started_ms=session.started_ms + start.correction_ms,
            start_is_sure=True,
        )
    if end is None or session.ended_ms is None or not covers(session.ended_ms, end.wall_ms, end.ended_ms):
        return session
    return replace(
        session,
        told_ended_ms=session.ended_ms,
        ended_ms=session.ended_ms + end.correction_ms,
        end_is_sure=True,
    )
