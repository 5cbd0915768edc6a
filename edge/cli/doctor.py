"""`ampyard doctor`: what is well with this box and its lot, what somebody must know, what to try."""

import os
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge import settings
from edge.catalogue import guarded, guards
from edge.catalogue.boards import board_of
from edge.cli import box, exits, pins, state, terminal
from edge.core.errors import ConfigError
from edge.links.clock import TIMESYNC
from edge.settings.model import Site

Json = dict[str, Any]
Level = Literal["ok", "WARN", "FAIL"]
SITE_FILE = Path("/etc/ampyard/site.toml")
LEAST_FREE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: how it is, about what, in a sentence, and what to try where it is not well."""

    level: Level
    about: str
    sentence: str
    remedy: str = ""


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    box.declare(parser)
    parser.add_argument("--file", type=Path, default=SITE_FILE, metavar="FILE", help="the site file")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where the journal is")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell also what is well")


def run(options: Namespace) -> int:
    """Look at everything; 1 where something fails."""
    findings = list(examined(options))
    screen = terminal.of()
    colours = {"WARN": "amber", "FAIL": "red"}
    for finding in findings:
        if finding.level == "ok" and not options.verbose:
            continue
        word = f"{finding.level:<5}"
        word = screen.paint(word, colours[finding.level]) if finding.level in colours else word
        print(f"{word} {finding.about:<11} {finding.sentence}")
        if finding.remedy:
            print(f"      {'':<11} try: {finding.remedy}")
    counts = {level: sum(finding.level == level for finding in findings) for level in ("ok", "WARN", "FAIL")}
    hidden = "" if options.verbose else f"{counts['ok']} ok-checks hidden (-v). "
    print(f"{hidden}{_count(counts['FAIL'], 'failure')}, {_count(counts['WARN'], 'warning')}.")
    return exits.FAULTS if counts["FAIL"] else exits.FINE


def examined(options: Namespace) -> Iterator[Finding]:
    """Every check, the machine first."""
    yield _clock()
    yield _disk(options.state or state.folder())
    yield from _site_file(options.file, options.state or state.folder())
    try:
        status: Json = box.ask(options.socket, "status")
    except (box.BoxUnreachableError, box.BoxRefusedError) as lost:
        yield Finding(
            level="FAIL", about="service", sentence=str(lost), remedy="sudo systemctl status ampyard"
        )
        return
    yield Finding(level="ok", about="service", sentence=f"{status['cycle']} cycles")
    for check in (_cycle, _meters, _chargers, _uplinks, _alerts, _strangers):
        yield from check(status)
    yield from _passports(options, status)


def _clock() -> Finding:
    if TIMESYNC.exists():
        return Finding(level="ok", about="clock", sentence="synchronised")
    return Finding(
        level="WARN",
        about="clock",
        sentence="nobody knows whether it is right: records are marked as unsure",
        remedy="sudo apt-get install systemd-timesyncd, and a time server that is in reach",
    )


def _disk(folder: Path) -> Finding:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(place)
    share = usage.free / usage.total
    sentence = f"{share:.0%} free, {usage.free / 1e9:.1f} GB"
    if share < LEAST_FREE:
        return Finding(
            level="FAIL", about="disk", sentence=sentence, remedy=f"make room on the disk of {place}"
        )
    return Finding(level="ok", about="disk", sentence=sentence)


def _site_file(file: Path, folder: Path) -> Iterator[Finding]:
    try:
        verdict = settings.load(file, guards(), chargers=guarded(), proven=state.proven(folder))
    except OSError as error:
        yield Finding(level="FAIL", about="site file", sentence=f"{file}: {error.strerror}")
        return
    if verdict.site is None:
        sentence = f"{len(verdict.faults)} faults in {file}"
        yield Finding(level="FAIL", about="site file", sentence=sentence, remedy=f"ampyard check {file}")
        return
    grid = verdict.sums[0]
    sentence = f"{-(-max(grid.box_dead) // 1000)} of {grid.rating_ma // 1000} A without this box"
    yield Finding(level="ok", about="fallback", sentence=sentence)
    for caution in verdict.cautions:
        yield Finding(level="WARN", about=caution.keyword, sentence=caution.render(str(file)))
    yield from _ports(verdict.site)


def _ports(site: Site) -> Iterator[Finding]:
    """Whether the serial ports of the file are there, and may be opened."""
    try:
        board = board_of(site)
    except ConfigError as error:
        yield Finding(level="FAIL", about="board", sentence=str(error), remedy="ampyard board --list")
        return
    for trouble in pins.troubles(site):
        yield Finding(level="FAIL", about="pins", sentence=trouble, remedy="ampyard board")
    lines = {charger.modbus.line for charger in site.chargers if charger.modbus} | {
        circuit.meter.line for circuit in site.circuits if circuit.meter
    }
    for line in lines:
        if line is None or line.host:
            continue
        device = line.device if board is None else board.devices.get(line.device, line.device)
        if not Path(device).exists():
            yield Finding(level="FAIL", about=line.name, sentence=f"{device} is not there")
        elif not os.access(device, os.R_OK | os.W_OK):
            remedy = "sudo ampyard doctor, or put yourself into group dialout"
            yield Finding(level="WARN", about=line.name, sentence=f"{device}: not for you", remedy=remedy)
        else:
            yield Finding(level="ok", about=line.name, sentence=device)


def _cycle(status: Json) -> Iterator[Finding]:
    slowest_ms = status["slowest_cycle_ms"]
    level: Level = "ok" if slowest_ms < 500 else "WARN"
    yield Finding(level=level, about="cycle", sentence=f"the slowest of the last minute took {slowest_ms} ms")


def _meters(status: Json) -> Iterator[Finding]:
    for circuit in status["circuits"]:
        meter = circuit["meter"]
        if meter is None:
            continue
        if meter["state"] == "fresh":
            yield Finding(level="ok", about=circuit["name"], sentence="its meter is fresh")
        else:
            cause = f": {meter['trouble']}" if meter["trouble"] else ""
            yield Finding(
                level="FAIL",
                about=circuit["name"],
                sentence=f"its meter is {meter['state']}{cause}",
                remedy="ampyard meter",
            )


def _chargers(status: Json) -> Iterator[Finding]:
    for evse in status["evses"]:
        level: Level = "ok" if evse["severity"] == "fine" else "FAIL"
        if evse["severity"] == "know":
            level = "WARN"
        yield Finding(level=level, about=evse["id"], sentence=evse["sentence"])


def _uplinks(status: Json) -> Iterator[Finding]:
    for uplink in status["uplinks"]:
        level: Level = "ok" if uplink["state"] == "up" else "WARN"
        if uplink["state"] == "refused" or uplink["parked"]:
            level = "FAIL"
        remedy = ""
        if uplink["parked"]:
            remedy = f"ampyard journal parked, ampyard journal retry {uplink['csms']}"
        elif uplink["state"] == "refused":
            remedy = f"sudo ampyard secret set {uplink['csms']}"
        yield Finding(level=level, about=uplink["csms"], sentence=uplink["sentence"], remedy=remedy)


def _alerts(status: Json) -> Iterator[Finding]:
    for alert in status["alerts"]:
        yield Finding(level="WARN", about="alert", sentence=alert)


def _strangers(status: Json) -> Iterator[Finding]:
    for stranger in status["strangers"]:
        level: Level = "FAIL" if stranger["severity"] == "act" else "WARN"
        yield Finding(
            level=level, about=stranger["station"], sentence=stranger["sentence"], remedy="ampyard adopt"
        )


def _passports(options: Namespace, status: Json) -> Iterator[Finding]:
    """Fallbacks that were accepted, but never seen to fire."""
    for name in sorted({evse["charger"] for evse in status["evses"] if evse["link"] == "up"}):
        ask: Callable[..., Json] = box.ask
        try:
            shown = ask(options.socket, "chargers", name, "passport")
        except (box.BoxUnreachableError, box.BoxRefusedError):
            continue
        brief = str(shown.get("brief", ""))
        if "not tested" in brief or "does not fire" in brief:
            level: Level = "FAIL" if "does not fire" in brief else "WARN"
            remedy = f"ampyard passport {name} --self-test"
            yield Finding(level=level, about=name, sentence=brief, remedy=remedy)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
