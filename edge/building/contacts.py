"""Contacts that limit: ripple control, section 14a, inhibits, four-step receivers, read from pins.

A pin that cannot be read, or that this machine does not have, counts as the smallest of its contact's limits.
"""

import asyncio
import logging

from edge.core.contact import Contact, bound_of
from edge.core.errors import ConfigError
from edge.links.pins import Input, Pins, closes_low
from edge.settings.model import ContactSettings, Site
from edge.site.ports import Clock, Limit, SiteDoors

log = logging.getLogger(__name__)

PERIOD_S = 0.05
LOOK_AGAIN_MS = 10_000  # for a pin that is not there
DIRECT = "enwg-14a-direct"


class _Relay:
    """One pin of a contact."""

    def __init__(self, name: str, pins: Pins, *, is_active_open: bool) -> None:
        self._name = name
        self._pins = pins
        self._input: Input | None = None
        self._due_ms = 0
        self._contact = Contact()
        self._low_is_active = closes_low(pins.pin(name)) != is_active_open
        self._trouble = ""

    def is_active(self, now_ms: int) -> bool:
        """Settled; in doubt it is."""
        if self._input is None and now_ms >= self._due_ms:
            self._due_ms = now_ms + LOOK_AGAIN_MS
            self._open()
        level = None if self._input is None else self._input.read()
        self._tell("" if level is not None else self._trouble or f"{self._name} cannot be read")
        return self._contact.note(None if level is None else level != self._low_is_active, now_ms)

    @property
    def is_faulty(self) -> bool:
        """Whether it limits only because it cannot be read."""
        return bool(self._trouble)

    def _open(self) -> None:
        try:
            self._input = self._pins.input(self._name, pull="up")
        except ConfigError as error:
            self._tell(str(error))

    def _tell(self, trouble: str) -> None:
        if trouble and not self._trouble:
            log.warning("%s: it counts as if it limited", trouble)
        elif self._trouble and not trouble:
            log.info("%s can be read again", self._name)
        self._trouble = trouble


class _Receiver:
    """A contact of the site file, with all its pins, and what it told the site last."""

    def __init__(self, settings: ContactSettings, pins: Pins, targets: dict[str, int]) -> None:
        """`targets`: for the rule that limits each bay, what each may draw per phase."""
        self._settings = settings
        self._targets = targets
        self._relays = [_Relay(pin, pins, is_active_open=settings.is_active_open) for pin in settings.pins]
        self._told: tuple[int | None, bool] = (None, False)

    def limits(self, now_ms: int) -> list[Limit]:
        """What the site must be told now; empty where it is as before."""
        settings = self._settings
        bound_ma = bound_of(
            [relay.is_active(now_ms) for relay in self._relays],
            list(settings.limits_ma),
            one_is_always_closed=settings.one_is_always_active,
        )
        is_fault = bound_ma is not None and any(relay.is_faulty for relay in self._relays)
        if (bound_ma, is_fault) == self._told:
            return []
        self._told = (bound_ma, is_fault)
        if settings.rule == DIRECT:
            return [
                self._limit("evse", bay, None if bound_ma is None else least_ma)
                for bay, least_ma in self._targets.items()
            ]
        return [self._limit(settings.of, settings.circuit, bound_ma)]

    def _limit(self, kind: str, target: str, limit_ma: int | None) -> Limit:
        return Limit(
            name=f"{self._settings.name}/{target}",
            source="contact",
            kind=kind,  # type: ignore[arg-type]  # one of the three, as the settings have it
            target=target,
            limit_ma=limit_ma,
            expires_ms=None,
            is_operator=self._settings.rule != "none",
            is_fault=self._told[1],
        )


class Contacts:
    """All contacts of a site. `read` before the first offer, then `run` until cancelled."""

    def __init__(self, receivers: list[_Receiver], doors: SiteDoors, clock: Clock) -> None:
        self._receivers = receivers
        self._doors = doors
        self._clock = clock

    async def run(self) -> None:
        """Read them all the time."""
        while True:
            await asyncio.sleep(PERIOD_S)
            self.read()

    def read(self) -> None:
        """Read them once, and tell the site what has changed."""
        now_ms = self._clock.mono_ms()
        for receiver in self._receivers:
            for limit in receiver.limits(now_ms):
                self._doors.limit(limit)


def contacts_of(site: Site, pins: Pins, doors: SiteDoors, clock: Clock) -> Contacts:
    """The contacts of the site file."""
    receivers = []
    for settings in site.contacts:
        targets = direct_targets(site, settings) if settings.rule == DIRECT else {}
        receivers.append(_Receiver(settings, pins, targets))
    return Contacts(receivers, doors, clock)


def direct_targets(site: Site, settings: ContactSettings) -> dict[str, int]:
    """What each bay may draw per phase: its share of the least power, on as many phases as it has."""
    targets = {}
    three_phase_ma = min(settings.limits_ma)
    for charger in site.chargers:
        for number, evse in enumerate(charger.evses, start=1):
            name = charger.name if len(charger.evses) == 1 else f"{charger.name}/{number}"
            phases = 3 if evse.wiring is None else len(evse.wiring)
            targets[name] = three_phase_ma * 3 // phases
    return targets
