"""What a charger is told when it boots or comes back: the dead man first, then what it shall measure."""

import logging
from collections.abc import Callable

from edge.core.errors import PeerError
from edge.dialects.charger import SET_PROFILE, ChargerDialect, Found, Questions
from edge.dialects.forms import Forms
from edge.links.ocppj import Connection
from edge.ocpp.rpc import CallRefused, Fault, LinkLost
from edge.settings.model import ChargerSettings

log = logging.getLogger(__name__)

CALL_S = 10.0
FIRST_HOLD_S = 120  # of the upper profile at the fallback; a limit renews it at once


async def set_up(
    connection: Connection,
    charger: ChargerSettings,
    dialect: ChargerDialect,
    *,
    now_ms: int,
    has_booted: bool,
    is_known: bool,
    forms: Forms,
    on_guarded: Callable[[], None],
) -> None:
    """Tell a charger everything that it must know. `on_guarded` is called when limits may follow.

    After a boot the upper profile is set to the fallback as well, for a reboot may have forgotten both;
    after a mere reconnect the last limit stands until the next one. What the charger refuses is logged; a
    lost link ends this quietly.
    """
    try:
        await _guard_all(connection, charger, dialect, forms, now_ms if has_booted else None)
        on_guarded()
        await ask(connection, *dialect.release())
        if not await go_through(connection, dialect.measure()):
            log.warning("%s does not measure what it is asked to: no currents per phase", charger.name)
        for report in dialect.reports(is_known=is_known):
            await ask(connection, *report)
    except LinkLost:
        return
    except Fault as fault:
        log.warning("%s answers what cannot be read: %s", charger.name, fault)


async def _guard_all(
    connection: Connection,
    charger: ChargerSettings,
    dialect: ChargerDialect,
    forms: Forms,
    now_ms: int | None,
) -> None:
    """The dead man of every connector; where a current is refused that a charger does not know, in W."""

    async def guard(connector: int) -> bool:
        return await _guard(connection, charger, dialect, forms, connector, now_ms=now_ms)

    is_taken = [await guard(connector) for connector in forms.connectors]
    if all(is_taken):
        return
    if await go_through(connection, dialect.wants_watts()) and forms.turn_to_watts():
        log.info("%s takes limits in W only", charger.name)
        for connector in forms.connectors:
            await guard(connector)


async def _guard(
    connection: Connection,
    charger: ChargerSettings,
    dialect: ChargerDialect,
    forms: Forms,
    connector: int,
    *,
    now_ms: int | None,
) -> bool:
    """The lower profile of a connector; with a time also the upper one, at the fallback."""
    fallback_ma = charger.evses[connector - 1].fallback_ma
    payloads = [dialect.fallback(connector, fallback_ma=fallback_ma, wire=forms.wire(connector))]
    if now_ms is not None:
        payloads.append(forms.render(connector, fallback_ma, now_ms=now_ms, hold_s=FIRST_HOLD_S))
    for payload in payloads:
        refusal = _refusal(dialect, await ask(connection, SET_PROFILE, payload))
        if refusal is not None:
            amperes = fallback_ma // 1000
            log.warning("%s does not take its fallback of %d A: %s", charger.name, amperes, refusal)
            forms.was_guarded = False
            return False
    forms.was_guarded = True
    log.info("%s fallback %d A accepted, connector %d", charger.name, fallback_ma // 1000, connector)
    return True


def _refusal(dialect: ChargerDialect, raw: bytes | None) -> str | None:
    if raw is None:
        return "no answer, or an error"
    try:
        return dialect.refusal_of(raw)
    except Fault as fault:
        return str(fault)


async def go_through(connection: Connection, questions: Questions[Found]) -> Found:
    """Ask one after the other, and answer what was found. Raises LinkLost, and Fault as the questions do."""
    try:
        action, payload = next(questions)
        while True:
            action, payload = questions.send(await ask(connection, action, payload))
    except StopIteration as end:
        found: Found = end.value
        return found


async def ask(connection: Connection, action: str, payload: bytes) -> bytes | None:
    """The answer; None when it refuses or does not answer. Raises LinkLost."""
    try:
        return bytes(await connection.call(action, payload, timeout_s=CALL_S))
    except LinkLost:
        raise
    except PeerError as fault:
        level = logging.DEBUG if isinstance(fault, CallRefused) else logging.INFO
        log.log(level, "%s: %s: %s", connection.identity, action, fault)
        return None
