"""Charge detail records: OCPI 2.2.1 CDR objects (mod_cdrs) as JSON, and one row a session as CSV."""

import base64
import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from edge.site.billing.account import Account
from edge.site.billing.operator import Operator
from edge.site.billing.rating import FOUR, HOUR_MS, Period, rounded
from edge.site.billing.roaming import RoamingToken
from edge.site.billing.tariff import Price

CENT = Decimal("0.01")
WATT_HOUR = Decimal("0.001")
SIGNED_NATURES = {"begin": "Start", "end": "End"}
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one
HEAD = (
    "transaction",
    "charger",
    "evse",
    "token",
    "contract",
    "group",
    "started",
    "ended",
    "energy_kwh",
    "charging_h",
    "parked_h",
    "tariff",
    "currency",
    "energy_cost",
    "time_cost",
    "parking_cost",
    "fixed_cost",
    "total_excl_vat",
    "total_incl_vat",
    "stopped_by",
    "doubts",
)
_encoder = msgspec.json.Encoder(decimal_format="number")


def cdr(
    account: Account,
    operator: Operator,
    *,
    phases: int,
    roaming: RoamingToken | None,
    made_ms: int,
) -> bytes:
    """The CDR of a session as JSON, one line. `phases` of its EVSE; `roaming`: whose card, if another's."""
    session, bill = account.session, account.bill
    total = Price(excl_vat=Decimal(0)) if bill is None else bill.total()
    record: dict[str, Any] = {
        "country_code": operator.country_code,
        "party_id": operator.party_id,
        "id": f"{operator.location.id[:20]}-{session.transaction_id}",
        "start_date_time": _time(session.started_ms),
        "end_date_time": _time(session.ended_ms or session.started_ms),
        "session_id": str(session.transaction_id),
        "cdr_token": _token(session.token, operator, roaming),
        "auth_method": "WHITELIST",
        "cdr_location": _location(account, operator, phases),
        "currency": operator.currency if bill is None else bill.currency,
        "tariffs": [] if account.tariff is None else [account.tariff],
        "charging_periods": _periods(account),
        "signed_data": _signed(account),
        "total_cost": total,
        "total_fixed_cost": None if bill is None else bill.of("fixed"),
        "total_energy": _kwh(Fraction(account.energy_wh)),
        "total_energy_cost": None if bill is None else bill.of("energy"),
        "total_time": _hours(sum(end - begin for begin, end, _ in _spans(account))),
        "total_time_cost": None if bill is None else bill.of("time"),
        "total_parking_time": _hours(_lasting(account, "parked", "held")),
        "total_parking_cost": None if bill is None else bill.of("parking"),
        "total_reservation_cost": None if bill is None else bill.of("reservation"),
        "remark": "; ".join(account.course.doubts)[:255] or None,
        "last_updated": _time(made_ms),
    }
    return _encoder.encode({name: value for name, value in record.items() if value is not None})


def table(accounts: Iterable[Account]) -> str:
    """One row a session, money as on a bill. No cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    for account in accounts:
        writer.writerow([cell(value) for value in _row(account)])
    return text.getvalue()


def _row(account: Account) -> tuple[object, ...]:
    session, bill = account.session, account.bill
    total = None if bill is None else bill.total()
    parts = [None if bill is None else bill.of(part) for part in ("energy", "time", "parking", "fixed")]
    return (
        session.transaction_id,
        session.charger,
        session.evse,
        session.token,
        account.contract,
        account.group or "",
        _time(session.started_ms),
        _time(session.ended_ms or session.started_ms),
        _kwh(Fraction(account.energy_wh)),
        _hours(_lasting(account, "charging")),
        _hours(_lasting(account, "parked")),
        "" if account.tariff is None else account.tariff.id,
        "" if bill is None else bill.currency,
        *["" if part is None else part.excl_vat for part in parts],
        "" if bill is None else rounded(bill.cost, CENT),
        "" if total is None or total.incl_vat is None or bill is None else rounded(bill.taxed, CENT),
        session.reason or "",
        "; ".join(account.course.doubts),
    )


def cell(value: object) -> object:
    """Text that a spreadsheet would run is shown as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def _token(token: str, operator: Operator, roaming: RoamingToken | None) -> dict[str, str]:
    if roaming is not None:
        return {
            "country_code": roaming.country_code,
            "party_id": roaming.party_id,
            "uid": roaming.uid,
            "type": roaming.type,
            "contract_id": roaming.contract_id,
        }
    return {
        "country_code": operator.country_code,
        "party_id": operator.party_id,
        "uid": token,
        "type": "RFID",
        "contract_id": token,
    }


def _location(account: Account, operator: Operator, phases: int) -> dict[str, Any]:
    place, session = operator.location, account.session
    where = {
        "id": place.id,
        "name": place.name,
        "address": place.address,
        "city": place.city,
        "postal_code": place.postal_code,
        "country": place.country,
        "coordinates": {"latitude": place.latitude, "longitude": place.longitude},
        "evse_uid": f"{session.charger}-{session.evse}"[:36],
        "evse_id": f"{operator.country_code}*{operator.party_id}*E{session.charger}*{session.evse}"[:48],
        "connector_id": "1",
        "connector_standard": operator.connector_standard,
        "connector_format": operator.connector_format,
        "connector_power_type": "AC_1_PHASE" if phases == 1 else "AC_3_PHASE",
    }
    return {name: value for name, value in where.items() if value is not None}


def _periods(account: Account) -> list[dict[str, Any]]:
    tariff = {} if account.tariff is None else {"tariff_id": account.tariff.id}
    if account.bill is not None and account.bill.periods:
        periods = account.bill.periods
    else:
        periods = (_whole(account),)
    return [
        {"start_date_time": _time(period.begin_ms), "dimensions": _dimensions(period), **tariff}
        for period in periods
    ]


def _dimensions(period: Period) -> list[dict[str, Any]]:
    told = (
        ("ENERGY", _kwh(period.energy_wh), bool(period.energy_wh)),
        ("TIME", _hours(period.charging_ms), bool(period.charging_ms)),
        ("PARKING_TIME", _hours(period.parking_ms), bool(period.parking_ms)),
        ("RESERVATION_TIME", _hours(period.reserved_ms), bool(period.reserved_ms)),
    )
    said = [{"type": kind, "volume": volume} for kind, volume, is_there in told if is_there]
    return said or [{"type": "ENERGY", "volume": Decimal(0)}]


def _whole(account: Account) -> Period:
    """A session that nobody is billed for is one period."""
    session = account.session
    return Period(
        begin_ms=session.started_ms,
        end_ms=session.ended_ms or session.started_ms,
        energy_wh=Fraction(account.energy_wh),
        charging_ms=_lasting(account, "charging"),
        parking_ms=_lasting(account, "parked", "held"),
        reserved_ms=0,
    )


def _signed(account: Account) -> dict[str, Any] | None:
    """Signed values as they came, in the order in which they came."""
    if not account.signed:
        return None
    is_ocmf = all(each.data.startswith("OCMF|") for each in account.signed)
    return {
        "encoding_method": "OCMF" if is_ocmf else "as sent by the charger",
        "signed_values": [
            {
                "nature": SIGNED_NATURES.get(each.context, "Intermediate"),
                "plain_data": each.data,
                "signed_data": base64.b64encode(each.data.encode()).decode(),
            }
            for each in account.signed
        ],
    }


def _spans(account: Account) -> list[tuple[int, int, str]]:
    return [(each.begin_ms, each.end_ms, each.kind) for each in account.course.stretches]


def _lasting(account: Account, *kinds: str) -> int:
    return sum(end_ms - begin_ms for begin_ms, end_ms, kind in _spans(account) if kind in kinds)


def _hours(span_ms: int) -> Decimal:
    return rounded(Fraction(span_ms, HOUR_MS), FOUR)


def _kwh(energy_wh: Fraction) -> Decimal:
    return rounded(energy_wh / 1000, WATT_HOUR)


def _time(at_ms: int) -> str:
    """As OCPI writes times: UTC, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
