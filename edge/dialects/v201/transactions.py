"""TransactionEvents of OCPP 2.x as the site's transactions: begun when a token is in them, ended once.

A charger may begin before anybody has shown a card. Such a beginning bills nothing, so the site hears of it
when the card comes, with the meter of the beginning. What is remembered here is a help: a box that has
restarted takes it up from the site (`recall`), and what it cannot know is told as late, or unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.dialects.arrival import Arrival
from edge.dialects.v201.samples import sampled
from edge.dialects.v201.words import REASONS, token_of
from edge.ocpp.rpc import PROPERTY_CONSTRAINT_VIOLATION, Fault
from edge.ocpp.timestamps import epoch_ms
from edge.ocpp.v201.transactions import TransactionEvent
from edge.site.events import (
    AlertRaised,
    AnyEvent,
    Sampled,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
)

MOST_REMEMBERED = 64
MOST_EVSE = 2**31 - 1


@dataclass(slots=True, kw_only=True)
class Remembered:
    """A transaction of a charger. `is_told`: the site has heard of its beginning."""

    evse: int
    meter_wh: int | None = None
    is_told: bool = False
    token: str | None = None
    seq_no: int | None = None
    gaps: int = 0


class Transactions:
    """What one charger has told of its transactions."""

    def __init__(self) -> None:
        self._known: dict[str, Remembered] = {}
        self._registers: dict[int, int] = {}  # by EVSE, the latest of its energy register
        self._telling: Remembered | None = None

    def recall(self, running: Mapping[str, int]) -> None:
        """What the site says runs: the EVSE of each by the charger's own id."""
        for own_id, evse in running.items():
            one = self._known.setdefault(own_id, Remembered(evse=evse))
            one.is_told = True

    def evse_of(self, own_id: str) -> int:
        """Where it runs; 0 where nobody knows."""
        known = self._known.get(own_id)
        return 0 if known is None else known.evse

    def was_not_kept(self) -> None:
        """The site could not store what was told last: it will be told again."""
        if self._telling is not None:
            self._telling.is_told = False

    def measured(self, sample: Sampled) -> None:
        """Remember what a register stands at: a beginning may come without."""
        if sample.energy_wh is not None and 0 <= sample.evse <= MOST_REMEMBERED:
            self._registers[sample.evse] = sample.energy_wh

    def events_of(self, event: TransactionEvent, arrival: Arrival) -> list[AnyEvent]:
        """What it tells. Its time must be readable: Fault otherwise, for a repetition is known by it."""
        at_ms = epoch_ms(event.timestamp)
        if event.evse is not None and not 0 <= event.evse.id <= MOST_EVSE:
            raise Fault(PROPERTY_CONSTRAINT_VIOLATION, "no such EVSE")
        own_id = event.transaction_info.transaction_id
        is_first = own_id not in self._known
        one = self._one(event, own_id)
        is_offline = bool(event.offline) or arrival.was_offline(at_ms)
        samples = [
            sampled(value, arrival, evse=one.evse, own_id=own_id, is_offline=is_offline)
            for value in event.meter_value or ()
        ]
        self._count(event, one)
        self._measure(event, one, samples)
        told: list[AnyEvent] = []
        if event.id_token is not None:
            told = self._beginning(event, one, arrival, at_ms, is_offline=is_offline, is_first=is_first)
        if event.event_type == "Ended":
            told += self._end(event, one, arrival, at_ms, tuple(samples), is_offline=is_offline)
        else:
            told += samples
        return told

    def _measure(self, event: TransactionEvent, one: Remembered, samples: list[Sampled]) -> None:
        """What its register stood at when it began: the first that is told, else the last before it."""
        if one.meter_wh is None:
            one.meter_wh = self._registers.get(one.evse)
        if one.meter_wh is None or event.event_type == "Started":
            meters = (sample.energy_wh for sample in samples if sample.energy_wh is not None)
            one.meter_wh = next(meters, one.meter_wh)
        for sample in samples:
            self.measured(sample)

    def _one(self, event: TransactionEvent, own_id: str) -> Remembered:
        one = self._known.get(own_id)
        if one is None or (event.event_type == "Started" and event.seq_no != one.seq_no and one.seq_no):
            one = self._known[own_id] = Remembered(evse=0)
            for old in list(self._known)[:-MOST_REMEMBERED]:
                del self._known[old]
        if event.evse is not None:
            one.evse = event.evse.id
        return one

    def _count(self, event: TransactionEvent, one: Remembered) -> None:
        """Numbers within a transaction grow by one: more than that, and something was lost on the way."""
        if one.seq_no is not None and event.seq_no > one.seq_no + 1:
            one.gaps += event.seq_no - one.seq_no - 1
        if one.seq_no is None or event.seq_no > one.seq_no:
            one.seq_no = event.seq_no

    def _beginning(
        self,
        event: TransactionEvent,
        one: Remembered,
        arrival: Arrival,
        at_ms: int,
        *,
        is_offline: bool,
        is_first: bool,
    ) -> list[AnyEvent]:
        """The beginning, where a token is shown for the first time; a later one is merely judged."""
        if event.id_token is None:
            return []
        token = token_of(event.id_token)
        is_start = event.event_type == "Started"
        if one.is_told and not is_start:
            if event.event_type == "Ended" or is_offline or token == one.token:
                return []
            return [
                TokenPresented(
                    charger=arrival.charger,
                    at_ms=arrival.now_ms,
                    seen_ms=arrival.mono_ms,
                    is_synchronised=arrival.is_synchronised,
                    token=token,
                )
            ]
        one.is_told, one.token = True, token
        self._telling = one
        return [
            TransactionStarted(
                charger=arrival.charger,
                evse=one.evse,
                at_ms=at_ms,
                seen_ms=arrival.mono_ms,
                is_synchronised=arrival.is_synchronised,
                offline=is_offline,
                token=token,
                meter_wh=one.meter_wh or 0,
                reservation_id=event.reservation_id,
                own_id=event.transaction_info.transaction_id,
                is_late=is_first and not is_start,
            )
        ]

    def _end(
        self,
        event: TransactionEvent,
        one: Remembered,
        arrival: Arrival,
        at_ms: int,
        samples: tuple[Sampled, ...],
        *,
        is_offline: bool,
    ) -> list[AnyEvent]:
        own_id = event.transaction_info.transaction_id
        if not one.is_told and one.meter_wh is None and not samples:
            return []  # nobody showed a card, and nothing flowed
        meters = [sample.energy_wh for sample in samples if sample.energy_wh is not None]
        stop_wh = meters[-1] if meters else self._registers.get(one.evse, one.meter_wh or 0)
        if not one.is_told and stop_wh == one.meter_wh:
            return []
        told: list[AnyEvent] = [
            TransactionEnded(
                charger=arrival.charger,
                evse=one.evse,
                at_ms=at_ms,
                seen_ms=arrival.mono_ms,
                is_synchronised=arrival.is_synchronised,
                offline=is_offline,
                transaction_id=0,
                own_id=own_id,
                meter_wh=stop_wh,
                reason=REASONS.get(event.transaction_info.stopped_reason or "Local", "other"),
                token=None if event.id_token is None else token_of(event.id_token),
                samples=samples,
            )
        ]
        if one.gaps:
            sentence = f"transaction {own_id} lacks {one.gaps} of its messages"
            told.append(_alert(arrival, "transaction-gap", sentence))
            one.gaps = 0
        return told


def _alert(arrival: Arrival, word: str, sentence: str) -> AlertRaised:
    return AlertRaised(
        charger=arrival.charger,
        at_ms=arrival.now_ms,
        seen_ms=arrival.mono_ms,
        is_synchronised=arrival.is_synchronised,
        word=word,
        sentence=sentence,
        is_critical=False,
    )
