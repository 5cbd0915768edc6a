"""Records of sessions as others read them: OCPI 2.2.1 objects, and rows of a spreadsheet."""

import base64
import csv
import io
import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.core.energy_book import JUMPED
from edge.reports.cdr import cdr, table
from edge.reports.monthly import month_of, span_of_month
from edge.reports.pdf import pdf
from edge.site.billing.account import account_of
from edge.site.billing.operator import Location, Operator, OperatorError, read_operator
from edge.site.billing.roaming import RoamingError, read_tokens
from edge.site.billing.tariff import read_tariff
from edge.site.durable import Session
from edge.site.events import EvseStatusChanged, Sampled, SignedValue, TransactionEnded
from edge.site.uptime import Uptime

ZONE = ZoneInfo("Europe/Berlin")
BEGIN_MS = 1_772_442_000_000  # 2026-03-02T10:00:00+01:00
MINUTE_MS = 60_000
OCMF = 'OCMF|{"FV":"1.0","RD":[{"RV":4711.25}]}|{"SD":"30440220"}'
OPERATOR = Operator(
    country_code="DE",
    party_id="AMP",
    name="Riverside Parking",
    location=Location(
        id="RIVER",
        address="Uferweg 1",
        city="Berlin",
        country="DEU",
        latitude="52.52000",
        longitude="13.40500",
    ),
)
TARIFF = read_tariff(
    json.dumps(
        {
            "country_code": "DE",
            "party_id": "AMP",
            "id": "day",
            "currency": "EUR",
            "last_updated": "2026-01-01T00:00:00Z",
            "elements": [
                {
                    "price_components": [
                        {"type": "ENERGY", "price": 0.40, "step_size": 1, "vat": 19},
                        {"type": "PARKING_TIME", "price": 3.00, "step_size": 60, "vat": 19},
                    ]
                }
            ],
        }
    )
)
ROAMER = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "04A1B2C3D4",
    "type": "RFID",
    "contract_id": "NL-TNM-C12345678-X",
    "issuer": "TheNewMotion",
    "valid": True,
    "whitelist": "ALLOWED",
    "last_updated": "2026-01-01T00:00:00Z",
}


def event(kind, minute, **fields):
    return kind(
        charger="bay-1",
        evse=1,
        at_ms=BEGIN_MS + minute * MINUTE_MS,
        seen_ms=0,
        is_synchronised=True,
        **fields,
    )


def session(**changes):
    return Session(
        **{
            "transaction_id": 7,
            "charger": "bay-1",
            "evse": 1,
            "token": "04A1B2C3D4",
            "started_ms": BEGIN_MS,
            "meter_start_wh": 1_000,
            "ended_ms": BEGIN_MS + 90 * MINUTE_MS,
            "meter_stop_wh": 11_000,
            "reason": "local",
            "last_meter_wh": 11_000,
            **changes,
        }
    )


def account(*events, tariff=TARIFF, **changes):
    usual = (event(Sampled, 30, energy_wh=6_000), event(Sampled, 60, energy_wh=11_000))
    return account_of(session(**changes), events or usual, tariff, ZONE, group="fleet")


def record(an_account, roaming=None):
    return json.loads(
        cdr(an_account, OPERATOR, phases=3, roaming=roaming, made_ms=BEGIN_MS), parse_float=Decimal
    )


def test_a_record_says_what_was_charged_parked_and_paid():
    told = record(account())
    assert (told["total_energy"], told["total_time"], told["total_parking_time"]) == (
        Decimal("10.000"),
        Decimal("1.5000"),
        Decimal("0.5000"),
    )
    assert told["total_cost"] == {"excl_vat": Decimal("5.5000"), "incl_vat": Decimal("6.5450")}
    assert told["total_energy_cost"]["excl_vat"] == 4
    assert told["total_parking_cost"]["excl_vat"] == Decimal("1.5")
    assert told["start_date_time"] == "2026-03-02T09:00:00Z"
    assert told["cdr_location"]["evse_id"] == "DE*AMP*Ebay-1*1"
    assert told["tariffs"][0]["id"] == "day"
    assert "total_reservation_cost" not in told
    assert {each["type"] for period in told["charging_periods"] for each in period["dimensions"]} == {
        "ENERGY",
        "TIME",
        "PARKING_TIME",
    }


def test_a_roaming_card_stands_in_the_record_with_its_contract_and_provider():
    (token,) = read_tokens(json.dumps([ROAMER]), file="tokens.json")
    told = record(account(), token)["cdr_token"]
    assert told == {key: ROAMER[key] for key in ("country_code", "party_id", "uid", "type", "contract_id")}


def test_a_session_that_nobody_pays_for_has_a_record_too():
    told = record(account(tariff=None))
    assert (told["tariffs"], told["total_cost"], told["currency"]) == ([], {"excl_vat": 0}, "EUR")
    assert told["charging_periods"][0]["dimensions"][0] == {"type": "ENERGY", "volume": 10}


def test_what_the_meter_signed_comes_out_byte_for_byte():
    signed = SignedValue(data=OCMF, context="end", measurand="Energy.Active.Import.Register")
    end = event(
        TransactionEnded,
        90,
        transaction_id=7,
        meter_wh=11_000,
        samples=(event(Sampled, 90, signed=(signed,)),),
    )
    told = record(account(end))["signed_data"]
    (value,) = told["signed_values"]
    assert (told["encoding_method"], value["nature"], value["plain_data"]) == ("OCMF", "End", OCMF)
    assert base64.b64decode(value["signed_data"]).decode() == OCMF


def test_time_in_which_the_station_held_the_car_back_is_not_parking():
    held = account(
        event(Sampled, 30, energy_wh=11_000),
        event(EvseStatusChanged, 31, state="suspended-evse"),
        event(Sampled, 32, energy_wh=11_000),
        event(Sampled, 80, energy_wh=11_000),
    )
    kinds = [(each.kind, (each.end_ms - each.begin_ms) // MINUTE_MS) for each in held.course.stretches]
    assert kinds == [("charging", 30), ("parked", 2), ("held", 48), ("held", 10)]
    assert record(held)["total_parking_cost"]["excl_vat"] == Decimal("0.1")


def test_a_session_that_runs_has_no_account():
    with pytest.raises(ValueError, match="still runs"):
        account(ended_ms=None, meter_stop_wh=None)


def test_the_table_has_a_row_for_each_session_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(table([account(token="=HYPERLINK(1)"), account()]))))
    assert [row["token"] for row in rows] == ["'=HYPERLINK(1)", "04A1B2C3D4"]
    assert (rows[1]["energy_kwh"], rows[1]["total_excl_vat"], rows[1]["total_incl_vat"]) == (
        "10.000",
        "5.50",
        "6.55",
    )
    assert (rows[1]["charging_h"], rows[1]["parked_h"]) == ("1.0000", "0.5000")


def test_a_doubtful_reading_is_told_in_record_and_table():
    odd = account(event(Sampled, 30, energy_wh=900_000_000))
    assert "register stood at 900000000 Wh" in record(odd)["remark"]
    assert "900000000" in table([odd])


def test_a_register_that_leapt_is_billed_for_what_the_session_has():
    leapt = account(
        event(Sampled, 30, energy_wh=6_000),
        event(Sampled, 31, energy_wh=1_234_000),
        event(Sampled, 60, energy_wh=1_239_000),
        meter_stop_wh=1_239_000,
        last_meter_wh=1_239_000,
        energy_wh=10_000,
        flags=(JUMPED,),
    )
    assert record(leapt)["total_energy"] == 10
    assert "leapt by 1228000 Wh" in record(leapt)["remark"]
    assert [stretch.energy_wh for stretch in leapt.course.stretches] == [5_000, 0, 5_000, 0]


# -- the month ------------------------------------------------------------------------------------------


def month(*accounts, bays=None):
    begin_ms, end_ms = span_of_month("2026-03", ZONE)
    return month_of(
        accounts,
        site="Riverside",
        begin_ms=begin_ms,
        end_ms=end_ms,
        zone=ZONE,
        bays=bays or {"bay-1": 1, "bay-2": 2},
        peaks_w={"grid": 31_000},
        uptimes={"bay-1": Uptime(watched_ms=1_000_000, able_ms=990_000, faults=2, losses=1)},
    )


def test_a_month_adds_up_by_group_charger_and_day():
    report = month(account(), account(transaction_id=8, charger="bay-2"))
    assert (report.title, report.total.sessions, report.total.energy_wh) == (
        "Riverside, March 2026",
        2,
        20_000,
    )
    assert (report.total.money, list(report.by_group), list(report.by_charger)) == (
        "11.00 EUR",
        ["fleet"],
        ["bay-1", "bay-2"],
    )
    assert len(report.by_day) == 31
    assert sum(each.energy_wh for each in report.by_day.values()) == 20_000


def test_a_month_says_how_much_of_it_each_charger_could_be_used():
    rows = {row.split(",")[1]: row.split(",") for row in month(account()).table().splitlines()}
    assert rows["bay-1"][-3:] == ["99.0", "2", "1"]
    assert rows["bay-2"][-3:] == ["", "", ""], "nobody has watched it"


def test_use_counts_only_what_fell_into_the_month_and_all_bays_of_a_charger():
    begin_ms, end_ms = span_of_month("2026-03", ZONE)
    whole = account(started_ms=begin_ms - MINUTE_MS, ended_ms=end_ms - 1, charger="bay-2")
    assert month(whole).use_permille("bay-2") == 499  # one of two bays, all month


@pytest.mark.parametrize("name", ["2026-03", "2026-10", "2026-12", "2024-02"])
def test_months_end_where_the_next_begins(name):
    begin_ms, end_ms = span_of_month(name, ZONE)
    assert end_ms > begin_ms
    assert month_of(
        (), site="x", begin_ms=begin_ms, end_ms=end_ms, zone=ZONE, bays={}, peaks_w={}, uptimes={}
    ).title.startswith("x, ")


@pytest.mark.parametrize("name", ["2026-13", "26-1", "yesterday", "2026-3-1", ""])
def test_what_is_no_month_is_refused(name):
    with pytest.raises(ValueError, match=r"."):
        span_of_month(name, ZONE)


def test_the_page_is_a_pdf_that_names_the_month_and_survives_strange_names():
    page = pdf(month(account(), bays={f"bay-{n}": 1 for n in range(60)}), operator="Größe ✓ GmbH")
    assert page.startswith(b"%PDF-")
    assert len(page) > 2_000


def test_the_table_of_a_month_is_one_row_for_each_name():
    rows = list(csv.DictReader(io.StringIO(month(account()).table())))
    assert [row["of"] for row in rows].count("day") == 31
    assert [(row["name"], row["sessions"]) for row in rows if row["of"] == "charger"] == [
        ("bay-1", "1"),
        ("bay-2", "0"),
    ]


# -- what comes from outside ----------------------------------------------------------------------------


def test_tokens_of_others_come_as_json_as_an_answer_and_as_csv():
    text = json.dumps(ROAMER)
    head, row = ",".join(ROAMER), ",".join(str(value) for value in ROAMER.values())
    for source in (f"[{text}]", text, f'{{"data": [{text}], "status_code": 1000}}', f"{head}\n{row}\n"):
        (token,) = read_tokens(source, file="tokens")
        assert (token.uid, token.whitelist, token.verdict) == ("04A1B2C3D4", "ALLOWED", "accepted")


@pytest.mark.parametrize(
    ("whitelist", "valid", "verdict"),
    [
        ("ALWAYS", True, "accepted"),
        ("ALWAYS", False, "blocked"),
        ("ALLOWED", False, "blocked"),
        ("ALLOWED_OFFLINE", True, "ask-or-accept"),
        ("ALLOWED_OFFLINE", False, "ask-or-refuse"),
        ("NEVER", True, "ask-or-refuse"),
        ("NEVER", False, "ask-or-refuse"),
    ],
)
def test_a_provider_says_what_is_done_with_his_cards(whitelist, valid, verdict):
    (token,) = read_tokens(json.dumps([{**ROAMER, "whitelist": whitelist, "valid": valid}]), file="t")
    assert token.verdict == verdict


@pytest.mark.parametrize(
    ("text", "said"),
    [('[{"uid": 1}]', "country_code|uid"), ("uid,valid\n04,maybe\n", "tokens:2"), ("[", "tokens")],
)
def test_a_list_that_cannot_be_read_is_refused_in_words(text, said):
    with pytest.raises(RoamingError, match=said):
        read_tokens(text, file="tokens")


def test_an_operator_is_read_back_and_a_wrong_one_named():
    assert read_operator(msgspec.json.encode(OPERATOR)) == OPERATOR
    with pytest.raises(OperatorError, match="country"):
        read_operator(msgspec.json.encode({**msgspec.to_builtins(OPERATOR), "country_code": "Germany"}))
