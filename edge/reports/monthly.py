"""What a month was like: energy, sessions, money and the use of bays, by group, charger and day."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from edge.reports.cdr import CENT, cell
from edge.site.billing.account import Account
from edge.site.billing.pieces import local
from edge.site.billing.rating import rounded
from edge.site.uptime import Uptime

HOUR_MS = 3_600_000
NOBODY = "no group"


@dataclass(slots=True)
class Sum:
    """What came together. Times in ms; `cost` by currency, before tax."""

    sessions: int = 0
    energy_wh: int = 0
    occupied_ms: int = 0
    charging_ms: int = 0
    cost: dict[str, Fraction] = field(default_factory=dict)

    def add(self, account: Account, *, occupied_ms: int) -> None:
        """One session more, of which so much fell into the time that is reported."""
        self.sessions += 1
        self.energy_wh += account.energy_wh
        self.occupied_ms += occupied_ms
        self.charging_ms += sum(
            each.end_ms - each.begin_ms for each in account.course.stretches if each.kind == "charging"
        )
        if account.bill is not None:
            self.cost[account.bill.currency] = (
                self.cost.get(account.bill.currency, Fraction(0)) + account.bill.cost
            )

    @property
    def money(self) -> str:
        """Its cost in words, one amount a currency."""
        return ", ".join(f"{rounded(cost, CENT)} {currency}" for currency, cost in sorted(self.cost.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The report of some time at one place. `bays`: EVSEs, `uptimes`: what was seen of them, by charger."""

    site: str
    begin_ms: int
    end_ms: int
    zone: ZoneInfo
    total: Sum
    by_group: Mapping[str, Sum]
    by_charger: Mapping[str, Sum]
    by_day: Mapping[date, Sum]
    bays: Mapping[str, int]
    doubtful: int
    peaks_w: Mapping[str, int]
    uptimes: Mapping[str, Uptime]

    @property
    def span_ms(self) -> int:
        """How long it is."""
        return self.end_ms - self.begin_ms

    @property
    def title(self) -> str:
        """The place and the time in words."""
        first = local(self.begin_ms, self.zone)
        last = local(self.end_ms - 1, self.zone)
        if first.day == 1 and (first.year, first.month) == (last.year, last.month):
            return f"{self.site}, {first:%B %Y}"
        return f"{self.site}, {first:%Y-%m-%d} to {last:%Y-%m-%d}"

    def use_permille(self, charger: str) -> int:
        """Of all the time that its bays were there, how much a session had one of them."""
        there_ms = self.bays.get(charger, 0) * self.span_ms
        return self.by_charger[charger].occupied_ms * 1000 // there_ms if there_ms else 0

    def table(self) -> str:
        """Everything as CSV: a row for the whole, then for each group, charger and day."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(
            [
                "of",
                "name",
                "sessions",
                "energy_kwh",
                "occupied_h",
                "charging_h",
                "use_percent",
                "cost",
                "available_percent",
                "faults",
                "link_losses",
            ]
        )
        writer.writerow(_row("all", self.title, self.total, self._use(), self.uptime()))
        for group, total in self.by_group.items():
            writer.writerow(_row("group", group, total, ""))
        for charger, total in self.by_charger.items():
            use = f"{self.use_permille(charger) / 10:.1f}"
            writer.writerow(_row("charger", charger, total, use, self.uptimes.get(charger)))
        for day, total in self.by_day.items():
            writer.writerow(_row("day", day.isoformat(), total, ""))
        return text.getvalue()

    def uptime(self) -> Uptime:
        """Of all chargers together."""
        together = Uptime()
        for each in self.uptimes.values():
            together.add(each)
        return together

    def _use(self) -> str:
        there_ms = sum(self.bays.values()) * self.span_ms
        return f"{self.total.occupied_ms * 100 / there_ms:.1f}" if there_ms else ""


def _row(of: str, name: str, total: Sum, use: str, uptime: Uptime | None = None) -> list[object]:
    permille = None if uptime is None else uptime.permille
    return [
        of,
        cell(name),
        total.sessions,
        f"{total.energy_wh / 1000:.3f}",
        f"{total.occupied_ms / HOUR_MS:.2f}",
        f"{total.charging_ms / HOUR_MS:.2f}",
        use,
        total.money,
        "" if permille is None else f"{permille / 10:.1f}",
        "" if uptime is None else uptime.faults,
        "" if uptime is None else uptime.losses,
    ]


def month_of(
    accounts: Sequence[Account],
    *,
    site: str,
    begin_ms: int,
    end_ms: int,
    zone: ZoneInfo,
    bays: Mapping[str, int],
    peaks_w: Mapping[str, int],
    uptimes: Mapping[str, Uptime],
) -> Month:
    """The report of the sessions that ended in this time. A charger without a session has its row, too."""
    by_group: dict[str, Sum] = {}
    by_charger = {charger: Sum() for charger in sorted(bays)}
    by_day: dict[date, Sum] = {day: Sum() for day in _days(begin_ms, end_ms, zone)}
    total = Sum()
    for account in accounts:
        session = account.session
        ended_ms = session.started_ms if session.ended_ms is None else session.ended_ms
        occupied_ms = max(0, min(ended_ms, end_ms) - max(session.started_ms, begin_ms))
        day = local(ended_ms, zone).date()
        sums = (
            total,
            by_group.setdefault(account.group or NOBODY, Sum()),
            by_charger.setdefault(session.charger, Sum()),
            by_day.setdefault(day, Sum()),
        )
        for each in sums:
            each.add(account, occupied_ms=occupied_ms)
    return Month(
        site=site,
        begin_ms=begin_ms,
        end_ms=end_ms,
        zone=zone,
        total=total,
        by_group=dict(sorted(by_group.items())),
        by_charger=by_charger,
        by_day=dict(sorted(by_day.items())),
        bays=bays,
        doubtful=sum(bool(account.course.doubts) for account in accounts),
        peaks_w=peaks_w,
        uptimes=uptimes,
    )


def _days(begin_ms: int, end_ms: int, zone: ZoneInfo) -> Iterable[date]:
    first, last = local(begin_ms, zone).date(), local(max(begin_ms, end_ms - 1), zone).date()
    return (date.fromordinal(each) for each in range(first.toordinal(), last.toordinal() + 1))


def span_of_month(text: str, zone: ZoneInfo) -> tuple[int, int]:
    """The first and the last moment (not included) of a month like 2026-11, ms. Raises ValueError."""
    begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    following = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return round(begin.timestamp() * 1000), round(following.timestamp() * 1000)
