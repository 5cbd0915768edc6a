"""Commands on their way to a charger: who may not be asked, what is owned here, what is granted."""

import logging

from edge.site.commands import (
    AnyCommand,
    Done,
    NoAnswer,
    Origin,
    Outcome,
    Refused,
    Reserve,
    StartCharging,
    StopCharging,
    Unreachable,
    WriteSettings,
    patience_ms,
)
from edge.site.parts import Parts
from edge.site.protected import protected_keys

log = logging.getLogger(__name__)


class Dispatch:
    """The door for commands."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def submit(self, command: AnyCommand, origin: Origin) -> Outcome:
        """Carry a command out: protected settings and grants come first."""
        parts = self._parts
        refusal = self._refusal(command, origin)
        if refusal is not None:
            return refusal
        if isinstance(command, StartCharging):  # the station may ask before it answers
            parts.tokens.grant_once(command.charger, command.token, mono_ms=parts.clock.mono_ms())
            parts.transactions.expect(command, origin)
        command = parts.reservations.numbered(parts.jobs.numbered(command))
        outcome = await parts.drivers[command.charger].perform(command, deadline_ms=patience_ms(command))
        parts.jobs.ordered(command, outcome)
        outcome = parts.reservations.ordered(command, outcome)
        if isinstance(command, StartCharging) and not isinstance(outcome, Done | NoAnswer):
            parts.tokens.withdraw(command.charger, command.token)
        log.info(
            "%s %s by %s: %s",
            command.charger,
            type(command).__name__,
            origin.name or origin.kind,
            type(outcome).__name__,
        )
        return outcome

    def _refusal(self, command: AnyCommand, origin: Origin) -> Refused | Unreachable | None:
        """Why it does not even leave, if so."""
        parts = self._parts
        if command.charger not in parts.drivers:
            return Refused(sentence=f"there is no charger {command.charger} here")
        if isinstance(command, WriteSettings) and origin.kind != "site":
            owned = protected_keys(command.settings)
            if owned:
                return Refused(sentence=f"{', '.join(owned)}: set by the site itself")
        if isinstance(command, StopCharging):
            session = parts.transactions.open_session(command.transaction_id)
            if session is None or session.charger != command.charger:
                return Refused(sentence=f"no transaction {command.transaction_id} runs there")
        if not parts.observed[command.charger].is_linked:
            return Unreachable()
        if isinstance(command, Reserve) and command.until_ms <= parts.clock.now_ms():
            return Refused(sentence="the reservation would be over already")
        return None
