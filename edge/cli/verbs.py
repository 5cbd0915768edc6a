"""The verbs of the command. A new one is a module with `declare` and `run`, and a line here."""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable


class VerbModule(Protocol):
    """What a verb's module offers."""

    def declare(self, parser: ArgumentParser) -> None:
        """Add the verb's arguments."""

    def run(self, options: Namespace) -> int:
        """Do it; answer the exit code."""


@runtime_checkable
class LateVerbModule(Protocol):
    """A verb whose arguments depend on the words that follow it."""

    def declare_for(self, parser: ArgumentParser, words: Sequence[str]) -> None:
        """Add the arguments that these words need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: its name, one line for the list of verbs, and where it is done."""

    name: str
    summary: str
    module: str

    def load(self) -> VerbModule:
        """Import its module, and with it what only this verb needs."""
        return cast("VerbModule", importlib.import_module(self.module))


VERBS = (
    Verb(name="demo", summary="a whole lot on this machine, to look at and to break", module="edge.cli.demo"),
    Verb(name="run", summary="run the controller of a site", module="edge.cli.run"),
    Verb(name="check", summary="prove a site file, or tell every fault in it", module="edge.cli.check"),
    Verb(
        name="simulate",
        summary="whole days of a site in a minute, our rule beside others",
        module="edge.cli.simulate",
    ),
    Verb(
        name="need",
        summary="say what a bay's driver needs; what is left out is open again",
        module="edge.cli.need",
    ),
    Verb(
        name="ramp",
        summary="step a charger down and up, and show what flows beside what is offered",
        module="edge.cli.ramp",
    ),
    Verb(
        name="charger",
        summary="list the chargers, or have one do something",
        module="edge.cli.charger",
    ),
    Verb(name="token", summary="list, add, block or remove cards", module="edge.cli.token"),
    Verb(name="transaction", summary="list transactions, or stop one", module="edge.cli.transaction"),
    Verb(name="tariff", summary="what drivers pay, and who pays by which tariff", module="edge.cli.tariff"),
    Verb(name="export", summary="records of sessions: CSV, or CDRs of OCPI 2.2.1", module="edge.cli.export"),
    Verb(name="grid", summary="the grid operator's commands, and what they led to", module="edge.cli.grid"),
    Verb(
        name="report", summary="a month: energy, cost and use of bays; also as PDF", module="edge.cli.report"
    ),
    Verb(
        name="reconcile",
        summary="whether every Wh was booked once, and what does not add up",
        module="edge.cli.reconcile",
    ),
    Verb(
        name="journal",
        summary="what is written: inspect, search, verify, retry, backup, restore",
        module="edge.cli.journal",
    ),
    Verb(name="roaming", summary="cards of other providers", module="edge.cli.roaming"),
    Verb(name="reservation", summary="list, add or cancel reservations", module="edge.cli.reservation"),
    Verb(
        name="adopt",
        summary="give a new charger its place, proven first; without arguments: who waits",
        module="edge.cli.adopt",
    ),
    Verb(
        name="passport",
        summary="show what a charger proved that it can do, or test its dead man",
        module="edge.cli.passport",
    ),
    Verb(name="explain", summary="say why a bay is offered what it is offered", module="edge.cli.explain"),
    Verb(
        name="scan",
        summary="find the meters on serial lines and in the network, propose a site file",
        module="edge.cli.scan",
    ),
    Verb(
        name="board", summary="boards, their pins and ports, and whether they work", module="edge.cli.board"
    ),
    Verb(name="meter", summary="show what meters say now", module="edge.cli.meter"),
    Verb(
        name="models",
        summary="list the meters, or the Modbus chargers, that are known",
        module="edge.cli.models",
    ),
    Verb(
        name="uplink",
        summary="how every charger fares towards every cloud; or try the way to one",
        module="edge.cli.uplink",
    ),
    Verb(name="status", summary="show the whole lot on one screen", module="edge.cli.status"),
    Verb(name="doctor", summary="what is well here, what is not, and what to try", module="edge.cli.doctor"),
    Verb(name="backup", summary="site file, lists, secrets, journal: one file", module="edge.cli.backup"),
    Verb(name="restore", summary="make this box the one of a backup", module="edge.cli.restore"),
    Verb(name="secret", summary="put a password where only the service finds it", module="edge.cli.secret"),
)
