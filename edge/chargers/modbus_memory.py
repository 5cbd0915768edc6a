"""What a charger on Modbus did when it was last seen, out of the journal: it has no memory of its own."""

from dataclasses import dataclass

from edge.site.durable import Archive
from edge.site.events import Sampled


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The last that is known of a charger before this process: when, and where its energy stood."""

    at_ms: int
    energy_wh: int


async def last_seen(archive: Archive, charger: str) -> LastSeen | None:
    """Out of its newest session, be it over or not; None: it has had none."""
    sessions = await archive.sessions(1, charger=charger)
    if not sessions:
        return None
    session = sessions[0]
    at_ms, energy_wh = session.started_ms, session.meter_start_wh
    if session.ended_ms is not None and session.meter_stop_wh is not None:
        at_ms, energy_wh = session.ended_ms, session.meter_stop_wh
    for told in await archive.story(session.transaction_id):
        if isinstance(told.event, Sampled) and told.event.energy_wh is not None and told.at_ms >= at_ms:
            at_ms, energy_wh = told.at_ms, max(energy_wh, told.event.energy_wh)
    return LastSeen(at_ms=at_ms, energy_wh=energy_wh)
