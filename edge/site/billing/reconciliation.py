"""Whether every Wh was booked once: the registers, the sessions, the records and what each CSMS confirmed."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from edge.site.billing.account import Account
from edge.site.durable import Session, Unconfirmed

Kind = Literal["outside", "twice", "record", "unconfirmed", "parked", "doubtful"]
SENTENCES: dict[Kind, str] = {
    "outside": "the register of {place} rose by {wh} Wh outside any session, before transaction {number}",
    "twice": "transaction {number} begins {wh} Wh below where the one before it ended at {place}",
    "record": "the record of transaction {number} says {wh} Wh more than the session (below 0: less)",
    "unconfirmed": "{csms} has not confirmed transaction {number} yet",
    "parked": "{csms} refused transaction {number}; its messages are set aside",
    "doubtful": "transaction {number}: {doubt}",
}


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that does not add up. `wh`: how much energy it is about; 0 where nobody can say."""

    kind: Kind
    transaction_id: int
    charger: str
    evse: int
    wh: int
    sentence: str


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of some time, and everything that keeps them from being equal."""

    sessions: int
    registers_wh: int
    sessions_wh: int
    records_wh: int
    gaps: tuple[Gap, ...]


def reconcile(accounts: Sequence[Account], unconfirmed: Iterable[Unconfirmed]) -> Reconciliation:
    """Compare the accounts of sessions, in whatever order, with one another and with what was confirmed.

    `registers_wh` is what the registers of all EVSEs rose by from their first session to their last one.
    """
    gaps: list[Gap] = []
    registers_wh = 0
    for place, sessions in _by_place([account.session for account in accounts]).items():
        registers_wh += _rise(sessions)
        gaps += _between(place, sessions)
    by_id = {account.session.transaction_id: account.session for account in accounts}
    for account in accounts:
        gaps += _of_record(account)
    gaps += _of_clouds(by_id, unconfirmed)
    return Reconciliation(
        sessions=len(accounts),
        registers_wh=registers_wh,
        sessions_wh=sum(_energy_wh(account.session) for account in accounts),
        records_wh=sum(account.energy_wh for account in accounts),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.transaction_id, gap.kind))),
    )


def _by_place(sessions: Iterable[Session]) -> dict[tuple[str, int], list[Session]]:
    places: dict[tuple[str, int], list[Session]] = {}
    for session in sessions:
        places.setdefault((session.charger, session.evse), []).append(session)
    return {
        place: sorted(these, key=lambda each: (each.started_ms, each.transaction_id))
        for place, these in places.items()
    }


def _rise(sessions: Sequence[Session]) -> int:
    last_wh = max((s.meter_stop_wh for s in sessions if s.meter_stop_wh is not None), default=None)
    return 0 if last_wh is None else max(0, last_wh - sessions[0].meter_start_wh)


def _between(place: tuple[str, int], sessions: Sequence[Session]) -> list[Gap]:
    gaps = []
    for before, after in itertools.pairwise(sessions):
        if before.meter_stop_wh is None:
            continue
        wh = after.meter_start_wh - before.meter_stop_wh
        if wh > 0:
            gaps.append(_gap("outside", after, wh, place=f"{place[0]}/{place[1]}"))
        elif wh < 0:
            gaps.append(_gap("twice", after, -wh, place=f"{place[0]}/{place[1]}"))
    return gaps


def _of_record(account: Account) -> list[Gap]:
    session = account.session
    gaps = [_gap("doubtful", session, 0, doubt=doubt) for doubt in account.course.doubts]
    gaps += [_gap("doubtful", session, 0, doubt=flag.replace("-", " ")) for flag in session.flags]
    if (more_wh := account.energy_wh - _energy_wh(session)) != 0:
        gaps.append(_gap("record", session, more_wh))
    return gaps


def _of_clouds(sessions: Mapping[int, Session], unconfirmed: Iterable[Unconfirmed]) -> list[Gap]:
    worst: dict[tuple[int, str], Unconfirmed] = {}
    for each in unconfirmed:
        if each.transaction_id not in sessions:
            continue
        key = (each.transaction_id, each.csms)
        if key not in worst or each.state == "parked":
            worst[key] = each
    return [
        _gap(
            "parked" if each.state == "parked" else "unconfirmed",
            sessions[each.transaction_id],
            _energy_wh(sessions[each.transaction_id]),
            csms=each.csms,
        )
        for each in worst.values()
    ]


def _energy_wh(session: Session) -> int:
    if session.energy_wh is not None:
        return session.energy_wh
    return max(0, (session.meter_stop_wh or session.meter_start_wh) - session.meter_start_wh)


def _gap(kind: Kind, session: Session, wh: int, **words: str) -> Gap:
    return Gap(
        kind=kind,
        transaction_id=session.transaction_id,
        charger=session.charger,
        evse=session.evse,
        wh=wh,
        sentence=SENTENCES[kind].format(wh=wh, number=session.transaction_id, **words),
    )
