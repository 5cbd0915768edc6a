"""What chargers alert of: kept in the journal, and for a day in everybody's sight."""

import logging
from collections import deque

from edge.site.events import Acknowledged, AlertRaised, NotAnswered
from edge.site.ports import Clock, Entry, Journal, JournalBrokenError, JournalFullError

log = logging.getLogger(__name__)

SHOWN_MS = 24 * 3_600_000
MOST = 20  # of one charger: who alerts of everything must not push out the others


class Alerts:
    """The latest alerts of the site; what is not critical goes to the journal alone."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._shown: dict[str, deque[AlertRaised]] = {}

    async def note(self, event: AlertRaised) -> Acknowledged | NotAnswered:
        """Take an alert in. Acknowledged once it is stored, for the charger forgets it then."""
        try:
            await self._journal.append(Entry(event=event, deliver=False))
        except (JournalFullError, JournalBrokenError) as error:
            return NotAnswered(sentence=f"the journal cannot store: {error}")
        self._show(event)
        return Acknowledged()

    def raise_here(self, charger: str, word: str, sentence: str) -> None:
        """An alert of the site's own about a charger."""
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

    def sentences(self, now_ms: int) -> tuple[str, ...]:
        """The alerts of the last day, each once, newest first."""
        shown = sorted(
            (alert for each in self._shown.values() for alert in each), key=lambda one: one.seen_ms
        )
        recent = (alert for alert in reversed(shown) if alert.at_ms > now_ms - SHOWN_MS)
        return tuple(dict.fromkeys(f"{alert.charger}: {alert.sentence}" for alert in recent))

    def _show(self, event: AlertRaised) -> None:
        level = logging.WARNING if event.is_critical else logging.INFO
        log.log(level, "%s %s: %s", event.charger, event.word, event.sentence)
        if event.is_critical:
            self._shown.setdefault(event.charger, deque(maxlen=MOST)).append(event)
