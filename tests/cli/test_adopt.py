"""A charger is adopted at a running controller: proven, written, started anew, and the charger is there."""

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest

from edge.cli import exits
from edge.cli.main import main
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.charger import Charger
from edge.simulator.conversation import Pace
from edge.simulator.station import StationPlan
from edge.simulator.world import mono_ms, wall_ms
from tests.cli.test_run import GOOD, ROOT, free_port

PACE = Pace(answer_s=3.0, reconnect_s=0.2, boot_s=0.1)


class Controller:
    """A real process, and what it tells, line by line."""

    def __init__(self, process, folder, ocpp):
        self.process = process
        self.folder = folder
        self.socket = folder / "ampyard.sock"
        self.url = f"ws://127.0.0.1:{ocpp}"

    async def told(self, *words):
        """The next line with all of these words."""
        async with asyncio.timeout(20):
            while line := (await self.process.stdout.readline()).decode():
                if all(word in line for word in words):
                    return line
        raise AssertionError(words)

    async def stranger(self, capsys):
        """The list of who waits, as soon as somebody does."""
        async with asyncio.timeout(10):
            while True:
                assert await self.ampyard("adopt") == exits.FINE
                if "No new charger" not in (listed := capsys.readouterr().out):
                    return listed

    async def ampyard(self, *arguments):
        return await asyncio.to_thread(main, [*arguments, "--socket", str(self.socket)])


@contextlib.asynccontextmanager
async def controller(folder):
    site, ocpp = folder / "site.toml", free_port()
    site.write_text(GOOD.format(ocpp=ocpp, web=free_port()) + "# kept\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "edge.cli.main", "run", str(site), "--state", str(folder / "state")),
        *("--socket", str(folder / "ampyard.sock")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        running = Controller(process, folder, ocpp)
        await running.told("command")
        yield running
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def simulated(name, url):
    evses = {name: Evse(EvsePlan(name=name, circuit="grid"), voltage_mv=230_000)}
    plan = StationPlan(name=name, evses=(name,))
    charger = Charger(plan, evses, url=url, mono_ms=mono_ms, wall_ms=wall_ms, pace=PACE)
    living = asyncio.create_task(charger.run())
    try:
        yield charger
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)


async def test_from_a_stranger_to_a_charger_of_the_site_and_back(tmp_path: Path, capsys) -> None:
    async with controller(tmp_path) as box, simulated("AL-4711", box.url):
        await box.told("AL-4711 connected", "no place")
        assert "AL-4711  Ampyard Simulator 1.0  127.0.0.1  0 min" in await box.stranger(capsys)

        before = (tmp_path / "site.toml").read_text()
        assert await box.ampyard("adopt", "AL-4711", "bay-2", "--max", "80") == exits.FAULTS
        assert "over-circuit\n  found    80 A on grid, rating 63 A" in capsys.readouterr().out
        assert (tmp_path / "site.toml").read_text() == before

        pid = box.process.pid
        assert await box.ampyard("adopt", "AL-4711", "bay-2", "--max", "16") == exits.FINE
        said = capsys.readouterr().out
        assert said.startswith("grid: 46 -> 52 of 63 A. Proven.\nsite.toml: 4 lines added after line 7")
        await box.told("starts anew")
        await box.told("bay-2 connected")
        await box.told("bay-2 Ampyard Simulator")  # it was asked to boot, and is accepted now
        await box.told("bay-2 fallback 6 A accepted")
        assert box.process.pid == pid
        assert box.process.returncode is None

        assert await box.ampyard("adopt", "--undo") == exits.FINE
        assert (tmp_path / "site.toml").read_text() == before
        await box.told("AL-4711 connected", "no place")


async def test_a_broken_charger_is_replaced_and_the_new_one_asked_who_it_is(tmp_path: Path, capsys) -> None:
    async with controller(tmp_path) as box:
        async with simulated("bay-1", box.url):
            await box.told("bay-1 fallback 6 A accepted")
        async with simulated("AL-4711", box.url):
            assert "AL-4711" in await box.stranger(capsys)
            assert await box.ampyard("adopt", "AL-4711", "--as", "bay-1") == exits.FINE
            assert 'station = "AL-4711"' in (tmp_path / "site.toml").read_text()
            await box.told("starts anew")
            await box.told("bay-1 Ampyard Simulator")


@pytest.mark.parametrize("arguments", [("AL-4711",), ("AL-4711", "bay-2", "--as", "bay-1")])
def test_a_name_or_whose_place_it_takes_but_not_both(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert main(["adopt", *arguments, "--socket", str(tmp_path / "none")]) == exits.USAGE


def test_without_a_controller_it_says_so(tmp_path: Path) -> None:
    assert main(["adopt", "--socket", str(tmp_path / "none")]) == exits.UNREACHABLE
