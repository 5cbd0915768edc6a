"""What simulated days came to: as a table, as JSON, as charts."""

from collections.abc import Iterator, Sequence
from typing import Any

from edge.core.circuit import ROOT
from edge.core.lot import Lot
from edge.plant.arrivals import HOUR_MS
from edge.plant.how_many import ENOUGH_SHARE, ENOUGH_TENTH, Trial, most_proven
from edge.plant.outcome import Outcome
from edge.reports.plots import Chart, Line


def table(lot: Lot, outcomes: Sequence[Outcome], bound_wh: int | None) -> Iterator[str]:
    """A line for each strategy, and what its columns mean."""
    yield (
        "strategy       energy  of wish  of bound  10th  worst  changes/h  pauses   peak  overload  breaches"
    )
    for each in outcomes:
        of_bound = f"{each.delivered_wh / bound_wh:8.1%}" if bound_wh else "       -"
        yield (
            f"{each.strategy:<11} {each.delivered_wh / 1000:5.0f} kWh  {each.share:7.1%}  {of_bound}"
            f"  {each.tenth_percentile:4.0%}  {each.worst:5.0%}  {each.changes_per_hour:9.1f}"
            f"  {each.pauses_per_session:6.1f}  {each.peak_ma / 1000:3.0f} A"
            f"  {each.overload_mas / 1000:5.0f} As  {len(each.violations):8}"
        )
    rating_a = lot.tree.circuits[ROOT].rating_ma // 1000
    yield ""
    yield "10th: nine cars of ten get more of their wish. changes/h: of a setpoint while its car is not full."
    yield f"peak: on the fullest phase, of {rating_a} A. overload: above a rating because the building rose,"
    yield "until that could be answered. breaches: above a rating, and no rise of the building explains it."


def as_json(outcomes: Sequence[Outcome], bound_wh: int | None) -> dict[str, Any]:
    """Everything, session by session."""
    return {"bound_wh": bound_wh, "strategies": {outcome.strategy: _as_json(outcome) for outcome in outcomes}}


def charts(lot: Lot, outcomes: Sequence[Outcome]) -> dict[str, Chart]:
    """By file name: the load of the main line under every strategy, and how well sessions were served."""
    rating_a = lot.tree.circuits[ROOT].rating_ma / 1000
    found = {f"load-{outcome.strategy}": _load(outcome, rating_a) for outcome in outcomes if outcome.moments}
    found["fulfilment"] = Chart(
        title="How much of their wish cars get, worst first",
        x_label="percent of the cars",
        y_label="percent of the wish",
        lines=tuple(Line(name=outcome.strategy, points=_ranked(outcome)) for outcome in outcomes),
    )
    return found


def how_many(lot: Lot, trials: Sequence[Trial]) -> Iterator[str]:
    """A line for each number of chargers that was tried, and the answer in a sentence."""
    yield "chargers    cars   wished  of wish    10th   worst  pauses  box dead"
    for trial in trials:
        outcome = trial.outcome
        yield (
            f"{trial.chargers:8}  {len(outcome.sessions):6}  {outcome.wished_wh / 1000:5.0f} kWh"
            f"  {outcome.share:5.0%}  {outcome.tenth_percentile:6.0%}  {outcome.worst:6.0%}"
            f"  {outcome.pauses_per_session:6.1f}  {'fits' if trial.is_proven else 'too much':>8}"
        )
    yield ""
    yield from _answer(lot, trials)


def how_many_chart(trials: Sequence[Trial]) -> Chart:
    """Fulfilment over the number of chargers."""
    return Chart(
        title="How many chargers this connection carries",
        x_label="chargers",
        y_label="percent of the wish",
        lines=(
            Line(name="all together", points=[(t.chargers, 100 * t.outcome.share) for t in trials]),
            Line(
                name="10th percentile",
                points=[(t.chargers, 100 * t.outcome.tenth_percentile) for t in trials],
            ),
            Line(name="worst", points=[(t.chargers, 100 * t.outcome.worst) for t in trials]),
        ),
    )


def _answer(lot: Lot, trials: Sequence[Trial]) -> Iterator[str]:
    good = [trial for trial in trials if trial.is_enough]
    bad = [trial for trial in trials if not trial.is_enough]
    aims = f"{ENOUGH_SHARE:.0%} of all wishes, and {ENOUGH_TENTH:.0%} or more for nine cars of ten"
    rating = f"{lot.tree.circuits[ROOT].rating_ma // 1000} A"
    if not good:
        yield f"{rating} carry no charger as this one with {aims}."
        return
    best = good[-1]
    yield f"{rating} carry {best.chargers} such charger{'s' * (best.chargers != 1)}: {aims}."
    if bad:
        first = next(trial for trial in bad if trial.chargers > best.chargers)
        yield (
            f"With {first.chargers} it is {first.outcome.share:.0%} of all wishes, "
            f"and one car of ten gets less than {first.outcome.tenth_percentile:.0%} of its own."
        )
    if not best.is_proven:
        yield (
            f"Only {most_proven(lot, best.chargers)} of them may keep their fallback: "
            "more need fallback_a = 0, or a smaller, measured building_max_a."
        )


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "wished_wh": outcome.wished_wh,
        "delivered_wh": outcome.delivered_wh,
        "tenth_percentile": outcome.tenth_percentile,
        "worst": outcome.worst,
        "changes_per_hour": outcome.changes_per_hour,
        "pauses_per_session": outcome.pauses_per_session,
        "peaks_ma": outcome.peaks_ma,
        "overload_mas": outcome.overload_mas,
        "breaches": [[each.at_ms, each.circuit, each.phase, each.above_ma] for each in outcome.violations],
        "turned_away": outcome.turned_away,
        "sessions": [
            {
                "bay": session.visit.bay,
                "driver": session.visit.driver,
                "arrives_ms": session.visit.arrives_ms,
                "departs_ms": session.visit.departs_ms,
                "phases": session.visit.car.phases,
                "max_ma": session.visit.car.max_ma,
                "wished_wh": session.wished_wh,
                "delivered_wh": session.delivered_wh,
                "wanting_ms": session.wanting_ms,
                "changes": session.changes,
                "pauses": session.pauses,
            }
            for session in outcome.sessions
        ],
    }


def _load(outcome: Outcome, rating_a: float) -> Chart:
    hours = [moment.at_ms / HOUR_MS for moment in outcome.moments]
    return Chart(
        title=f"Main line under {outcome.strategy}, the fullest phase",
        x_label="hours since the first midnight",
        y_label="A",
        lines=(
            Line(name="everything", points=_fullest(hours, [moment.total_ma for moment in outcome.moments])),
            Line(name="building", points=_fullest(hours, [moment.building_ma for moment in outcome.moments])),
            Line(name="rating", points=[(hours[0], rating_a), (hours[-1], rating_a)], is_limit=True),
        ),
    )


def _fullest(hours: Sequence[float], triples: Sequence[tuple[int, int, int]]) -> list[tuple[float, float]]:
    return [(hour, max(triple) / 1000) for hour, triple in zip(hours, triples, strict=True)]


def _ranked(outcome: Outcome) -> list[tuple[float, float]]:
    ranked = sorted(session.fulfilment for session in outcome.sessions)
    return [(100 * place / max(1, len(ranked) - 1), 100 * part) for place, part in enumerate(ranked)]
