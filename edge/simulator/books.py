"""Whether every transaction that a charger performed was booked once, and as it was."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.ocpp.v16.types import Reason


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A transaction as one side knows it; the end is None while it runs. Times are ms since 1970."""

    station: str
    connector: int
    token: str
    started_ms: int
    meter_start_wh: int
    transaction_id: int | None = None
    ended_ms: int | None = None
    meter_stop_wh: int | None = None
    reason: Reason | None = None

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What tells it from every other, whatever number anyone gave it."""
        return (self.station, self.connector, self.started_ms, self.meter_start_wh)

    @property
    def content(self) -> tuple[str, int | None, int | None]:
        """What must be the same on both sides."""
        return (self.token, self.ended_ms, self.meter_stop_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The difference between the two books; all empty is as it must be."""

    lost: tuple[Transaction, ...] = ()
    """Performed, but not booked."""
    unfinished: tuple[Transaction, ...] = ()
    """Ended at the charger, still running in the books."""
    doubled: tuple[Transaction, ...] = ()
    """Booked again."""
    altered: tuple[Transaction, ...] = ()
    """Booked with another token, end or meter value than performed."""
    invented: tuple[Transaction, ...] = ()
    """Booked, but never performed."""

    @property
    def is_clean(self) -> bool:
        """Whether both books agree."""
        return not (self.lost or self.unfinished or self.doubled or self.altered or self.invented)


def audit(
    performed: Iterable[Transaction],
    booked: Iterable[Transaction],
    *,
    identities: Mapping[str, str] | None = None,
) -> Audit:
    """Compares what chargers performed with what a CSMS booked.

    `identities` names the CSMS's word for each station that has another one there.
    """
    names = identities or {}
    truth = {(names.get(t.station, t.station), *t.key[1:]): t for t in performed}
    entries = list(booked)
    books = {t.key: t for t in entries}
    repeats = Counter(t.key for t in entries)
    both = [(truth[key], books[key]) for key in truth.keys() & books.keys()]
    return Audit(
        lost=tuple(t for key, t in truth.items() if key not in books),
        unfinished=tuple(mine for mine, theirs in both if mine.ended_ms and theirs.ended_ms is None),
        doubled=tuple(books[key] for key, count in repeats.items() if count > 1),
        altered=tuple(theirs for mine, theirs in both if theirs.ended_ms and mine.content != theirs.content),
        invented=tuple(t for key, t in books.items() if key not in truth),
    )
