"""What a charger is told when it boots or comes back: the dead man first, then what it shall measure."""

import logging
from collections.abc import Callable

from edge.core.errors import PeerError
from edge.dialects.v16 import charger_profiles as dialect
from edge.dialects.v16.charger_forms import Forms
from edge.links.ocppj import Connection
from edge.ocpp.rpc import CallRefused, Fault, LinkLost
from edge.settings.model import ChargerSettings

log = logging.getLogger(__name__)

CALL_S = 10.0
SAMPLE_S = 10
FIRST_HOLD_S = 120  # of the upper profile at the fallback; a limit renews it at once


async def set_up(
    connection: Connection,
    charger: ChargerSettings,
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
        await _guard_all(connection, charger, forms, now_ms if has_booted else None)
        on_guarded()
        await _ask(connection, dialect.CLEAR_PROFILE, dialect.release())
        await _sample(connection, charger.name)
        if not is_known:
            await _ask(connection, dialect.TRIGGER, dialect.trigger_boot())
        await _ask(connection, dialect.TRIGGER, dialect.trigger_status())
    except LinkLost:
        return
    except Fault as fault:
        log.warning("%s answers what cannot be read: %s", charger.name, fault)


async def _guard_all(
    connection: Connection, charger: ChargerSettings, forms: Forms, now_ms: int | None
) -> None:
    """The dead man of every connector; where a current is refused that a charger does not know, in W."""
    is_taken = [await _guard(connection, charger, forms, connector, now_ms) for connector in forms.connectors]
    if all(is_taken):
        return
    raw = await _ask(connection, dialect.READ, dialect.read_unit())
    if raw is not None and dialect.wants_watts(raw) and forms.turn_to_watts():
        log.info("%s takes limits in W only", charger.name)
        for connector in forms.connectors:
            await _guard(connection, charger, forms, connector, now_ms)


async def _guard(
    connection: Connection, charger: ChargerSettings, forms: Forms, connector: int, now_ms: int | None
) -> bool:
    """The lower profile of a connector; with a time also the upper one, at the fallback."""
    fallback_ma = charger.evses[connector - 1].fallback_ma
    payloads = [dialect.fallback(connector, fallback_ma=fallback_ma, wire=forms.wire(connector))]
    if now_ms is not None:
        payloads.append(forms.render(connector, fallback_ma, now_ms=now_ms, hold_s=FIRST_HOLD_S))
    for payload in payloads:
        refusal = _refusal(await _ask(connection, dialect.SET_PROFILE, payload))
        if refusal is not None:
            amperes = fallback_ma // 1000
            log.warning("%s does not take its fallback of %d A: %s", charger.name, amperes, refusal)
            forms.was_guarded = False
            return False
    forms.was_guarded = True
    log.info("%s fallback %d A accepted, connector %d", charger.name, fallback_ma // 1000, connector)
    return True


def _refusal(raw: bytes | None) -> str | None:
    if raw is None:
        return "no answer, or an error"
    try:
        return dialect.refusal_of(raw)
    except Fault as fault:
        return str(fault)


async def _sample(connection: Connection, name: str) -> None:
    """Currents per phase every 10 s. What is right already is not written again: that wears its memory."""
    raw = await _ask(connection, dialect.READ, dialect.read_sampling())
    present = {} if raw is None else dialect.sampling_of(raw)
    if present.get(dialect.INTERVAL) != str(SAMPLE_S):
        await _change(connection, dialect.INTERVAL, str(SAMPLE_S))
    if present.get(dialect.MEASURANDS) in dialect.WISHES:
        return
    for wish in dialect.WISHES:
        if await _change(connection, dialect.MEASURANDS, wish):
            return
    log.warning("%s does not measure what it is asked to: no currents per phase", name)


async def _change(connection: Connection, key: str, value: str) -> bool:
    raw = await _ask(connection, dialect.CHANGE, dialect.change(key, value))
    return raw is not None and dialect.was_changed(raw)


async def _ask(connection: Connection, action: str, payload: bytes) -> bytes | None:
    """The answer; None when it refuses or does not answer. Raises LinkLost."""
    try:
        return bytes(await connection.call(action, payload, timeout_s=CALL_S))
    except LinkLost:
        raise
    except PeerError as fault:
        level = logging.DEBUG if isinstance(fault, CallRefused) else logging.INFO
        log.log(level, "%s: %s: %s", connection.identity, action, fault)
        return None
