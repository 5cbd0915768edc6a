"""Tariffs of drivers, as OCPI 2.2.1 writes them (mod_tariffs, Tariff object). Money is Decimal.

A tariff is data: it comes as JSON, is checked whole when it comes, and is never changed afterwards. A newer
version has a later `last_updated`; a session is billed by the version that counted when it began.
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edge.core.errors import ConfigError

Dimension = Literal["ENERGY", "TIME", "PARKING_TIME", "FLAT"]
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
Day = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
Reserved = Literal["RESERVATION", "RESERVATION_EXPIRES"]

MOST = 1_000_000
ClockTime = Annotated[str, Meta(pattern=r"^([0-1][0-9]|2[0-3]):[0-5][0-9]$")]
CalendarDay = Annotated[str, Meta(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
Name36 = Annotated[str, Meta(min_length=1, max_length=36)]


class TariffError(ConfigError):
    """A tariff that cannot be billed by; the sentence names the field."""


def _check(most: int = MOST, **numbers: Decimal | None) -> None:
    """Raises ValueError on NaN, infinity, and what is below 0 or absurd."""
    for name, number in numbers.items():
        if number is not None and not (number.is_finite() and 0 <= number <= most):
            raise ValueError(f"{name}: {number} is not from 0 to {most}")


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An amount of the currency. `incl_vat` None: no tax is known of it."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None

    def __post_init__(self) -> None:
        """Raises ValueError on what is no amount."""
        _check(excl_vat=self.excl_vat, incl_vat=self.incl_vat)


class PriceComponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one unit costs: a kWh, an hour, or the session (FLAT). `step_size`: Wh or s, billed whole."""

    type: Dimension
    price: Decimal
    step_size: Annotated[int, Meta(ge=0, le=1_000_000)]
    vat: Decimal | None = None

    def __post_init__(self) -> None:
        """Raises ValueError on what is no price, and on a tax above 100 %."""
        _check(price=self.price)
        _check(most=100, vat=self.vat)


class Restrictions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an element counts: all of what is said must hold. Days and times of day are local ones.

    Starts count, ends do not. Currents are sums over the phases, in A; powers in kW.
    """

    start_time: ClockTime | None = None
    end_time: ClockTime | None = None
    start_date: CalendarDay | None = None
    end_date: CalendarDay | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: Annotated[int, Meta(ge=0)] | None = None
    max_duration: Annotated[int, Meta(ge=0)] | None = None
    day_of_week: tuple[Day, ...] = ()
    reservation: Reserved | None = None

    def __post_init__(self) -> None:
        """Raises ValueError on a day that no calendar has, and on what is no quantity."""
        _check(
            min_kwh=self.min_kwh,
            max_kwh=self.max_kwh,
            min_current=self.min_current,
            max_current=self.max_current,
            min_power=self.min_power,
            max_power=self.max_power,
        )
        for day in (self.start_date, self.end_date):
            if day is not None:
                date.fromisoformat(day)

    def allows_day(self, day: date) -> bool:
        """Whether this local day is among those that are meant."""
        if self.day_of_week and DAYS[day.weekday()] not in self.day_of_week:
            return False
        if self.start_date is not None and day < date.fromisoformat(self.start_date):
            return False
        return self.end_date is None or day < date.fromisoformat(self.end_date)

    def allows_time(self, at: time) -> bool:
        """Whether this local time of day is; an end before the start is one of the next day."""
        start = time.fromisoformat(self.start_time) if self.start_time else time.min
        end = time.fromisoformat(self.end_time) if self.end_time else time.min
        if end == time.min:  # 00:00 is the end of the day
            return at >= start
        return start <= at < end if start < end else at >= start or at < end


class TariffElement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Prices that count under the same restrictions."""

    price_components: Annotated[tuple[PriceComponent, ...], Meta(min_length=1, max_length=4)]
    restrictions: Restrictions | None = None

    def component(self, dimension: Dimension) -> PriceComponent | None:
        """Its price of a dimension, if any."""
        return next((each for each in self.price_components if each.type == dimension), None)


class Tariff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole tariff. What OCPI knows besides and no bill depends on is kept as it came in `rest`."""

    country_code: Annotated[str, Meta(pattern="^[A-Za-z]{2}$")]
    party_id: Annotated[str, Meta(pattern="^[A-Za-z0-9]{3}$")]
    id: Name36
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1, max_length=100)]
    last_updated: datetime
    type: str | None = None
    tariff_alt_text: Any = None
    tariff_alt_url: str | None = None
    energy_mix: Any = None
    min_price: Price | None = None
    max_price: Price | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None

    @property
    def updated_ms(self) -> int:
        """Since when this version counts."""
        return epoch_ms(self.last_updated)

    def counts_at(self, at_ms: int) -> bool:
        """Whether a session that begins then may be billed by it."""
        begins = self.start_date_time is None or epoch_ms(self.start_date_time) <= at_ms
        return begins and (self.end_date_time is None or at_ms < epoch_ms(self.end_date_time))


def epoch_ms(at: datetime) -> int:
    """A time of OCPI as ms since 1970; without a zone it is UTC (transport_and_format, DateTime)."""
    zoned = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round(zoned.timestamp() * 1000)


def read_tariff(text: bytes | str) -> Tariff:
    """The tariff that a JSON text describes. Raises TariffError."""
    try:
        tariff = msgspec.json.decode(text, type=Tariff)
    except msgspec.DecodeError as wrong:  # ValidationError is one
        raise TariffError(f"no tariff of OCPI 2.2.1: {wrong}") from None
    for number, element in enumerate(tariff.elements, start=1):
        kinds = [component.type for component in element.price_components]
        if len(set(kinds)) != len(kinds):
            raise TariffError(f"element {number} prices {max(kinds, key=kinds.count)} twice")
        is_reserved = element.restrictions is not None and element.restrictions.reservation is not None
        if is_reserved and not set(kinds) <= {"FLAT", "TIME"}:
            raise TariffError(f"element {number}: a reservation has no ENERGY and no PARKING_TIME")
    return tariff
