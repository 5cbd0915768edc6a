"""What chargers alert of: kept in the journal, and for a day in everybody's sight.

A charger that alerts all the time, by malice or by a fault, must not wear the card: after a first score
one in ten minutes is kept, with how many were not, and the rest is answered and forgotten.
"""

import logging
from collections import deque

from edge.site.durable import Entry, Journal, JournalBrokenError, JournalFullError
from edge.site.events import Acknowledged, AlertRaised, NotAnswered
from edge.site.ports import Clock

log = logging.getLogger(__name__)

SHOWN_MS = 24 * 3_600_000
MOST = 20  # of one charger: who alerts of everything must not push out the others
EVERY_MS = 600_000  # each row is a page or two of writing; so it is 10 MB a day at most


class _Allowance:
    """How many more of one charger's alerts may be kept, and how many were not."""

    __slots__ = ("dropped", "left", "since_ms")

    def __init__(self, now_ms: int) -> None:
        self.left = MOST
        self.since_ms = now_ms
        self.dropped = 0

    def take(self, now_ms: int) -> bool:
        earned = (now_ms - self.since_ms) // EVERY_MS
        self.since_ms += earned * EVERY_MS
        self.left = min(MOST, self.left + earned)
        if self.left == 0:
            self.dropped += 1
            return False
        self.left -= 1
        return True


class Alerts:
    """The latest alerts of the site; what is not critical goes to the journal alone."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._shown: dict[str, deque[AlertRaised]] = {}
        self._allowances: dict[str, _Allowance] = {}

    async def note(self, event: AlertRaised) -> Acknowledged | NotAnswered:
        """Take an alert in. Acknowledged once it is stored, for the charger forgets it then; or not kept."""
        if not self._may_keep(event.charger):
            return Acknowledged()
        try:
            await self._journal.append(Entry(event=event, deliver=False))
        except (JournalFullError, JournalBrokenError) as error:
            return NotAnswered(sentence=f"the journal cannot store: {error}")
        self._show(event)
        return Acknowledged()

    def raise_here(self, charger: str, word: str, sentence: str) -> None:
        """An alert of the site's own about a charger."""
        if self._may_keep(charger):
            self._raise(charger, word, sentence)

    def sentences(self, now_ms: int) -> tuple[str, ...]:
        """The alerts of the last day, each once, newest first."""
        shown = sorted(
            (alert for each in self._shown.values() for alert in each), key=lambda one: one.seen_ms
        )
        recent = (alert for alert in reversed(shown) if alert.at_ms > now_ms - SHOWN_MS)
        return tuple(dict.fromkeys(f"{alert.charger}: {alert.sentence}" for alert in recent))

    def _may_keep(self, charger: str) -> bool:
        now_ms = self._clock.mono_ms()
        allowance = self._allowances.setdefault(charger, _Allowance(now_ms))
        if not allowance.take(now_ms):
            if allowance.dropped == 1:
                log.warning("%s alerts too often: not all of it is kept", charger)
            return False
        if allowance.dropped:
            sentence = f"{allowance.dropped} alerts were not kept: it alerts too often"
            allowance.dropped = 0
            self._raise(charger, "alerts-not-kept", sentence)
        return True

    def _raise(self, charger: str, word: str, sentence: str) -> None:
        event = AlertRaised(
            charger=charger,
            at_ms=self._clock.now_ms(),
            seen_ms=self._clock.mono_ms(),
            is_synchronised=self._clock.is_synchronised(),
            word=word,
            sentence=sentence,
        )
        self._journal.keep(Entry(event=event, deliver=False))
        self._show(event)

    def _show(self, event: AlertRaised) -> None:
        level = logging.WARNING if event.is_critical else logging.INFO
        log.log(level, "%s %s: %s", event.charger, event.word, event.sentence)
        if event.is_critical:
            self._shown.setdefault(event.charger, deque(maxlen=MOST)).append(event)
