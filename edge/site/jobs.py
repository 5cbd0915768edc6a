"""What chargers were told to do that takes a while: new firmware, and logs to be uploaded."""

import logging

from msgspec.structs import replace

from edge.core import transaction
from edge.site.commands import AnyCommand, CollectLog, Outcome, Started, UpdateFirmware
from edge.site.durable import Entry, Journal
from edge.site.events import Job, JobProgressed, JobState
from edge.site.ports import Clock
from edge.site.status import JobStatus

log = logging.getLogger(__name__)

OVER: frozenset[JobState] = frozenset({"installed", "uploaded", "failed", "idle"})


class Jobs:
    """The latest job of each kind of each charger."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._last_id = 0
        self._latest: dict[tuple[str, Job], JobStatus] = {}

    def numbered(self, command: AnyCommand) -> AnyCommand:
        """The command with a request id of its own, positive and new also after a restart."""
        if not isinstance(command, UpdateFirmware | CollectLog) or command.request_id:
            return command
        self._last_id = transaction.next_id(self._last_id, self._clock.now_ms() // 1000)
        return replace(command, request_id=self._last_id)

    def ordered(self, command: AnyCommand, outcome: Outcome) -> None:
        """Take note of a job that a charger has taken on."""
        if not isinstance(command, UpdateFirmware | CollectLog) or not isinstance(outcome, Started):
            return
        job: Job = "firmware" if isinstance(command, UpdateFirmware) else "log"
        before = self._latest.get((command.charger, job))
        if before is not None and before.request_id == outcome.request_id:  # it told of it before it answered
            self._latest[command.charger, job] = replace(before, file=outcome.file)
            return
        self._latest[command.charger, job] = JobStatus(
            charger=command.charger,
            job=job,
            state="scheduled",
            word="",
            since_ms=self._clock.now_ms(),
            request_id=outcome.request_id,
            file=outcome.file,
        )

    def note(self, event: JobProgressed) -> None:
        """A charger tells how far it is. Where it names no request, the one under way is meant."""
        before = self._latest.get((event.charger, event.job))
        if event.state == "idle" and (before is None or before.state in OVER):
            return  # asked for, and nothing to tell
        number = event.request_id
        if number is None and before is not None:
            number = before.request_id
        is_same = before is not None and before.request_id == number
        row = JobStatus(
            charger=event.charger,
            job=event.job,
            state=event.state,
            word=event.word,
            since_ms=event.at_ms,
            request_id=number,
            file=before.file if before is not None and is_same else None,
        )
        if before is not None and is_same and before.word == row.word:
            return  # a repetition
        self._latest[event.charger, event.job] = row
        self._journal.keep(Entry(event=replace(event, request_id=number)))
        level = logging.WARNING if event.state == "failed" else logging.INFO
        log.log(level, "%s %s: %s", event.charger, event.job, event.word)

    def rows(self) -> tuple[JobStatus, ...]:
        """By charger and kind."""
        return tuple(self._latest[key] for key in sorted(self._latest))
