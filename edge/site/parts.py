"""The parts of a site, made and joined once; who works with them takes what he needs."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.site.alerts import Alerts
from edge.site.authorisation import DAY_MS, Authorisation
from edge.site.availability import Availability
from edge.site.blueprint import Blueprint
from edge.site.boots import Boots
from edge.site.control import Control
from edge.site.documents import Documents
from edge.site.durable import Journal, Store
from edge.site.evidence import Evidence
from edge.site.jobs import Jobs
from edge.site.limits import Limits
from edge.site.needs import Needs
from edge.site.observed import ObservedCharger
from edge.site.passports import FindShipped, Passports
from edge.site.ports import Charger, Clock, Recorder
from edge.site.reservations import Reservations
from edge.site.self_tests import SelfTests
from edge.site.sources import Sources
from edge.site.strangers import Strangers
from edge.site.timekeeping import Timekeeper
from edge.site.tokens import Token, Tokens
from edge.site.transactions import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Each is the one place for what it is named after. `drivers`: how each charger is reached, by name."""

    blueprint: Blueprint
    clock: Clock
    documents: Documents
    observed: dict[str, ObservedCharger]
    drivers: dict[str, Charger]
    tokens: Tokens
    authorisation: Authorisation
    sleepers: set[str]
    transactions: Transactions
    boots: Boots
    timekeeper: Timekeeper
    needs: Needs
    alerts: Alerts
    sources: Sources
    jobs: Jobs
    reservations: Reservations
    strangers: Strangers
    passports: Passports
    self_tests: SelfTests
    control: Control
    availability: Availability
    limits: Limits
    evidence: Evidence


def furnish(
    blueprint: Blueprint,
    journal: Journal,
    clock: Clock,
    store: Store,
    *,
    recorder: Recorder | None,
    tokens: Iterable[Token],
    proven_pauses: Iterable[str],
    shipped: FindShipped,
) -> Parts:
    """Make the parts of a site that is stopped. The arguments are those of `edge.site.site.Site`."""
    documents = Documents(store)
    observed = {name: _observed(blueprint, name) for name in blueprint.chargers}
    drivers: dict[str, Charger] = {}
    sleepers: set[str] = set()
    alerts = Alerts(journal, clock)
    known = Tokens(blueprint.settings.tokens.accept, list(tokens), blueprint.token_groups())
    transactions = Transactions(
        journal,
        clock,
        observed,
        sleepers=sleepers,
        priority_of=known.priority_of,
        group_of=known.group_of,
        most_w=blueprint.most_w(),
    )
    passports = Passports(
        blueprint, observed, clock, documents.remember, shipped=shipped, proven_pauses=set(proven_pauses)
    )
    control = Control(blueprint, observed, clock, recorder, passports=passports)
    evidence = Evidence(clock, remember=documents.remember, voltage_mv=blueprint.settings.voltage_mv)
    return Parts(
        blueprint=blueprint,
        clock=clock,
        documents=documents,
        observed=observed,
        drivers=drivers,
        tokens=known,
        authorisation=_authorisation(blueprint, transactions, clock, known, documents),
        sleepers=sleepers,
        transactions=transactions,
        boots=Boots({name: each.station for name, each in blueprint.chargers.items()}, documents.remember),
        timekeeper=Timekeeper(journal, clock, alert=alerts.raise_here, redate=transactions.redate),
        needs=Needs(clock, documents.remember),
        alerts=alerts,
        sources=Sources(),
        jobs=Jobs(journal, clock),
        reservations=Reservations(journal, clock, documents.remember),
        strangers=Strangers(blueprint.settings.ocpp.unknown),
        passports=passports,
        self_tests=SelfTests(blueprint, observed, clock, drivers, passports),
        control=control,
        availability=Availability(clock, documents.remember, blueprint.settings.timezone),
        limits=_limits(control, blueprint, clock, documents, evidence),
        evidence=evidence,
    )


def _observed(blueprint: Blueprint, name: str) -> ObservedCharger:
    evses = {number: blueprint.evse_ids[name, number] for number in blueprint.numbers(name)}
    return ObservedCharger(name, evses)


def _limits(
    control: Control, blueprint: Blueprint, clock: Clock, documents: Documents, evidence: Evidence
) -> Limits:
    return Limits(
        control.limits,
        blueprint.lot,
        clock,
        remember=documents.remember,
        wake=control.wake,
        hurry=control.hurry,
        note=evidence.note,
    )


def _authorisation(
    blueprint: Blueprint, transactions: Transactions, clock: Clock, tokens: Tokens, documents: Documents
) -> Authorisation:
    may = blueprint.settings.tokens
    return Authorisation(
        tokens,
        clock,
        remember=documents.remember,
        energy_since=transactions.energy_since,
        running=transactions.running,
        offline=may.offline,
        deadline_ms=may.deadline_ms,
        cache_ms=may.cache_days * DAY_MS,
        timezone=blueprint.settings.timezone,
    )
