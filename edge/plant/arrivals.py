"""Who comes to a lot, and when: visits by scenario and seed, the same ones whenever asked again.

The scenarios are what their names say, set by hand and meant to be read: round numbers for a car park of
commuters, of residents, of shoppers. They are no statistics; a lot that has some puts them into a file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from edge.core.evse import Evse
from edge.core.lot import Lot
from edge.plant.cars import CarModel

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
USUAL_MA, FAST_MA = 16_000, 32_000
START_MS = 15_000  # a car's own start, and what a controller may take to notice it
SHARE_OF_BEST = 0.9  # nobody wishes more than this of what his car could take alone in its stay
LEAST_WISH_WH = 1_000
LEAVING_MS = 60_000  # until the bay is free for the next

Spread = tuple[float, float, float]
"""Least, usual and most: a triangle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a lot is used for."""

    name: str
    begins_h: int
    """The hour at which a day of arrivals begins; before it nobody is there."""
    arrivals: tuple[int, ...]
    """The weight of every hour of the day, 0..23."""
    cars_per_bay: float
    """Arrivals in a day for each EVSE; who finds no free bay drives on."""
    stay_h: Spread
    wish_kwh: Spread
    phases: Spread
    """The shares of cars on one, two and three phases."""
    fast: float = 0.2
    """The share of cars that take 32 A; the others take 16 A."""
    sleepy: float = 0.03
    """The share of cars that do not wake after a pause."""
    stated: float = 0.0
    """The share of drivers who say when they leave and how much they want."""
    returning: bool = True
    """Whether the same cars come every day."""
    building: tuple[int, ...] = (50,) * 24
    """What the building draws in every hour, in percent of its worst case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One car at one bay, from plug-in to plug-out; ms since the midnight before the first day."""

    bay: str
    driver: str
    arrives_ms: int
    departs_ms: int
    car: CarModel
    is_stated: bool

    @property
    def stay_ms(self) -> int:
        """How long it is there."""
        return self.departs_ms - self.arrives_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """All visits in the order of their arrival, and how many found no free bay."""

    visits: tuple[Visit, ...]
    turned_away: int


def _by_hours(**weights: int) -> tuple[int, ...]:
    """`_by_hours(h7=3)`: the weight of every hour, 0 where none is named."""
    return tuple(weights.get(f"h{hour}", 0) for hour in range(24))


_OFFICE = (25,) * 6 + (40, 60, 80, 90, 90, 90, 95, 90, 85, 80, 70, 55, 40) + (30,) * 5
_HOUSE = (30,) * 6 + (50, 60, 50, 40, 40, 50, 55, 45, 40, 45, 55, 75, 90, 95, 90, 75, 55, 40)
_SHOP = (30,) * 7 + (50, 75, 85, 90, 90, 90, 90, 90, 90, 90, 90, 90, 80, 60) + (35,) * 3

SCENARIOS: Mapping[str, Scenario] = {
    "work": Scenario(
        name="work",
        begins_h=4,
        arrivals=_by_hours(h6=2, h7=6, h8=8, h9=4, h10=1, h12=1, h13=2),
        cars_per_bay=1.1,
        stay_h=(3, 8.5, 10.5),
        wish_kwh=(4, 14, 45),
        phases=(0.35, 0.1, 0.55),
        building=_OFFICE,
    ),
    "home": Scenario(
        name="home",
        begins_h=12,
        arrivals=_by_hours(h14=1, h15=2, h16=4, h17=7, h18=7, h19=4, h20=2, h21=2, h22=1),
        cars_per_bay=0.9,
        stay_h=(8, 13, 16),
        wish_kwh=(4, 12, 50),
        phases=(0.35, 0.1, 0.55),
        building=_HOUSE,
    ),
    "retail": Scenario(
        name="retail",
        begins_h=6,
        arrivals=_by_hours(h8=2, h9=4, h10=6, h11=6, h12=5, h13=5, h14=5, h15=6, h16=7, h17=7, h18=5, h19=3),
        cars_per_bay=6,
        stay_h=(0.4, 0.9, 3),
        wish_kwh=(2, 6, 25),
        phases=(0.3, 0.1, 0.6),
        fast=0.3,
        returning=False,
        building=_SHOP,
    ),
}


def arrivals(scenario: Scenario, lot: Lot, *, days: int, seed: int) -> Arrivals:
    """Everybody who comes in so many days. The same arguments always give the same answer."""
    a_day = math.ceil(scenario.cars_per_bay * len(lot.evses))
    comers = sorted(comer for day in range(days) for comer in _comers(scenario, a_day, day, seed))
    chance = Random(f"{seed}/bays")
    free_from = dict.fromkeys((evse.id for evse in lot.evses), 0)
    visits = []
    for arrives_ms, departs_ms, driver in comers:
        free = [bay for bay, ms in free_from.items() if ms <= arrives_ms]
        if not free:
            continue
        bay = chance.choice(free)
        free_from[bay] = departs_ms + LEAVING_MS
        car, is_stated = _car(scenario, driver, arrives_ms, seed)
        best = SHARE_OF_BEST * best_wh(car, lot.by_id[bay], departs_ms - arrives_ms, lot.voltage_mv)
        wished_wh = round(max(LEAST_WISH_WH, min(car.wanted_wh, best)))
        visits.append(
            Visit(
                bay=bay,
                driver=driver,
                arrives_ms=arrives_ms,
                departs_ms=departs_ms,
                car=replace(car, wanted_wh=wished_wh, taper_wh=min(car.taper_wh, wished_wh // 20)),
                is_stated=is_stated,
            )
        )
    return Arrivals(visits=tuple(visits), turned_away=len(comers) - len(visits))


def best_wh(car: CarModel, evse: Evse, stay_ms: int, voltage_mv: int) -> int:
    """What the car could take in that time if it were alone, without the slow end of its battery."""
    wired = 3 if evse.wiring is None else len(evse.wiring)
    power_mw = min(car.max_ma, evse.max_ma) * min(car.phases, wired) * voltage_mv // 1_000
    return power_mw * max(0, stay_ms - START_MS) // HOUR_MS // 1_000


def _comers(scenario: Scenario, count: int, day: int, seed: int) -> list[tuple[int, int, str]]:
    """When each of the day's drivers comes and goes."""
    chance = Random(f"{seed}/{day}/comers")
    hours = [hour % 24 for hour in range(scenario.begins_h, scenario.begins_h + 24)]
    weights = [scenario.arrivals[hour] for hour in hours]
    comers = []
    for number in range(count):
        (after,) = chance.choices(range(24), weights)
        arrives_ms = day * DAY_MS + (scenario.begins_h + after) * HOUR_MS + chance.randrange(HOUR_MS)
        stay_ms = round(_drawn(chance, scenario.stay_h) * HOUR_MS)
        driver = f"driver-{number}" if scenario.returning else f"driver-{day}-{number}"
        comers.append((arrives_ms, arrives_ms + stay_ms, driver))
    return comers


def _car(scenario: Scenario, driver: str, arrives_ms: int, seed: int) -> tuple[CarModel, bool]:
    """The driver's own car with today's wish, and whether he tells it."""
    nature = Random(f"{seed}/{driver}")  # the same car whenever it comes
    (phases,) = nature.choices((1, 2, 3), scenario.phases)
    max_ma = FAST_MA if nature.random() < scenario.fast else USUAL_MA
    sleeps = nature.random() < scenario.sleepy
    is_stated = nature.random() < scenario.stated
    mood = Random(f"{seed}/{driver}/{arrives_ms}")
    car = CarModel(
        phases=phases,
        max_ma=max_ma,
        sleeps=sleeps,
        follow_ms=nature.randrange(1_000, 4_000),
        start_ms=nature.randrange(2_000, 9_000),
        wanted_wh=round(_drawn(mood, scenario.wish_kwh) * 1_000),
        taper_wh=500 if mood.random() < 0.4 else 0,  # who fills the battery up; others stop below
    )
    return car, is_stated


def _drawn(chance: Random, spread: Spread) -> float:
    least, usual, most = spread
    return chance.triangular(least, most, usual)
