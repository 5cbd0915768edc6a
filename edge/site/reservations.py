"""Which EVSEs are kept for whom. The charger refuses others; the site knows of it and outlives a restart."""

import logging
from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec.structs import replace

from edge.core import transaction
from edge.site.commands import AnyCommand, CancelReservation, Done, Outcome, Refused, Reserve
from edge.site.durable import Entry, Journal
from edge.site.events import ReservationEnded, TransactionStarted
from edge.site.ports import Clock
from edge.site.status import ReservationStatus
from edge.site.tokens import shortened

log = logging.getLogger(__name__)

RESERVATIONS = "reservations"  # of a charger, as a list of Reserve
Remember = Callable[[str, str, bytes], None]


class Reservations:
    """The reservations that hold, by charger and number."""

    def __init__(self, journal: Journal, clock: Clock, remember: Remember) -> None:
        self._journal = journal
        self._clock = clock
        self._remember = remember
        self._last_id = 0
        self._held: dict[tuple[str, int], Reserve] = {}

    def resume(self, documents: dict[str, bytes]) -> None:
        """Take up what was reserved before the restart."""
        for charger, body in documents.items():
            try:
                kept = msgspec.json.decode(body, type=tuple[Reserve, ...])
            except msgspec.ValidationError as wrong:  # a CSMS may have said what nobody else may
                log.warning("%s: its reservations are not known any more: %s", charger, wrong)
                continue
            for held in kept:
                self._held[held.charger, held.reservation_id] = held
                self._last_id = max(self._last_id, held.reservation_id)

    def numbered(self, command: AnyCommand) -> AnyCommand:
        """The command with a reservation id of its own, positive and new also after a restart."""
        if not isinstance(command, Reserve) or command.reservation_id:
            return command
        self._last_id = transaction.next_id(self._last_id, self._clock.now_ms() // 1000)
        return replace(command, reservation_id=self._last_id)

    def ordered(self, command: AnyCommand, outcome: Outcome) -> Outcome:
        """Take note of what a charger agreed to, and add the number that a reservation got.

        One that cannot cancel a reservation does not have it.
        """
        if isinstance(command, Reserve) and isinstance(outcome, Done):
            self._held[command.charger, command.reservation_id] = command
            self._keep(command.charger)
            return replace(outcome, reservation_id=command.reservation_id)
        if isinstance(command, CancelReservation) and isinstance(outcome, Done | Refused):
            self._end(command.charger, command.reservation_id, "cancelled")
        return outcome

    def held(self) -> tuple[Reserve, ...]:
        """Those that hold, by charger and number."""
        return tuple(self._held[key] for key in sorted(self._held))

    def used(self, event: TransactionStarted) -> None:
        """A transaction began; perhaps the one that something was reserved for."""
        if event.reservation_id is not None:
            self._end(event.charger, event.reservation_id, "used")

    def expire(self, now_ms: int) -> None:
        """End what is over."""
        for (charger, number), held in list(self._held.items()):
            if held.until_ms <= now_ms:
                self._end(charger, number, "expired")

    def rows(self) -> tuple[ReservationStatus, ...]:
        """By charger and number."""
        return tuple(
            ReservationStatus(
                charger=held.charger,
                evse=held.evse,
                reservation_id=held.reservation_id,
                token=shortened(held.token),
                until_ms=held.until_ms,
            )
            for held in self.held()
        )

    def _end(self, charger: str, number: int, reason: Literal["used", "cancelled", "expired"]) -> None:
        held = self._held.pop((charger, number), None)
        if held is None:
            return
        self._keep(charger)
        event = ReservationEnded(
            charger=charger,
            evse=held.evse,
            at_ms=self._clock.now_ms(),
            seen_ms=self._clock.mono_ms(),
            is_synchronised=self._clock.is_synchronised(),
            reservation_id=number,
            reason=reason,
        )
        self._journal.keep(Entry(event=event))
        log.info("%s reservation %d for token %s: %s", charger, number, shortened(held.token), reason)

    def _keep(self, charger: str) -> None:
        held = [each for (name, _), each in sorted(self._held.items()) if name == charger]
        self._remember(RESERVATIONS, charger, msgspec.json.encode(held))
