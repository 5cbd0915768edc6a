"""Stations without a place in the site file: they wait, start nothing, and are listed for adoption.

Their load counts as the building's: nobody else can count it.
"""

import logging
from typing import Literal

from msgspec.structs import replace

from edge.site.events import (
    Acknowledged,
    AlertRaised,
    Answer,
    AnyEvent,
    BootAnswer,
    CertificateAnswer,
    CertificateRequested,
    ChargerBooted,
    LinkChanged,
    NotAnswered,
    StrangerHeld,
    TokenAnswer,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
)
from edge.site.status import Severity, StrangerStatus

log = logging.getLogger(__name__)

MOST = 64  # more than the server lets in at once: an older one that left without a word makes room
HEARTBEAT_S = 60
NEW = "New charger, no place yet"
UNCOUNTED = "New charger: may draw up to 32 A where nobody counts it"


class Strangers:
    """Who is there without a place, by station."""

    def __init__(self, unknown: Literal["wait", "reject"]) -> None:
        """`unknown`: what they are told when they boot."""
        self._rejects = unknown == "reject"
        self._known: dict[str, StrangerStatus] = {}

    def rows(self) -> tuple[StrangerStatus, ...]:
        """All of them; who may draw what he likes comes first."""
        return tuple(sorted(self._known.values(), key=lambda each: (each.severity != "act", each.station)))

    def headline(self, severity: Severity, sentence: str) -> tuple[Severity, str]:
        """The site's sentence, or theirs where it is worse."""
        rows = self.rows()
        if rows and rows[0].severity == "act" and severity != "act":
            return "act", f"{rows[0].station}: {rows[0].sentence}"
        if rows and severity == "fine":
            who = f"{rows[0].station} waits" if len(rows) == 1 else f"{len(rows)} new chargers wait"
            return "know", f"{who} for a place. {sentence}"
        return severity, sentence

    def report(self, event: AnyEvent, now_ms: int) -> Answer:
        """What one of them tells."""
        name = event.charger
        known = self._known.get(name) or StrangerStatus(station=name, model="", address="", since_ms=now_ms)
        match event:
            case LinkChanged(is_up=True):
                log.warning("%s connected from %s: no place in the site file", name, event.address)
                self._keep(replace(known, address=event.address))
            case LinkChanged():
                self._known.pop(name, None)
            case ChargerBooted():
                model = " ".join(filter(None, (event.vendor, event.model, event.firmware)))
                self._keep(replace(known, model="".join(each for each in model if each.isprintable())))
                status: Literal["rejected", "pending"] = "rejected" if self._rejects else "pending"
                return BootAnswer(status=status, interval_s=HEARTBEAT_S, now_ms=now_ms)
            case StrangerHeld():
                self._keep(_held(known, event))
            case TokenPresented():
                return TokenAnswer(status="invalid")
            case CertificateRequested():
                return CertificateAnswer(is_accepted=False)
            case TransactionStarted() | TransactionEnded() | AlertRaised():
                return NotAnswered(sentence="this station has no place in the site file")
        return Acknowledged()

    def _keep(self, stranger: StrangerStatus) -> None:
        self._known.pop(stranger.station, None)
        self._known[stranger.station] = stranger
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]


def _held(known: StrangerStatus, event: StrangerHeld) -> StrangerStatus:
    if event.refusal is not None:
        log.warning("%s: %s (%s)", known.station, UNCOUNTED, event.refusal)
        return replace(known, severity="act", sentence=f"{UNCOUNTED}. It refuses 0 A: {event.refusal}.")
    return replace(
        known,
        severity="know",
        sentence=f"{NEW}: 0 A.",
        connectors=event.connectors,
        features=event.features,
    )
