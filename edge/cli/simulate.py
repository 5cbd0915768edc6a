"""`ampyard simulate SITE`: whole days of this site on virtual time, our rule beside others.

The site file gives the lot, a scenario the cars and the building; the same seed gives the same days.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge import settings
from edge.catalogue import guarded, guards
from edge.cli import days_report, exits
from edge.cli.progress import Bar
from edge.core.lot import Lot
from edge.plant import foresight, how_many, scenario_file
from edge.plant.arrivals import SCENARIOS, Arrivals, Scenario, arrivals
from edge.plant.building import Building
from edge.plant.controllers import OURS, STRATEGIES, controller
from edge.plant.days import Day, buildings
from edge.plant.outcome import Outcome
from edge.settings.fault import closing
from edge.site.blueprint import Blueprint

MOST_CHARGERS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be simulated."""

    site: settings.Site
    lot: Lot
    scenario: Scenario
    arrivals: Arrivals
    buildings: dict[str, Building]
    days: int
    seed: int


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("file", type=Path, metavar="SITE", help="the site file")
    parser.add_argument(
        "--scenario",
        default="work",
        metavar="NAME|FILE",
        help=f"{', '.join(SCENARIOS)}, or a .toml file; {parser.prog.split()[-1]} takes work by default",
    )
    parser.add_argument("--days", type=_positive, default=1, metavar="N", help="how many days (1)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, other cars (1)")
    parser.add_argument(
        "--strategy",
        type=_strategies,
        default=(OURS,),
        metavar="LIST",
        help=f"{', '.join(STRATEGIES)}; several with commas, or all",
    )
    parser.add_argument(
        "--bound", action="store_true", help="also the most that perfect foresight could charge (scipy)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, session by session")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw it, as SVG")
    parser.add_argument(
        "--how-many", action="store_true", help="how many such chargers does this connection carry?"
    )


def run(options: Namespace) -> int:
    """Simulate, print."""
    try:
        plan = _plan(options)
        if plan is None:
            return exits.FAULTS
        if options.how_many:
            return _how_many(plan, options)
        return _days(plan, options)
    except (scenario_file.ScenarioError, foresight.ForesightMissingError) as error:
        print(f"ampyard simulate: {error}", file=sys.stderr)
        return exits.USAGE
    except OSError as error:
        print(f"ampyard simulate: {error.filename}: {error.strerror}", file=sys.stderr)
        return exits.USAGE


def _plan(options: Namespace) -> Plan | None:
    verdict = settings.load(options.file, guards(), chargers=guarded())
    if verdict.site is None:
        for fault in verdict.faults:
            print(fault.render(verdict.file))
        print(closing(verdict.file, verdict.faults))
        return None
    lot = Blueprint(verdict.site).lot
    recorded = None
    if options.scenario in SCENARIOS:
        scenario = SCENARIOS[options.scenario]
    else:
        path = Path(options.scenario)
        if path.suffix != ".toml":
            raise scenario_file.ScenarioError(f"{path}: neither {', '.join(SCENARIOS)} nor a .toml file")
        scenario, recorded = scenario_file.read(path.read_text(encoding="utf-8"), lot)
        scenario = replace(scenario, name=path.stem)
    return Plan(
        site=verdict.site,
        lot=lot,
        scenario=scenario,
        arrivals=recorded or arrivals(scenario, lot, days=options.days, seed=options.seed),
        buildings=buildings(lot, scenario, days=options.days, seed=options.seed),
        days=options.days,
        seed=options.seed,
    )


def _days(plan: Plan, options: Namespace) -> int:
    with Bar() as bar:
        bound_wh = None
        if options.bound:
            bar.show("bound", 0, 1)
            bound_wh = foresight.most_energy_wh(plan.lot, plan.arrivals.visits, plan.buildings)
        outcomes = [_run(plan, name, bar) for name in options.strategy]
    print("\n".join(_told(plan, outcomes, bound_wh)))
    if options.json is not None:
        report = days_report.as_json(outcomes, bound_wh)
        report |= {
            "site": plan.site.name,
            "scenario": plan.scenario.name,
            "days": plan.days,
            "seed": plan.seed,
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.plots is not None:
        options.plots.mkdir(parents=True, exist_ok=True)
        for name, chart in days_report.charts(plan.lot, outcomes).items():
            (options.plots / f"{name}.svg").write_text(chart.svg(), encoding="utf-8")
    return exits.FAULTS if any(outcome.violations for outcome in outcomes) else exits.FINE


def _run(plan: Plan, name: str, bar: Bar) -> Outcome:
    day = Day(
        lot=plan.lot,
        arrivals=plan.arrivals,
        buildings=plan.buildings,
        controller=controller(name, plan.lot),
        seed=plan.seed,
    )
    return day.run(lambda done, total: bar.show(name, done, total))


def _told(plan: Plan, outcomes: list[Outcome], bound_wh: int | None) -> Iterator[str]:
    sessions = len(plan.arrivals.visits)
    wished_kwh = sum(visit.car.wanted_wh for visit in plan.arrivals.visits) / 1000
    yield (
        f"{plan.site.name}, {plan.scenario.name}, {_count(plan.days, 'day')}, seed {plan.seed}: "
        f"{_count(len(plan.lot.evses), 'bay')}, {_count(sessions, 'car')}, {wished_kwh:.0f} kWh wished"
    )
    if plan.arrivals.turned_away:
        yield f"{_count(plan.arrivals.turned_away, 'more car')} found no free bay."
    if bound_wh is not None:
        yield f"Perfect foresight could charge {bound_wh / 1000:.0f} kWh of it."
    yield ""
    yield from days_report.table(plan.lot, outcomes, bound_wh)


def _how_many(plan: Plan, options: Namespace) -> int:
    with Bar() as bar:
        question = how_many.Question(
            lot=plan.lot,
            scenario=plan.scenario,
            days=plan.days,
            seed=plan.seed,
            most=MOST_CHARGERS,
            progress=lambda number, done, total: bar.show(f"{number} chargers", done, total),
        )
        trials = list(question.trials())
    trials.sort(key=lambda trial: trial.chargers)
    print(f"{plan.site.name}, {plan.scenario.name}, {_count(plan.days, 'day')}, seed {plan.seed}\n")
    print("\n".join(days_report.how_many(plan.lot, trials)))
    if options.plots is not None:
        options.plots.mkdir(parents=True, exist_ok=True)
        chart = days_report.how_many_chart(trials)
        (options.plots / "how-many.svg").write_text(chart.svg(), encoding="utf-8")
    return exits.FINE


def _strategies(text: str) -> tuple[str, ...]:
    if text == "all":
        return STRATEGIES
    names = tuple(text.split(","))
    for name in names:
        if name not in STRATEGIES:
            raise ArgumentTypeError(f"{name!r} is none of {', '.join(STRATEGIES)}, all")
    return names


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 366:
        raise ArgumentTypeError(f"{text!r} is no number from 1 to 366")
    return int(text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
