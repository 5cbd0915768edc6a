"""Tariffs, records of sessions and reports: what the billing office keeps and what it makes of it."""

import asyncio
import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from edge.core.errors import ConfigError
from edge.reports.cdr import table
from edge.reports.monthly import Month, month_of, span_of_month
from edge.reports.pdf import pdf
from edge.site import arguments as may
from edge.site.billing.office import MOST, Office, encoder
from edge.site.billing.operator import read_operator
from edge.site.billing.payers import EVERYBODY, FREE
from edge.site.billing.roaming import RoamingToken
from edge.site.billing.tariff import Tariff, read_tariff
from edge.site.durable import Archive, JournalBrokenError, JournalFullError, TooManyError
from edge.site.ports import Clock, SiteDoors
from edge.site.uptime import Uptime
from edge.web import guard
from edge.web.bodies import asked_number, asked_word, large, read
from edge.web.problems import ProblemError
from edge.web.reading import answer

GROUP_WORDS = f'a group of cards, or "{EVERYBODY}" for everybody else'
CSV, PDF = "text/csv", "application/pdf"


class PayerOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which tariff a group pays."""

    tariff: (
        Annotated[
            str,
            Meta(max_length=36, description='a tariff\'s id, or "" for nothing to pay; null: as all others'),
        ]
        | None
    )


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Who pays by what; `tariff` "": nothing."""

    group: str
    tariff: str


class RoamingOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens of other providers, as OCPI 2.2.1 writes them."""

    tokens: Annotated[tuple[RoamingToken, ...], Meta(max_length=10_000, description="tokens, at most 10000")]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """How many tokens of other providers are known now."""

    taken: int
    known: int


class SumRow(msgspec.Struct, frozen=True, kw_only=True):
    """What came together; `cost` in words, before tax. `use_permille`: of the time of its bays.

    `available_permille`: of the time that this box watched it; `faults`, `link_losses`: how often they began.
    """

    name: str
    sessions: int
    energy_wh: int
    occupied_ms: int
    charging_ms: int
    cost: str
    use_permille: int | None = None
    available_permille: int | None = None
    faults: int | None = None
    link_losses: int | None = None


class MonthReport(msgspec.Struct, frozen=True, kw_only=True):
    """A month at this place."""

    title: str
    begin_ms: int
    end_ms: int
    total: SumRow
    by_group: tuple[SumRow, ...]
    by_charger: tuple[SumRow, ...]
    by_day: tuple[SumRow, ...]
    doubtful: int


class Billing:
    """Answers and orders."""

    def __init__(self, doors: SiteDoors, archive: Archive, office: Office, clock: Clock) -> None:
        self._doors = doors
        self._archive = archive
        self._office = office
        self._clock = clock
        self._is_busy = False

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked for and changed."""
        return [
            web.get("/api/operator", self._operator),
            web.put("/api/operator", self._put_operator),
            web.get("/api/tariffs", self._tariffs),
            web.put("/api/tariffs", self._put_tariff),
            web.get("/api/payers", self._payers),
            web.put("/api/payers/{group}", self._put_payer),
            web.get("/api/roaming", self._roaming),
            web.post("/api/roaming", self._import),
            web.get("/api/cdrs", self._cdrs),
            web.get("/api/cdrs/{id}", self._cdr),
            web.get("/api/reconciliation", self._reconciliation),
            web.get("/api/reports/{month}", self._report),
        ]

    async def _operator(self, _: web.Request) -> web.Response:
        return _json(self._office.operator)

    async def _put_operator(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        operator = _checked(read_operator, await request.read())
        await _stored(self._office.put_operator(operator))
        return _json(operator)

    async def _tariffs(self, _: web.Request) -> web.Response:
        return _json(self._office.tariffs())

    async def _put_tariff(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        tariff: Tariff = _checked(read_tariff, await request.read())
        await _stored(self._office.put_tariff(tariff))
        return _json(tariff)

    async def _payers(self, _: web.Request) -> web.Response:
        payers = self._office.payers()
        return answer([Payer(group=group, tariff=payers[group]) for group in sorted(payers)])

    async def _put_payer(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        group = request.match_info["group"]
        order = read(await request.read(), PayerOrder)
        await _stored(self._office.assign(group, order.tariff))
        return answer(Payer(group=group, tariff=self._office.payers().get(group, FREE)))

    async def _roaming(self, request: web.Request) -> web.Response:
        """Whoever may read them can charge with them."""
        guard.require_socket(request)
        return _json(self._office.roaming_tokens())

    async def _import(self, request: web.Request) -> web.Response:
        guard.require_from_here(request)
        tokens = read(await large(request), RoamingOrder).tokens
        await _stored(self._office.put_roaming(tokens))
        return answer(Imported(taken=len(tokens), known=len(self._office.roaming_tokens())))

    async def _cdrs(self, request: web.Request) -> web.Response:
        """Sessions that ended in a time; cards stand in them in full."""
        guard.require_socket(request)
        since_ms, until_ms = self._asked_time(request)
        with self._turn():
            if asked_word(request, "format", ("json", "csv")) == "csv":
                accounts = await _stored(self._office.accounts(since_ms, until_ms))
                body = await asyncio.to_thread(lambda: table(accounts).encode())
                return _file(body, CSV, "sessions.csv")
            records = await _stored(self._office.cdrs(since_ms, until_ms))
        return web.Response(body=b"[" + b",\n".join(records) + b"]", content_type="application/json")

    async def _cdr(self, request: web.Request) -> web.Response:
        guard.require_socket(request)
        text = request.match_info["id"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
        session = None if number is None else await self._archive.session(number)
        if session is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no transaction {text[:20]}")
        if session.ended_ms is None:
            raise ProblemError(HTTPStatus.CONFLICT, f"transaction {session.transaction_id} still runs")
        with self._turn():
            record = await _stored(self._office.cdr(session))
        return web.Response(body=record, content_type="application/json")

    async def _reconciliation(self, request: web.Request) -> web.Response:
        """Sums and gaps; no card is named in it."""
        since_ms, until_ms = self._asked_time(request)
        with self._turn():
            return answer(await _stored(self._office.reconciliation(since_ms, until_ms)))

    def _asked_time(self, request: web.Request) -> tuple[int, int]:
        since_ms = asked_number(request, "since_ms", low=0, high=may.LAST_MS)
        until_ms = asked_number(request, "until_ms", low=0, high=may.LAST_MS)
        return since_ms or 0, self._clock.now_ms() + 1 if until_ms is None else until_ms

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time: each goes through everything that a month has left, and anybody may ask."""
        if self._is_busy:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "another report is being made",
                "ask again in a moment: they are made one at a time",
            )
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    async def _report(self, request: web.Request) -> web.Response:
        """A month; no card is named in it, so whoever sees the page may read it."""
        try:
            begin_ms, end_ms = span_of_month(request.match_info["month"], self._office.zone)
        except ValueError:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"{request.match_info['month'][:20]} is no month", "like 2026-11"
            ) from None
        form = asked_word(request, "format", ("json", "csv", "pdf"))
        name = f"report-{request.match_info['month']}"
        with self._turn():
            month = await self._month(begin_ms, end_ms)
            if form == "csv":
                return _file(month.table().encode(), CSV, f"{name}.csv")
            if form == "pdf":
                page = await asyncio.to_thread(pdf, month, operator=self._office.operator.name)
                return _file(page, PDF, f"{name}.pdf")
        return answer(_shown(month))

    async def _month(self, begin_ms: int, end_ms: int) -> Month:
        status = self._doors.status()
        bays: dict[str, int] = {}
        for evse in status.evses:
            bays[evse.charger] = bays.get(evse.charger, 0) + 1
        now_ms = self._clock.now_ms()
        peaks = {
            circuit.name: circuit.demand.peak_w
            for circuit in status.circuits
            if circuit.demand is not None and begin_ms <= now_ms < end_ms
        }
        return await asyncio.to_thread(
            month_of,
            await _stored(self._office.accounts(begin_ms, end_ms)),
            site=status.site,
            begin_ms=begin_ms,
            end_ms=max(begin_ms + 1, min(end_ms, now_ms)),
            zone=self._office.zone,
            bays=bays,
            peaks_w=peaks,
            uptimes=self._doors.uptimes(begin_ms, end_ms),
        )


def _shown(month: Month) -> MonthReport:
    return MonthReport(
        title=month.title,
        begin_ms=month.begin_ms,
        end_ms=month.end_ms,
        total=_row("all", month.total, uptime=month.uptime()),
        by_group=tuple(_row(name, total) for name, total in month.by_group.items()),
        by_charger=tuple(
            _row(name, total, month.use_permille(name), month.uptimes.get(name))
            for name, total in month.by_charger.items()
        ),
        by_day=tuple(_row(day.isoformat(), total) for day, total in month.by_day.items()),
        doubtful=month.doubtful,
    )


def _row(
    name: str,
    total: Any,  # noqa: ANN401  a Sum
    use_permille: int | None = None,
    uptime: Uptime | None = None,
) -> SumRow:
    return SumRow(
        name=name,
        sessions=total.sessions,
        energy_wh=total.energy_wh,
        occupied_ms=total.occupied_ms,
        charging_ms=total.charging_ms,
        cost=total.money,
        use_permille=use_permille,
        available_permille=None if uptime is None else uptime.permille,
        faults=None if uptime is None else uptime.faults,
        link_losses=None if uptime is None else uptime.losses,
    )


def _json(value: object) -> web.Response:
    """Money as a number, as OCPI has it."""
    return web.Response(body=encoder.encode(value), content_type="application/json", charset="utf-8")


def _file(body: bytes, kind: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, headers=headers)


def _checked(reader: Any, body: bytes) -> Any:  # noqa: ANN401  a reader and what it reads
    try:
        return reader(body)
    except ConfigError as wrong:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(wrong)) from None


async def _stored(storing: Any) -> Any:  # noqa: ANN401  what the office answers
    """Raises the problem that keeps it from being stored."""
    try:
        return await storing
    except ConfigError as wrong:
        raise ProblemError(HTTPStatus.CONFLICT, str(wrong)) from None
    except TooManyError as wrong:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"these are {wrong}", f"at most {MOST} at once: ask for a shorter time"
        ) from None
    except (JournalFullError, JournalBrokenError) as wrong:
        raise ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, f"cannot be stored: {wrong}") from None
