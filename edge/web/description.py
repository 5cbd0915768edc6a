"""What every route of the server answers, takes and refuses, in the types that its handler uses.

A route that is added gets its row here; a test finds what is missing, and what is gone.
"""

from dataclasses import dataclass
from typing import Any

from edge.site.arguments import LAST_MS
from edge.site.billing.operator import Operator
from edge.site.billing.reconciliation import Reconciliation
from edge.site.billing.roaming import RoamingToken
from edge.site.billing.tariff import Tariff
from edge.site.commands import Done, Started
from edge.site.grid_command import GridCommand
from edge.site.status import JobStatus, Status, UplinkStatus
from edge.site.upkeep import Found, JournalState, ParkedRow
from edge.web.adopting import Adopted, AdoptOrder, Undone, Waiting
from edge.web.billing import Imported, MonthReport, Payer, PayerOrder, RoamingOrder
from edge.web.commands import ChargerRow
from edge.web.history import Point
from edge.web.journal import MOST_FOUND, MOST_ID, MOST_SEQ, Restoring, Retried, RetryOrder, Verified
from edge.web.orders import LimitOrder, NeedOrder
from edge.web.passports import Shown, TestOrder
from edge.web.reading import MOST_SESSIONS, About, OneEvse, SessionRow
from edge.web.tokens import TokenOrder, TokenRow
from edge.web.transactions import ReservationOrder, ReservationRow, StoryRow, TransactionRow

JSON = "application/json"
COMMANDS = "AnyCommand"  # the body that is one of all commands

# What everybody may be told: a name that is not ours, and whatever else goes wrong before a handler
HERE, BODY = (403,), (400, 413, 415, 422)
CARRIED_OUT = (404, 409, 422, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parameter behind the question mark."""

    name: str
    words: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One route. `answers`: by status a type, or None where the content is no JSON; `problems`: statuses.

    `media`: of the answers; an event stream carries the type in each event's data.
    """

    summary: str
    answers: dict[int, Any]
    problems: tuple[int, ...] = ()
    body: Any = None
    query: tuple[Query, ...] = ()
    media: str = JSON


LIMIT = Query(
    name="limit",
    words="how many at most",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_SESSIONS, "default": 50},
)
TRANSACTION_QUERY = (
    Query(
        name="running", words="true: only those that run; false: those that ended", schema={"type": "boolean"}
    ),
    Query(name="charger", words="only those of this charger", schema={"type": "string"}),
    Query(
        name="since_ms",
        words="only those that began then or later: ms since 1970, UTC",
        schema={"type": "integer", "minimum": 0, "maximum": LAST_MS},
    ),
    LIMIT,
)

BETWEEN = tuple(
    Query(name=name, words=words, schema={"type": "integer", "minimum": 0, "maximum": LAST_MS})
    for name, words in (
        ("since_ms", "from then on: ms since 1970, UTC"),
        ("until_ms", "before then; left out: until now"),
    )
)

JOURNAL_QUERY = (
    Query(name="charger", words="only those of this charger", schema={"type": "string"}),
    Query(name="kind", words="only those of this kind", schema={"type": "string"}),
    Query(
        name="transaction",
        words="only those of this transaction",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_ID},
    ),
    *BETWEEN,
    Query(
        name="before",
        words="only older ones than this event",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_SEQ},
    ),
    Query(
        name="limit",
        words="how many at most",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_FOUND, "default": 50},
    ),
)


def _format(*forms: str) -> Query:
    return Query(name="format", words="in which form", schema={"type": "string", "enum": list(forms)})


ROUTES: dict[tuple[str, str], Told] = {
    ("GET", "/"): Told(summary="The page", answers={200: None, 304: None}, media="text/html"),
    ("GET", "/static/{name}"): Told(
        summary="A part of the page", answers={200: None, 304: None}, problems=(404,), media="*/*"
    ),
    ("GET", "/api/openapi.json"): Told(summary="This document", answers={200: dict[str, Any]}),
    ("GET", "/metrics"): Told(summary="The lot for Prometheus", answers={200: None}, media="text/plain"),
    ("GET", "/api/about"): Told(summary="What the page must know before it begins", answers={200: About}),
    ("GET", "/api/status"): Told(summary="The whole site at this moment", answers={200: Status}),
    ("GET", "/api/events"): Told(
        summary="The status as server-sent events, again whenever it changed",
        answers={200: Status},
        problems=(503,),
        media="text/event-stream",
    ),
    ("GET", "/api/uplinks"): Told(
        summary="Every cloud, and how each charger fares there", answers={200: list[UplinkStatus]}
    ),
    ("GET", "/api/evses/{id}"): Told(
        summary="One bay, and why it is offered what it is offered", answers={200: OneEvse}, problems=(404,)
    ),
    ("GET", "/api/history"): Told(
        summary="The last hour at the root of the site", answers={200: list[Point]}
    ),
    ("GET", "/api/sessions"): Told(
        summary="The latest sessions as the page shows them",
        answers={200: list[SessionRow]},
        problems=(400,),
        query=(LIMIT,),
    ),
    ("POST", "/api/limit"): Told(
        summary="Set or withdraw a limit",
        body=LimitOrder,
        answers={200: LimitOrder},
        problems=(*HERE, *BODY),
    ),
    ("GET", "/api/strangers"): Told(
        summary="New chargers that wait for a place, and where places are", answers={200: Waiting}
    ),
    ("POST", "/api/adopt"): Told(
        summary="Give a new charger its place, proven first; the controller starts anew",
        body=AdoptOrder,
        answers={200: Adopted},
        problems=(*HERE, *BODY, 404, 409),
    ),
    ("POST", "/api/adopt/undo"): Told(
        summary="Take the last adoption back; the controller starts anew",
        answers={200: Undone},
        problems=(*HERE, 409, 415),
    ),
    ("POST", "/api/needs/{id}"): Told(
        summary="Say what the session at a bay needs",
        body=NeedOrder,
        answers={200: NeedOrder},
        problems=(*HERE, *BODY, 404, 409),
    ),
    ("GET", "/api/chargers"): Told(
        summary="Every charger, its model, link and sockets", answers={200: list[ChargerRow]}
    ),
    ("GET", "/api/chargers/{name}"): Told(summary="One charger", answers={200: ChargerRow}, problems=(404,)),
    ("POST", "/api/chargers/{name}/commands"): Told(
        summary="Have a charger do something",
        body=COMMANDS,
        answers={200: Done, 202: Started},
        problems=(*HERE, *BODY, *CARRIED_OUT),
    ),
    ("GET", "/api/chargers/{name}/passport"): Told(
        summary="What a charger has shown that it can do", answers={200: Shown}, problems=(404,)
    ),
    ("POST", "/api/chargers/{name}/passport/probe"): Told(
        summary="Ask a charger anew what it can",
        answers={200: Done},
        problems=(*HERE, *BODY, *CARRIED_OUT),
    ),
    ("POST", "/api/chargers/{name}/passport/self-test"): Told(
        summary="Test its dead man with a car; the passport tells how it goes",
        body=TestOrder,
        answers={200: Started},
        problems=(*HERE, *BODY, *CARRIED_OUT),
    ),
    ("POST", "/api/chargers/{name}/passport/self-test/abort"): Told(
        summary="End the test; its limits are renewed",
        answers={200: Done},
        problems=(*HERE, *BODY, *CARRIED_OUT),
    ),
    ("GET", "/api/jobs"): Told(
        summary="How far firmware updates and logs are that were begun", answers={200: list[JobStatus]}
    ),
    ("GET", "/api/tokens"): Told(summary="Every card that is known", answers={200: list[TokenRow]}),
    ("GET", "/api/tokens/{id}"): Told(summary="One card", answers={200: TokenRow}, problems=(*HERE, 404)),
    ("PUT", "/api/tokens/{id}"): Told(
        summary="Make a card known, or say anew what it is; it counts at once",
        body=TokenOrder,
        answers={200: TokenRow, 201: TokenRow},
        problems=(*HERE, *BODY, 507),
    ),
    ("DELETE", "/api/tokens/{id}"): Told(
        summary="Forget a stored card; the list's row of it counts again",
        answers={200: TokenRow},
        problems=(*HERE, 404, 409, 507),
    ),
    ("GET", "/api/transactions"): Told(
        summary="The latest transactions, newest first",
        answers={200: list[TransactionRow]},
        problems=(400,),
        query=TRANSACTION_QUERY,
    ),
    ("GET", "/api/transactions/{id}"): Told(
        summary="One transaction", answers={200: TransactionRow}, problems=(404,)
    ),
    ("GET", "/api/transactions/{id}/story"): Told(
        summary="Its start, samples, suspensions and end, in the order in which they came",
        answers={200: list[StoryRow]},
        problems=(404,),
    ),
    ("POST", "/api/transactions/{id}/stop"): Told(
        summary="Have its charger end a transaction",
        answers={200: Done},
        problems=(*HERE, 415, *CARRIED_OUT),
    ),
    ("GET", "/api/reservations"): Told(summary="Reservations that hold", answers={200: list[ReservationRow]}),
    ("POST", "/api/reservations"): Told(
        summary="Keep a socket, or any of a charger, for a card",
        body=ReservationOrder,
        answers={200: Done},
        problems=(*HERE, *BODY, *CARRIED_OUT),
    ),
    ("DELETE", "/api/reservations/{charger}/{id}"): Told(
        summary="Take a reservation back", answers={200: Done}, problems=(*HERE, *CARRIED_OUT)
    ),
    ("GET", "/api/grid"): Told(
        summary="The grid operator's commands, with what was drawn before and after each",
        answers={200: list[GridCommand]},
        problems=(400,),
        query=(*BETWEEN, _format("json", "csv")),
    ),
    ("GET", "/api/operator"): Told(summary="Who runs the lot and where", answers={200: Operator}),
    ("PUT", "/api/operator"): Told(
        summary="Say who runs the lot; it stands in records that are made from now on",
        body=Operator,
        answers={200: Operator},
        problems=(*HERE, *BODY, 507),
    ),
    ("GET", "/api/tariffs"): Told(
        summary="The newest version of every tariff, as OCPI 2.2.1 has it", answers={200: list[Tariff]}
    ),
    ("PUT", "/api/tariffs"): Told(
        summary="A new tariff, or a newer version of one",
        body=Tariff,
        answers={200: Tariff},
        problems=(*HERE, *BODY, 409, 507),
    ),
    ("GET", "/api/payers"): Told(summary="Who pays by which tariff", answers={200: list[Payer]}),
    ("PUT", "/api/payers/{group}"): Told(
        summary="By which tariff a group of cards pays, or * for everybody else",
        body=PayerOrder,
        answers={200: Payer},
        problems=(*HERE, *BODY, 409, 507),
    ),
    ("GET", "/api/roaming"): Told(
        summary="Cards of other providers, as OCPI 2.2.1 has them",
        answers={200: list[RoamingToken]},
        problems=HERE,
    ),
    ("POST", "/api/roaming"): Told(
        summary="Make cards of other providers known",
        body=RoamingOrder,
        answers={200: Imported},
        problems=(*HERE, *BODY, 507),
    ),
    ("GET", "/api/cdrs"): Told(
        summary="Charge detail records (OCPI 2.2.1) of the sessions that ended in a time; or CSV",
        answers={200: list[dict[str, Any]]},
        problems=(*HERE, 400, 409, 503, 507),
        query=(*BETWEEN, _format("json", "csv")),
    ),
    ("GET", "/api/cdrs/{id}"): Told(
        summary="The charge detail record of one transaction",
        answers={200: dict[str, Any]},
        problems=(*HERE, 404, 409, 503, 507),
    ),
    ("GET", "/api/reconciliation"): Told(
        summary="Whether every Wh was booked once: registers, sessions, records, confirmations",
        answers={200: Reconciliation},
        problems=(400, 503, 507),
        query=BETWEEN,
    ),
    ("GET", "/api/reports/{month}"): Told(
        summary="A month like 2026-11: energy, sessions, cost, use of bays; also as CSV and PDF",
        answers={200: MonthReport},
        problems=(400, 404, 503, 507),
        query=(_format("json", "csv", "pdf"),),
    ),
    ("GET", "/api/journal"): Told(
        summary="The journal: how large, how full, what waits for each CSMS",
        answers={200: JournalState},
        problems=(503,),
    ),
    ("GET", "/api/journal/events"): Told(
        summary="What the journal has stored, newest first",
        answers={200: list[Found]},
        problems=(*HERE, 400, 503),
        query=JOURNAL_QUERY,
    ),
    ("GET", "/api/journal/parked"): Told(
        summary="What a CSMS refused again and again, and what hangs on it",
        answers={200: list[ParkedRow]},
        problems=(*HERE, 503),
    ),
    ("POST", "/api/journal/retry"): Told(
        summary="Let what is parked wait again, in its old order",
        body=RetryOrder,
        answers={200: Retried},
        problems=(*HERE, *BODY, 404, 507),
    ),
    ("POST", "/api/journal/verify"): Told(
        summary="Read all of the journal, and tell what is wrong",
        answers={200: Verified},
        problems=(*HERE, 415, 503),
    ),
    ("GET", "/api/journal/backup"): Told(
        summary="A whole copy of the journal as of one moment",
        answers={200: None},
        problems=(*HERE, 503, 507),
        media="application/vnd.sqlite3",
    ),
    ("POST", "/api/journal/restore"): Told(
        summary="Have a copy (application/vnd.sqlite3) take the journal's place; the controller starts anew",
        answers={200: Restoring},
        problems=(*HERE, 409, 415, 503),
        query=(Query(name="force", words="also while transactions run", schema={"type": "boolean"}),),
    ),
    ("GET", "/rehearsal/{tail}"): Told(
        summary="Ask the simulated lot, in a rehearsal only", answers={200: Any}, problems=(502,)
    ),
    ("POST", "/rehearsal/{tail}"): Told(
        summary="Change the simulated lot, in a rehearsal only", answers={200: Any}, problems=(415, 502)
    ),
}
