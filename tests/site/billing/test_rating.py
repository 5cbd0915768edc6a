"""Bills, beside the worked examples of OCPI 2.2.1 (mod_tariffs, mod_cdrs), to the cent and below."""

import itertools
import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.site.billing.course import Course, Reading, Stretch, course_of
from edge.site.billing.rating import rate
from edge.site.billing.tariff import TariffError, read_tariff

ZONE = ZoneInfo("Europe/Amsterdam")
MONDAY, SATURDAY = "2026-03-02", "2026-03-07"
HEAD = {
    "country_code": "DE",
    "party_id": "ALL",
    "id": "1",
    "currency": "EUR",
    "last_updated": "2026-01-01T00:00:00Z",
}


def tariff(*elements, **more):
    return read_tariff(json.dumps({**HEAD, **more, "elements": elements}))


def element(*components, **restrictions):
    """Components as (type, price, step, vat)."""
    prices = [
        {"type": kind, "price": price, "step_size": step, **({} if vat is None else {"vat": vat})}
        for kind, price, step, vat in components
    ]
    return {"price_components": prices, **({"restrictions": restrictions} if restrictions else {})}


def course(begin, *parts, day=MONDAY):
    """Parts as (kind, minutes, Wh, A)."""
    at_ms = round(datetime.fromisoformat(f"{day}T{begin}").replace(tzinfo=ZONE).timestamp() * 1000)
    stretches = []
    for kind, minutes, energy_wh, current_a in parts:
        end_ms = at_ms + round(minutes * 60_000)
        stretches.append(
            Stretch(
                begin_ms=at_ms,
                end_ms=end_ms,
                energy_wh=energy_wh,
                kind=kind,
                current_ma=None if current_a is None else current_a * 1000,
            )
        )
        at_ms = end_ms
    return Course(stretches=tuple(stretches))


def charged(minutes, energy_wh=0, current_a=None):
    return ("charging", minutes, energy_wh, current_a)


def parked(minutes):
    return ("parked", minutes, 0, None)


def reserved(minutes):
    return ("reserved", minutes, 0, None)


def costs(a_course, a_tariff, **options):
    total = rate(a_course, a_tariff, ZONE, **options).total()
    return (total.excl_vat, total.incl_vat)


def euros(*amounts):
    return tuple(
        None if amount is None else Decimal(amount).quantize(Decimal("0.0001")) for amount in amounts
    )


PER_KWH = element(("ENERGY", "0.25", 1, 10))
START = element(("FLAT", "0.50", 1, 20))
FEE_AND_KWH = (START, PER_KWH)
COMPLEX = (
    element(("FLAT", "2.50", 1, 15)),
    element(("TIME", "1.00", 900, 20), max_current=32),
    element(
        ("TIME", "2.00", 600, 20),
        min_current=32,
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    ),
    element(("TIME", "1.25", 600, 20), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(
        ("PARKING_TIME", "5.00", 300, 10),
        start_time="09:00",
        end_time="18:00",
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    ),
    element(
        ("PARKING_TIME", "6.00", 300, 10), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]
    ),
)
STEPS = (
    element(
        ("TIME", "1.20", 1800, None),
        ("PARKING_TIME", "1.00", 900, None),
        start_time="00:00",
        end_time="17:00",
    ),
    element(
        ("TIME", "2.40", 900, None), ("PARKING_TIME", "1.00", 900, None), start_time="17:00", end_time="20:00"
    ),
    element(("TIME", "2.40", 900, None), start_time="20:00", end_time="00:00"),
)
RESERVING = {"reservation": "RESERVATION"}
EXPIRING = {"reservation": "RESERVATION_EXPIRES"}
FEE_AND_EXPIRY = (
    element(("FLAT", "4.00", 1, 20), **EXPIRING),
    element(("TIME", "2.00", 600, 20), **RESERVING),
    *FEE_AND_KWH,
)
TIME_AND_EXPIRY = (
    element(("TIME", "3.00", 600, 20), **RESERVING),
    element(("TIME", "6.00", 600, 20), **EXPIRING),
    *FEE_AND_KWH,
)

EXAMPLES = {
    "0.25 per kWh": (tariff(PER_KWH), course("10:00", charged(120, 20_000)), ("5.00", "5.50")),
    "and a start fee": (tariff(*FEE_AND_KWH), course("10:00", charged(120, 20_000)), ("5.50", "6.10")),
    "and a minimum, reached": (
        tariff(PER_KWH, min_price={"excl_vat": 0.5, "incl_vat": 0.55}),
        course("10:00", charged(120, 20_000)),
        ("5.00", "5.50"),
    ),
    "and a minimum, not reached": (
        tariff(PER_KWH, min_price={"excl_vat": 0.5, "incl_vat": 0.55}),
        course("10:00", charged(120, 1_999)),
        ("0.50", "0.55"),
    ),
    "parking by quarters of an hour": (
        tariff(START, PER_KWH, element(("PARKING_TIME", "2.00", 900, 20))),
        course("10:00", charged(120, 20_000), parked(40)),
        ("7.00", "7.90"),
    ),
    "a maximum, reached": (
        tariff(*FEE_AND_KWH, max_price={"excl_vat": 10, "incl_vat": 11}),
        course("10:00", charged(120, 50_000)),
        ("10.00", "11.00"),
    ),
    "a maximum, not reached": (
        tariff(*FEE_AND_KWH, max_price={"excl_vat": 10, "incl_vat": 11}),
        course("10:00", charged(120, 30_000)),
        ("8.00", "8.85"),
    ),
    "2 per hour": (
        tariff(element(("TIME", "2.00", 60, 10))),
        course("10:00", charged(150, 9_000)),
        ("5.00", "5.50"),
    ),
    "3 per hour, 5 per hour parking": (
        tariff(element(("TIME", "3.00", 60, 10)), element(("PARKING_TIME", "5.00", 300, 20))),
        course("10:00", charged(150, 9_000), parked(42)),
        ("11.25", "12.75"),
    ),
    "energy by 100 Wh": (
        tariff(START, element(("ENERGY", "0.25", 100, 10))),
        course("10:00", charged(120, 20_450)),
        ("5.625", "6.2375"),
    ),
    "complex, on a Monday morning": (
        tariff(*COMPLEX),
        course("09:30", charged(165, 8_000, 16), parked(42)),
        ("9.00", "10.30"),
    ),
    "complex, on a Saturday afternoon": (
        tariff(*COMPLEX),
        course("13:30", charged(114, 8_000, 43), parked(71), day=SATURDAY),
        ("12.375", "13.975"),  # the specification prints 12.28: 114 min at 1.25 are 2.375, not 2.28
    ),
    "free of charge": (
        tariff(element(("FLAT", "0.00", 1, None))),
        course("10:00", charged(120, 20_000)),
        ("0.00", None),
    ),
    "steps: from one price to the next, then parked": (
        tariff(*STEPS),
        course("16:55", charged(10, 900), parked(2)),
        ("0.55", None),
    ),
    "steps: the last price fills up": (tariff(*STEPS), course("16:35", charged(35, 900)), ("1.30", None)),
    "steps: into what costs nothing": (
        tariff(*STEPS),
        course("19:40", charged(12, 900), parked(20)),
        ("0.73", None),
    ),
    "reserved for a quarter of an hour": (
        tariff(element(("TIME", "5.00", 60, 20), **RESERVING), *FEE_AND_KWH),
        course("10:00", reserved(15), charged(120, 20_000)),
        ("6.75", "7.60"),
    ),
    "reserved, with a fee": (
        tariff(element(("FLAT", "2.00", 1, 20), ("TIME", "5.00", 300, 20), **RESERVING), *FEE_AND_KWH),
        course("10:00", reserved(13), charged(120, 20_000)),
        ("8.75", "10.00"),
    ),
    "reserved, and used": (
        tariff(*FEE_AND_EXPIRY),
        course("10:00", reserved(22), charged(120, 20_000)),
        ("6.50", "7.30"),
    ),
    "reserved at one price, expired at another, used": (
        tariff(*TIME_AND_EXPIRY),
        course("10:00", reserved(22), charged(120, 20_000)),
        ("7.00", "7.90"),
    ),
    "by power": (
        tariff(
            element(("ENERGY", "0.20", 1, None), max_power=16),
            element(("ENERGY", "0.35", 1, None), min_power=16, max_power=32),
            element(("ENERGY", "0.50", 1, None)),
        ),
        course("10:00", charged(10, 1_000), charged(50, 40_000), charged(7.5, 500)),
        ("20.30", None),
    ),
    "by duration": (
        tariff(
            element(("ENERGY", "0.00", 1, None), max_duration=1800),
            element(("ENERGY", "0.25", 1, None), max_duration=3600),
            element(("ENERGY", "0.40", 1, None)),
        ),
        course("10:00", charged(30, 5_000), charged(10, 1_200)),
        ("0.30", None),
    ),
    "steps over two prices of energy": (
        tariff(
            element(("ENERGY", "0.20", 500, None), end_time="17:00"),
            element(("ENERGY", "0.27", 500, None), start_time="17:00"),
        ),
        course("16:00", charged(60, 4_300), charged(30, 1_100)),
        ("1.184", None),  # 4.3 x 0.20 + 1.2 x 0.27
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_specification_come_out_to_the_cent(name):
    a_tariff, a_course, expected = EXAMPLES[name]
    assert costs(a_course, a_tariff) == euros(*expected)


@pytest.mark.parametrize(
    ("a_tariff", "minutes", "expected"),
    [(tariff(*FEE_AND_EXPIRY), 60, ("6.00", "7.20")), (tariff(*TIME_AND_EXPIRY), 90, ("9.00", "10.80"))],
)
def test_a_reservation_that_nobody_used_costs_what_its_expiry_does(a_tariff, minutes, expected):
    a_course = course("10:00", reserved(minutes))
    assert costs(a_course, a_tariff, is_expired=True) == euros(*expected)


def test_a_price_that_changes_within_a_stretch_is_met_in_proportion():
    night = tariff(
        element(("ENERGY", "0.10", 1, None), start_time="22:00", end_time="06:00"),
        element(("ENERGY", "0.30", 1, None)),
    )
    bill = rate(course("21:00", charged(120, 10_000)), night, ZONE)
    assert [(line.quantity, line.price) for line in bill.lines] == [
        (Fraction(5), Decimal("0.30")),
        (Fraction(5), Decimal("0.10")),
    ]
    assert [period.energy_wh for period in bill.periods] == [5_000, 5_000]


def test_an_amount_of_energy_that_is_free_is_met_to_the_watt_hour():
    first_free = tariff(element(("ENERGY", "0", 1, None), max_kwh=5), element(("ENERGY", "0.40", 1, None)))
    assert costs(course("10:00", charged(60, 11_000)), first_free)[0] == Decimal("2.4000")


def test_on_the_night_when_clocks_go_back_the_hour_counts_twice():
    hourly = tariff(element(("TIME", "1.00", 1, None), start_time="01:00", end_time="03:00"))
    assert costs(course("01:00", charged(180, 1_000), day="2026-10-25"), hourly)[0] == Decimal("3.0000")


def test_nobody_pays_for_the_time_in_which_we_paused_the_car():
    timed = tariff(element(("TIME", "6.00", 1, None), ("PARKING_TIME", "6.00", 1, None)))
    held = course("10:00", charged(10, 900), ("held", 30, 0, None), charged(10, 900))
    assert costs(held, timed)[0] == Decimal("2.0000")


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 20_000), st.integers(0, 48)), max_size=8),
    st.sampled_from([name for name in EXAMPLES if "maximum" not in name and "minimum" not in name]),
)
def test_no_energy_and_no_time_is_billed_that_was_not_there(parts, name):
    a_tariff = EXAMPLES[name][0]
    a_course = course(
        "08:15", *[charged(minutes, wh, a) if wh else parked(minutes) for minutes, wh, a in parts]
    )
    bill = rate(a_course, a_tariff, ZONE)
    assert sum(period.energy_wh for period in bill.periods) == a_course.energy_wh
    spans = [(period.begin_ms, period.end_ms) for period in bill.periods]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    steps = (
        max(c.step_size for e in a_tariff.elements for c in e.price_components if c.type == "ENERGY")
        if any(c.type == "ENERGY" for e in a_tariff.elements for c in e.price_components)
        else 0
    )
    billed = sum(line.quantity for line in bill.lines if line.part == "energy")
    assert billed * 1000 <= a_course.energy_wh + steps


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"elements": []}, "elements"),
        ({"currency": "euro"}, "currency"),
        ({"elements": [element(("ENERGY", "-1", 1, None))]}, "price"),
        ({"elements": [element(("ENERGY", "NaN", 1, None))]}, "price"),
        ({"elements": [element(("ENERGY", "1", 1, None), start_time="7:30")]}, "start_time"),
        ({"elements": [element(("ENERGY", "1", 1, None), start_date="2026-02-30")]}, "day"),
        ({"elements": [element(("ENERGY", "1", 1, None), ("ENERGY", "2", 1, None))]}, "twice"),
        ({"elements": [element(("ENERGY", "1", 1, None), **RESERVING)]}, "reservation"),
    ],
)
def test_a_tariff_that_cannot_be_billed_by_is_refused_in_words(wrong, said):
    with pytest.raises(TariffError, match=said):
        read_tariff(json.dumps({**HEAD, "elements": [PER_KWH], **wrong}))


# -- the course -----------------------------------------------------------------------------------------


def reading(minute, register_wh, **more):
    return Reading(at_ms=minute * 60_000, register_wh=register_wh, **more)


def test_readings_become_stretches_that_charge_or_park():
    told = course_of([reading(0, 100), reading(5, 600), reading(10, 600), reading(12, 650)])
    assert [(each.kind, each.energy_wh) for each in told.stretches] == [
        ("charging", 500),
        ("parked", 0),
        ("charging", 50),
    ]
    assert told.doubts == ()


def test_a_car_that_we_paused_is_not_parked():
    told = course_of([reading(0, 0), reading(5, 500, is_held=True), reading(10, 500), reading(15, 500)])
    assert [each.kind for each in told.stretches] == ["charging", "held", "parked"]


def test_a_register_that_falls_or_jumps_bills_nothing_and_is_told():
    told = course_of([reading(0, 1_000), reading(5, 400), reading(10, 9_000_000), reading(15, 3_000)])
    assert told.energy_wh == 2_000
    assert len(told.doubts) == 2


def test_a_register_that_ends_below_its_start_bills_what_was_seen():
    told = course_of([reading(0, 1_000), reading(5, 1_500), reading(10, 0)])
    assert told.energy_wh == 500
    assert told.doubts == ("the register fell from 1500 to 0 Wh",)


def test_times_that_run_backwards_are_left_out():
    told = course_of([reading(0, 0), reading(5, 100), reading(3, 200), reading(6, 300)])
    assert [each.end_ms for each in told.stretches] == [300_000, 360_000]
    assert told.energy_wh == 300


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50_000)), min_size=2, max_size=20))
def test_whatever_is_read_the_energy_is_never_negative_and_never_more_than_was_shown(rows):
    told = course_of([reading(minute, register_wh) for minute, register_wh in rows])
    assert all(each.energy_wh >= 0 and each.end_ms >= each.begin_ms for each in told.stretches)
    assert told.energy_wh <= max(register for _, register in rows) - rows[0][1] or told.energy_wh == 0
