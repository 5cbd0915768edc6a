"""`ampyard demo`: a whole lot on this machine, real OCPP and Modbus, nothing to configure."""

import asyncio
import logging
import socket
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge import settings
from edge.app import Box, Started
from edge.app import run as run_site
from edge.catalogue import guarded, guards
from edge.cli import exits, story
from edge.cli.running import until_signalled
from edge.core.errors import ConfigError
from edge.settings.site_file import SiteFile, read_text
from edge.simulator import control
from edge.simulator.description import WorldPlan, demo
from edge.simulator.world import World

log = logging.getLogger(__name__)

USUAL_PORT = 8080
DEAD_MAN_MS = 60_000
PAUSES = ("Ampyard/Simulator/1.0",)  # tests/simulator shows that it stops at 0 A
FIRST_CARS = (
    ("bay-1", "three-phase"),
    ("bay-2", "fast"),
    ("bay-3", "one-phase"),
    ("bay-5", "three-phase"),
    ("bay-6", "two-phase"),
)
TOKENS = "token,name,group,valid_until\n04A1B2C3D4,Ada,fleet,\n04E5F60718,Ben,,\n"
TOKEN = "04A1B2C3D4"  # noqa: S105  the demo driver's card


def declare(parser: ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--port", type=int, metavar="N", help="the page's port")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what developers want to know")


def run(options: Namespace) -> int:
    """Everything in a temporary folder, until Ctrl-C."""
    story.tell(frames=options.verbose)
    with tempfile.TemporaryDirectory(prefix="ampyard-demo-") as folder:
        try:
            until_signalled(_demo(Path(folder), options.port))
        except ConfigError as error:
            print(f"ampyard demo: {error}", file=sys.stderr)
            return exits.FAULTS
    return exits.FINE


async def _demo(folder: Path, port: int | None) -> None:
    plan = demo(newest="2.0.1")
    world = World(plan)
    await world.open()
    try:
        async with control.serve(world) as control_port, asyncio.TaskGroup() as group:
            _write_site(plan, world, folder)
            box = Box(
                state=folder / "state",
                records=folder / "steps.db",
                socket=folder / "ampyard.sock",
                host="127.0.0.1",
                web_host="127.0.0.1",
                dead_man_ms=DEAD_MAN_MS,
                rehearsal_url=f"http://127.0.0.1:{control_port}",
                proven_pauses=PAUSES,
            )

            def started(running: Started) -> None:
                _welcome(running, box, port)
                group.create_task(world.run(f"ws://127.0.0.1:{running.ocpp_port}/"))
                group.create_task(_first_cars(world))

            group.create_task(_again_and_again(folder, box, _free_port(port), started))
    finally:
        await world.close()


async def _again_and_again(folder: Path, box: Box, web_port: int, started: Callable[[Started], None]) -> None:
    """The controller, anew whenever its file has changed; the ports of the first time stay."""
    first: list[Started] = []

    def note(running: Started) -> None:
        if not first:
            first.append(running)
            started(running)

    anew = True
    while anew:
        path = folder / "site.toml"
        site = settings.load(path, guards(), chargers=guarded()).accepted()
        site = replace(
            site,
            ocpp=replace(site.ocpp, port=first[0].ocpp_port if first else 0),
            web=replace(site.web, port=first[0].web_port if first else web_port),
        )
        file = SiteFile(path, guards(), chargers=guarded(), kept=folder / "adoption", running=read_text(path))
        anew = await run_site(site, replace(box, site_file=file), started=note)


def _write_site(plan: WorldPlan, world: World, folder: Path) -> None:
    """The demo's site file: read and proven like anybody's."""
    (folder / "tokens.csv").write_text(TOKENS, encoding="utf-8")
    host, meter_port = world.meter_address()
    lines = [
        '[site]\nname = "Demo lot"',
        "[grid]\nrating_a = 100\nbuilding_max_a = 40",
        f'[grid.meter]\nmodel = "eastron-sdm630"\nhost = "{host}"\nport = {meter_port}',
        *(
            f'[circuit.{circuit.name}]\nparent = "{circuit.parent}"\nrating_a = {circuit.rating_ma // 1000}'
            for circuit in plan.circuits
            if circuit.parent is not None
        ),
        *(
            f'[charger.{charger.name}]\ncircuit = "{charger.circuit}"\nmax_a = {charger.max_ma // 1000}\n'
            f'phase_rotation = "{charger.rotation}"'
            for charger in plan.chargers
        ),
        '[tokens]\naccept = "known"\nlist = "tokens.csv"',
        f'[uplink.cloud]\nurl = "{world.cloud_url}"',
        "[control]\nhold_up_s = 10\nmin_on_min = 1\nmin_off_min = 0",
    ]
    text = "\n\n".join(lines) + "\n"
    (folder / "site.toml").write_text(text, encoding="utf-8")


def _free_port(wanted: int | None) -> int:
    """The wanted port, else the usual one, else the next that is free."""
    if wanted is not None:
        return wanted
    for port in range(USUAL_PORT, USUAL_PORT + 50):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    return 0


def _welcome(running: Started, box: Box, wanted: int | None) -> None:
    taken = f"     ({USUAL_PORT} was taken)" if wanted is None and running.web_port != USUAL_PORT else ""
    print(
        "Demo lot: 8 chargers, 2 feeders, a meter, a cloud. Simulated, but real OCPP\n"
        "and Modbus on this machine.\n"
        f"  Page   http://127.0.0.1:{running.web_port}{taken}\n"
        "  Try    raise the building, freeze the meter, cut the cloud, let a new charger\n"
        "         appear: buttons there\n"
        f"  Shell  ampyard explain bay-1 --socket {box.socket}\n"
        "Ctrl-C ends and leaves nothing behind.",
        flush=True,
    )


async def _first_cars(world: World) -> None:
    """A morning: cars come one after the other, each with a card."""
    for bay, car in FIRST_CARS:
        while not world.charger_of(bay).is_connected:  # noqa: ASYNC110  the simulator has no bell for it
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)
        world.plug(bay, car)
        await asyncio.sleep(0.5)
        await world.token(bay, TOKEN)
