"""`ampyard scan`: what answers on serial lines and in the network, and the beginning of a site file."""

import asyncio
import ipaddress
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from edge.cli import exits
from edge.cli.progress import Bar
from edge.core.errors import DeviceError
from edge.links.modbus_wire import Format
from edge.links.surroundings import local_networks, serial_ports
from edge.meters.proposal import sentence, site_file
from edge.meters.scan import PORT, SETTINGS, UNITS, Found, scan_hosts, scan_line

FILE = Path("scan.toml")
MISSING = "Missing, only you know: rating_a, building_max_a."


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument(
        "--line",
        action="append",
        metavar="PORT",
        help="a serial port; may be given again (default: every one of this machine)",
    )
    parser.add_argument("--no-lines", action="store_true", help="no serial ports")
    parser.add_argument(
        "--setting",
        action="append",
        type=_setting,
        metavar="BAUD-FORMAT",
        help="a speed and format such as 19200-8E1; may be given again (default: six usual ones)",
    )
    parser.add_argument(
        "--units", type=_units, default=UNITS, metavar="FIRST-LAST", help="numbers on a line (default: 1-32)"
    )
    parser.add_argument(
        "--network",
        action="append",
        type=ipaddress.IPv4Network,
        metavar="ADDRESS/BITS",
        help="a network; may be given again (default: those that this machine is in)",
    )
    parser.add_argument("--no-network", action="store_true", help="serial ports alone")
    parser.add_argument("--port", type=int, default=PORT, help=f"of Modbus TCP (default: {PORT})")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help=f"default: {FILE}")


def run(options: Namespace) -> int:
    """Look everywhere, tell what is found, write it down."""
    try:
        found = asyncio.run(_scan(options))
    except KeyboardInterrupt:
        print("stopped: nothing was written", file=sys.stderr)
        return exits.FAULTS
    if not found:
        print("Nothing answers. Is the power on, are A and B the right way round, is Modbus switched on?")
        return exits.FAULTS
    text = site_file(found)
    try:
        with options.out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        print(f"{options.out} is there already and stays as it is: --out another name", file=sys.stderr)
        return exits.FAULTS
    print(f"Proposed: {options.out} ({text.count(chr(10))} lines). {MISSING}")
    return exits.FINE


async def _scan(options: Namespace) -> list[Found]:
    found: list[Found] = []
    with Bar() as bar:
        for port in _ports(options):
            bar.clear()
            settings = options.setting or SETTINGS
            print(f"{port}  {len(settings)} settings, units {options.units[0]}-{options.units[-1]}")
            try:
                async for each in scan_line(port, settings=settings, units=options.units, progress=bar.show):
                    _tell(bar, each, f"{each.unit:>3}  {each.place.baud} {each.place.format}")
                    found.append(each)
            except DeviceError as error:
                bar.clear()
                print(f"  {error}; if the service has it: sudo systemctl stop ampyard", file=sys.stderr)
        for network in _networks(options):
            bar.clear()
            hosts = [str(host) for host in network.hosts()]
            print(f"network {network}  {len(hosts)} addresses")
            async for each in scan_hosts(hosts, port=options.port, progress=bar.show):
                _tell(bar, each, f"{each.place.host} unit {each.unit}")
                found.append(each)
    return found


def _tell(bar: Bar, found: Found, where: str) -> None:
    bar.clear()
    print(f"  {where}  {sentence(found)}", flush=True)


def _ports(options: Namespace) -> Sequence[str]:
    if options.no_lines:
        return []
    return options.line or serial_ports()


def _networks(options: Namespace) -> Sequence[ipaddress.IPv4Network]:
    return [] if options.no_network else options.network or local_networks()


def _setting(text: str) -> tuple[int, Format]:
    match = re.fullmatch(r"(\d+)[-/ ](\w{3})", text)
    if match is None or match[2] not in get_args(Format):
        raise ArgumentTypeError(f"{text}: as in 19200-8E1; formats are {' '.join(get_args(Format))}")
    return int(match[1]), cast("Format", match[2])


def _units(text: str) -> tuple[int, ...]:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 247:
        raise ArgumentTypeError(f"{text}: as in 1-32, at most 1-247")
    return tuple(range(first, last + 1))
