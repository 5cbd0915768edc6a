"""Seals what a session cost when it ends: whoever asks later gets the same, whatever is changed meanwhile.

Two kinds wait. A session of another provider's card, until somebody has told who the operator is: its record
goes to strangers, who would keep one of nobody, and cannot be changed behind their backs. And one whose times
this box was not sure of, as long as its clock may still be set right: unless it is asked for.
"""

import asyncio
import itertools
import logging
from fractions import Fraction
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from edge.core.errors import ConfigError
from edge.site.billing.account import Account
from edge.site.billing.course import Course, Stretch
from edge.site.durable import Books, JournalBrokenError, JournalFullError, Session
from edge.site.ports import Clock

log = logging.getLogger(__name__)

LOOK_S = 60.0
PIECE = 100
BREATH_S = 0.05  # between two sessions: nobody waits for them
_PASSES = (JournalFullError, JournalBrokenError)


class HeldError(ConfigError):
    """A session whose record cannot be made yet; the sentence says what it waits for."""


class Office(Protocol):
    """Who makes a session's record."""

    async def seal(self, session: Session) -> None:
        """Make and keep it. Raises HeldError, JournalFullError, JournalBrokenError."""


class Sealer:
    """`run` beside the office until cancelled."""

    def __init__(self, office: Office, books: Books, clock: Clock) -> None:
        self._office = office
        self._books = books
        self._clock = clock
        self._first = 1  # below it everything has its record
        self._was_sure = False

    async def run(self) -> None:
        """At each end, and now and then what had to wait."""
        while True:
            try:
                await self.seal_all()
            except _PASSES as error:
                log.warning("billing: records cannot be sealed now: %s", error)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._books.ended()
            except TimeoutError:
                continue

    async def seal_all(self) -> None:
        """Everything that has ended and need not wait. Raises the journal's errors."""
        is_sure = self._clock.is_synchronised()
        was_sure, self._was_sure = (
            self._was_sure,
            is_sure,
        )  # what a clock just set mends is written soon after
        waiting: int | None = None
        first = self._first
        while sessions := await self._books.unsealed(first, PIECE):
            for session in sessions:
                if not await self._sealed(session, is_sure=is_sure and was_sure) and waiting is None:
                    waiting = session.transaction_id
            first = sessions[-1].transaction_id + 1
        self._first = first if waiting is None else waiting

    async def _sealed(self, session: Session, *, is_sure: bool) -> bool:
        has_sure_times = session.start_is_sure and session.end_is_sure
        if session.ended_ms is None or not (has_sure_times or is_sure):
            return False
        try:
            await self._office.seal(session)
        except HeldError:
            return False
        await asyncio.sleep(BREATH_S)
        return True


def encoded(account: Account) -> bytes:
    """As it is kept: without what only its record needs."""
    bill = None if account.bill is None else replace(account.bill, periods=())
    kept = replace(account, course=_condensed(account.course), bill=bill, signed=())
    return msgspec.json.encode(kept, enc_hook=_from_fraction)


def decoded(body: bytes) -> Account:
    """What was kept."""
    return _decoder.decode(body)


def _condensed(course: Course) -> Course:
    """How long it charged, parked and was held, stretch after stretch; what flowed when is in the record."""
    runs = [list(run) for _, run in itertools.groupby(course.stretches, key=lambda stretch: stretch.kind)]
    stretches = [
        Stretch(
            begin_ms=run[0].begin_ms,
            end_ms=run[-1].end_ms,
            energy_wh=sum(stretch.energy_wh for stretch in run),
            kind=run[0].kind,
        )
        for run in runs
    ]
    return replace(course, stretches=tuple(stretches))


def _from_fraction(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise NotImplementedError(type(value))


def _to_fraction(kind: type, value: Any) -> Any:  # noqa: ANN401  as msgspec asks for it
    if kind is Fraction:
        return Fraction(value)
    raise NotImplementedError(kind)


_decoder = msgspec.json.Decoder(Account, dec_hook=_to_fraction)
