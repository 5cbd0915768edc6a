"""`ampyard scan` tells what it finds, and writes the beginning of a site file once."""

import asyncio
import random

import pytest

from edge.cli.main import main
from edge.simulator.meter import Meter
from edge.simulator.modbus import TcpHost


async def scan(port, *arguments):
    words = ["scan", "--no-lines", "--network", "127.0.10.64/29", "--port", str(port), *arguments]
    return await asyncio.to_thread(main, words)


def metering(model, flows):
    meter = Meter(model, refresh_ms=0)
    meter.measure(flows, 0)
    meter.measure(flows, 360_000_000)
    return meter


async def test_two_meters_in_a_network(tmp_path, capsys):
    grid = TcpHost({1: metering("janitza-umg96-series", (41_000, 38_000, 44_000))}, host="127.0.10.65")
    await grid.start()
    heat = TcpHost({1: metering("eastron-sdm72", (9_000,) * 3)}, host="127.0.10.70", port=grid.port)
    await heat.start()
    file = tmp_path / "scan.toml"
    assert await scan(grid.port, "--out", str(file)) == 0
    told = capsys.readouterr().out
    assert "network 127.0.10.64/29  6 addresses" in told
    assert "  127.0.10.65 unit 1  janitza-umg96-series   2" in told
    assert "41 38 44 A   guards a fuse" in told
    assert "  127.0.10.70 unit 1  eastron-sdm72   energy only" in told
    text = file.read_text()
    assert f'host  = "127.0.10.65"\nport  = {grid.port}\n' in text
    assert "# Also there: 127.0.10.70" in text
    assert told.endswith("Missing, only you know: rating_a, building_max_a.\n")
    assert await scan(grid.port, "--out", str(file)) == 1
    assert "is there already and stays as it is" in capsys.readouterr().err
    assert file.read_text() == text
    await grid.stop()
    await heat.stop()


async def test_nothing_found_is_a_failure_with_advice(tmp_path, capsys):
    port = random.randint(20_000, 30_000)
    assert await scan(port, "--out", str(tmp_path / "x.toml")) == 1
    assert "Nothing answers" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_port_that_cannot_be_opened(tmp_path, capsys):
    assert main(["scan", "--line", str(tmp_path / "tty"), "--no-network", "--setting", "9600-8N1"]) == 1
    assert "cannot be opened with 9600 Bd 8N1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--units", "0-5"], ["--units", "9-3"], ["--setting", "9600-7N1"], ["--network", "10.0.0.0/33"]],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["scan", *arguments])
    assert caught.value.code == 2
    assert arguments[1] in capsys.readouterr().err
