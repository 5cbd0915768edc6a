"""What a session costs by a tariff: the rules of OCPI 2.2.1, exact to the last digit, rounded once.

Quantities are fractions; money is rounded, half up, when a cost is stated: to four decimals in records, as
OCPI's numbers have them, and to the currency's own on a bill. The rules (mod_tariffs, mod_cdrs):

* For each dimension the first element with a price for it whose restrictions hold counts.
* A FLAT price is charged once, the first that counts in the session; a reservation has its own.
* Whole steps are billed once for all energy, by the step of the last price that counted; and once for the
  time-based dimension that counted last. What that adds is billed at that last price.
* min_price and max_price bound the sum, without and with tax each for itself.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from edge.site.billing.course import Course
from edge.site.billing.pieces import WH, Piece, allows, pieces_of
from edge.site.billing.tariff import Dimension, Price, PriceComponent, Tariff, TariffElement

HOUR_MS = 3_600_000
FOUR = Decimal("0.0001")
Part = Literal["energy", "time", "parking", "fixed", "reservation"]
PARTS: dict[Dimension, Part] = {
    "ENERGY": "energy",
    "TIME": "time",
    "PARKING_TIME": "parking",
    "FLAT": "fixed",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a bill. `quantity`: kWh, h, or times; `cost` before tax, `taxed` with it."""

    part: Part
    quantity: Fraction
    price: Decimal
    vat: Decimal | None
    cost: Fraction
    taxed: Fraction


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the session in which the same prices counted; amounts as measured, no steps."""

    begin_ms: int
    end_ms: int
    energy_wh: Fraction
    charging_ms: int
    parking_ms: int
    reserved_ms: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What a session costs. `has_tax` False: no price says anything of a tax."""

    currency: str
    lines: tuple[Line, ...]
    periods: tuple[Period, ...]
    cost: Fraction
    taxed: Fraction
    has_tax: bool

    def total(self) -> Price:
        """The sum, to four decimals."""
        return self._price(self.cost, self.taxed)

    def of(self, part: Part) -> Price | None:
        """The sum of one part; None where it has no price."""
        lines = [line for line in self.lines if line.part == part]
        if not lines:
            return None
        cost = sum((line.cost for line in lines), Fraction(0))
        return self._price(cost, sum((line.taxed for line in lines), Fraction(0)))

    def _price(self, cost: Fraction, taxed: Fraction) -> Price:
        return Price(excl_vat=rounded(cost), incl_vat=rounded(taxed) if self.has_tax else None)


def rounded(amount: Fraction, to: Decimal = FOUR) -> Decimal:
    """An exact amount as a decimal number, half up; 28 digits are worked with."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(to, ROUND_HALF_UP)


def rate(course: Course, tariff: Tariff, zone: ZoneInfo, *, is_expired: bool = False) -> Bill:
    """What this course costs by this tariff at a place of this time zone.

    `is_expired`: it was a reservation that nobody used.
    """
    tally = _Tally(tariff, zone, is_expired=is_expired)
    for piece in pieces_of(course, tariff, zone):
        tally.add(piece)
    lines = tally.lines()
    has_tax = any(line.vat is not None for line in lines)
    cost = sum((line.cost for line in lines), Fraction(0))
    taxed = sum((line.taxed for line in lines), Fraction(0))
    if tariff.min_price is not None:
        cost = max(cost, Fraction(tariff.min_price.excl_vat))
        if tariff.min_price.incl_vat is not None:
            taxed, has_tax = max(taxed, Fraction(tariff.min_price.incl_vat)), True
    if tariff.max_price is not None:
        cost = min(cost, Fraction(tariff.max_price.excl_vat))
        if tariff.max_price.incl_vat is not None:
            taxed, has_tax = min(taxed, Fraction(tariff.max_price.incl_vat)), True
    return Bill(
        currency=tariff.currency,
        lines=lines,
        periods=tuple(tally.periods),
        cost=cost,
        taxed=max(taxed, cost) if has_tax else cost,
        has_tax=has_tax,
    )


class _Count:
    """How much of a dimension is billed at each of its prices, in the order in which they first counted."""

    def __init__(self, unit: int) -> None:
        """`unit`: in what a step is told, Wh or ms."""
        self.amounts: dict[int, tuple[PriceComponent, Fraction]] = {}
        self.last: PriceComponent | None = None
        self._unit = unit

    def add(self, component: PriceComponent, amount: Fraction) -> None:
        """So much more, at this price."""
        _, before = self.amounts.get(id(component), (component, Fraction(0)))
        self.amounts[id(component)] = component, before + amount
        self.last = component

    def fill_steps(self) -> None:
        """Bill whole steps of the last price, over all that was counted."""
        if self.last is None or self.last.step_size < 1:
            return
        step = self.last.step_size * self._unit
        total = sum((amount for _, amount in self.amounts.values()), Fraction(0))
        missing = -(-total // step) * step - total
        component, amount = self.amounts[id(self.last)]
        self.amounts[id(self.last)] = component, amount + missing


class _Tally:
    """Goes through the pieces of a session and counts what is billed."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo, *, is_expired: bool) -> None:
        self.periods: list[Period] = []
        # What a reservation costs that expires goes before what reserving costs
        self._elements = sorted(tariff.elements, key=lambda each: not _is_of_expiry(each))
        self._zone = zone
        self._is_expired = is_expired
        self._energy = _Count(1)
        self._times = {"TIME": _Count(1000), "PARKING_TIME": _Count(1000)}
        self._reserved = _Count(1000)
        self._last_time: Dimension | None = None
        self._flat: PriceComponent | None = None
        self._reserved_flat: PriceComponent | None = None
        self._counted: object = None

    def add(self, piece: Piece) -> None:
        """One more piece, in their order."""
        elements = [element for element in self._elements if self._holds(element, piece)]
        counting = {dimension: _first(elements, dimension) for dimension in PARTS}
        self._note(piece, tuple(id(each) for each in counting.values()))
        if piece.kind == "reserved":
            self._reserved_flat = self._reserved_flat or counting["FLAT"]
            if (by_time := counting["TIME"]) is not None:
                self._reserved.add(by_time, Fraction(piece.span_ms))
            return
        self._flat = self._flat or counting["FLAT"]
        if (by_energy := counting["ENERGY"]) is not None and piece.energy_wh:
            self._energy.add(by_energy, piece.energy_wh)
        dimension: Dimension | None = {"charging": "TIME", "parked": "PARKING_TIME"}.get(piece.kind)  # type: ignore[assignment]
        if dimension is not None and (priced := counting[dimension]) is not None and piece.span_ms:
            self._times[dimension].add(priced, Fraction(piece.span_ms))
            self._last_time = dimension

    def lines(self) -> tuple[Line, ...]:
        """The rows of the bill, whole steps filled up."""
        self._energy.fill_steps()
        self._reserved.fill_steps()
        if self._last_time is not None:
            self._times[self._last_time].fill_steps()
        rows: list[Line] = []
        if self._reserved_flat is not None:
            rows.append(_line("reservation", self._reserved_flat, Fraction(1)))
        rows += _lines("reservation", self._reserved, HOUR_MS)
        if self._flat is not None:
            rows.append(_line("fixed", self._flat, Fraction(1)))
        rows += _lines("energy", self._energy, WH)
        rows += _lines("time", self._times["TIME"], HOUR_MS)
        rows += _lines("parking", self._times["PARKING_TIME"], HOUR_MS)
        return tuple(rows)

    def _holds(self, element: TariffElement, piece: Piece) -> bool:
        restriction = element.restrictions
        if restriction is None:
            return piece.kind != "reserved"
        if _is_of_expiry(element) and not self._is_expired:
            return False
        return allows(restriction, piece, self._zone)

    def _note(self, piece: Piece, counted: object) -> None:
        """The piece joins the period before where the same prices count."""
        told = Period(
            begin_ms=piece.begin_ms,
            end_ms=piece.end_ms,
            energy_wh=piece.energy_wh,
            charging_ms=piece.span_ms if piece.kind == "charging" else 0,
            parking_ms=piece.span_ms if piece.kind in ("parked", "held") else 0,
            reserved_ms=piece.span_ms if piece.kind == "reserved" else 0,
        )
        key = (counted, piece.kind == "reserved")
        if self.periods and key == self._counted:
            before = self.periods.pop()
            told = Period(
                begin_ms=before.begin_ms,
                end_ms=told.end_ms,
                energy_wh=before.energy_wh + told.energy_wh,
                charging_ms=before.charging_ms + told.charging_ms,
                parking_ms=before.parking_ms + told.parking_ms,
                reserved_ms=before.reserved_ms + told.reserved_ms,
            )
        self.periods.append(told)
        self._counted = key


def _is_of_expiry(element: TariffElement) -> bool:
    return element.restrictions is not None and element.restrictions.reservation == "RESERVATION_EXPIRES"


def _first(elements: Iterable[TariffElement], dimension: Dimension) -> PriceComponent | None:
    prices = (element.component(dimension) for element in elements)
    return next((price for price in prices if price is not None), None)


def _lines(part: Part, count: _Count, unit: int) -> list[Line]:
    return [_line(part, component, amount / unit) for component, amount in count.amounts.values()]


def _line(part: Part, component: PriceComponent, quantity: Fraction) -> Line:
    cost = quantity * Fraction(component.price)
    tax = Fraction(component.vat or 0) / 100
    return Line(
        part=part,
        quantity=quantity,
        price=component.price,
        vat=component.vat,
        cost=cost,
        taxed=cost * (1 + tax),
    )
