"""A session's account: its readings out of the events that were kept, and what it costs."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from edge.core.energy_book import JUMPED
from edge.site.billing.course import Course, Reading, course_of, without_leaps
from edge.site.billing.rating import Bill, rate
from edge.site.billing.tariff import Tariff
from edge.site.durable import Session
from edge.site.events import AnyEvent, EvseStatusChanged, Sampled, SignedValue, TransactionEnded


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has ended, and what it costs. `tariff` and `bill` None: it is not billed.

    `signed`: what the charger's meter signed, as it came. `group`: of the card, when the session began.
    `contract`: of another provider's card.
    """

    session: Session
    course: Course
    tariff: Tariff | None
    bill: Bill | None
    signed: tuple[SignedValue, ...]
    group: str | None
    contract: str = ""

    @property
    def energy_wh(self) -> int:
        """What is billed."""
        return self.course.energy_wh


def account_of(
    session: Session, events: Iterable[AnyEvent], tariff: Tariff | None, zone: ZoneInfo, *, group: str | None
) -> Account:
    """The account of a session that has ended, out of its own events. Raises ValueError on one that runs."""
    if session.ended_ms is None:
        raise ValueError(f"transaction {session.transaction_id} still runs")
    kept = sorted(events, key=lambda event: event.at_ms)
    course = course_of(list(_readings(session, kept)))
    if JUMPED in session.flags and session.energy_wh is not None:
        course = without_leaps(course, session.energy_wh)
    return Account(
        session=session,
        course=course,
        tariff=tariff,
        bill=None if tariff is None else rate(course, tariff, zone),
        signed=tuple(signed for sample in _samples(kept) for signed in sample.signed),
        group=group,
    )


def _readings(session: Session, events: list[AnyEvent]) -> Iterator[Reading]:
    """The start, the samples in between, and the end: both ends as they were committed."""
    ended_ms = session.started_ms if session.ended_ms is None else max(session.started_ms, session.ended_ms)
    stop_wh = session.last_meter_wh if session.meter_stop_wh is None else session.meter_stop_wh
    yield Reading(at_ms=session.started_ms, register_wh=session.meter_start_wh)
    is_held = False
    register_wh = session.meter_start_wh
    for event in events:
        if not session.started_ms < event.at_ms < ended_ms:
            continue
        if isinstance(event, EvseStatusChanged):
            is_held = event.state == "suspended-evse"
            continue
        if isinstance(event, Sampled) and event.energy_wh is not None:
            register_wh = event.energy_wh
            yield Reading(
                at_ms=event.at_ms,
                register_wh=register_wh,
                current_ma=None if event.current_ma is None else sum(event.current_ma),
                is_held=is_held,
            )
    yield Reading(at_ms=ended_ms, register_wh=register_wh if stop_wh is None else stop_wh)


def _samples(events: list[AnyEvent]) -> Iterator[Sampled]:
    for event in events:
        if isinstance(event, Sampled):
            yield event
        elif isinstance(event, TransactionEnded):
            yield from event.samples
