"""`ampyard uplink`: how every charger fares towards every cloud; and a way to one, tried step by step."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge import settings
from edge.catalogue import guarded, guards
from edge.cli import box, exits, state
from edge.cli.doctor import SITE_FILE
from edge.cli.terminal import print_json
from edge.cli.times import shown
from edge.links.tls import client_context
from edge.settings.model import Secret, Site, UplinkSettings
from edge.settings.secret import file_of, look_up
from edge.site.events import ChargerBooted
from edge.uplink.trial import Route, Step, tried
from edge.uplink.versions import version_of

Json = dict[str, Any]


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--json", action="store_true", help="print what the box answers, as JSON")
    box.declare(parser)
    verbs = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = verbs.add_parser("list", help="each charger towards each cloud: state, what waits, last error")
    box.declare_again(listing)
    trying = verbs.add_parser("test", help="name, port, TLS, identity, version, boot: where the way ends")
    trying.add_argument("uplink", nargs="?", metavar="UPLINK", help="its name (default: all)")
    trying.add_argument("--charger", metavar="NAME", help="as this one (default: its first)")
    trying.add_argument("--file", type=Path, default=SITE_FILE, metavar="FILE", help="the site file")
    box.declare_again(trying)


def run(options: Namespace) -> int:
    """Ask the running controller, or try it from here."""
    try:
        return _test(options) if options.action == "test" else _list(options)
    except (box.BoxUnreachableError, box.BoxRefusedError) as wrong:
        return box.complain("uplink", wrong)


def _list(options: Namespace) -> int:
    uplinks: list[Json] = box.ask(options.socket, "uplinks")
    if options.json:
        print_json(uplinks)
    else:
        for line in lines_of(uplinks):
            print(line)
    return (
        exits.FAULTS if any(each["state"] == "refused" or each["parked"] for each in uplinks) else exits.FINE
    )


def lines_of(uplinks: list[Json]) -> Iterator[str]:
    """A sentence for each cloud, a line for each of its stations."""
    for uplink in uplinks:
        yield f"{uplink['sentence']}  {uplink['url']}, OCPP {uplink['version']}, {uplink['role']}"
        for station in uplink["stations"]:
            waits = f"{station['waiting']} wait" if station["waiting"] else "nothing waits"
            waits += f", {station['parked']} parked" if station["parked"] else ""
            oldest = f", oldest {shown(station['oldest_ms'])}" if station["oldest_ms"] else ""
            since = shown(station["since_ms"])
            error = f"  {station['error']}" if station["error"] else ""
            yield f"  {station['charger']:<12} {station['state']:<8} since {since}  {waits}{oldest}{error}"
    if not uplinks:
        yield "The site file names no cloud."


def _test(options: Namespace) -> int:
    verdict = settings.load(options.file, guards(), chargers=guarded(), proven=state.proven(state.folder()))
    site = verdict.site
    if site is None:
        return _complaint(f"{len(verdict.faults)} faults in {options.file}: ampyard check {options.file}")
    chosen = [each for each in site.uplinks if options.uplink in (None, each.name)]
    if not chosen:
        names = " ".join(each.name for each in site.uplinks) or "none"
        return _complaint(f"no uplink {options.uplink or ''} in {options.file}: there is {names}")
    results = [_tested(uplink, site, options) for uplink in chosen]
    return exits.FINE if all(results) else exits.FAULTS


def _complaint(sentence: str) -> int:
    print(f"ampyard uplink: {sentence}", file=sys.stderr)
    return exits.FAULTS


def _tested(uplink: UplinkSettings, site: Site, options: Namespace) -> bool:
    """Try one uplink and say how far it went; whether all of it is well."""
    charger = options.charger or next(iter(uplink.chargers), None)
    if charger not in uplink.chargers:
        print(f"FAIL  {uplink.name}: it sees no charger {charger or ''}")
        return False
    print(f"{uplink.name}: {uplink.url} as {charger}, OCPP {uplink.version}")
    try:
        route = _route(uplink, site, charger)
    except OSError as error:
        print(f"  FAIL  papers     ca, certificate or key: {error.strerror or error}")
        return False
    return asyncio.run(_tried(route))


async def _tried(route: Route) -> bool:
    step: Step | None = None
    async for step in tried(route):
        print(f"  {'ok  ' if step.is_well else 'FAIL'}  {step.name:<10} {step.sentence}")
        if step.remedy:
            print(f"        {'':<10} try: {step.remedy}")
    return step is not None and step.is_well


def _route(uplink: UplinkSettings, site: Site, charger: str) -> Route:
    tls = None
    if uplink.url.startswith("wss:"):
        tls = client_context(_path(uplink.ca), _path(uplink.certificate), _path(uplink.key))
    station = site.charger(charger).station
    boot = ChargerBooted(
        charger=charger, at_ms=0, seen_ms=0, vendor="Ampyard", model=station[:20], protocol="a trial"
    )
    password = None if uplink.password is None else look_up(uplink.password)
    if uplink.password is not None and password is None:
        name = uplink.password.name
        print(f"  WARN  password   secret {name} is not on this machine: sudo ampyard secret set {name}")
    return Route(
        csms=uplink.name,
        url=uplink.url,
        identity=uplink.identity_of(charger, station),
        password=password,
        version=version_of(uplink.version),
        boot=boot,
        tls=tls,
        proxy=uplink.proxy,
    )


def _path(secret: Secret | None) -> Path | None:
    """Where it is; where it should be is what the complaint names."""
    return None if secret is None else file_of(secret) or Path(secret.name)
