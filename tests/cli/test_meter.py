"""`ampyard meter` shows what the box's meters say, and what one device says by itself."""

import asyncio
import json

from edge.cli.main import main
from edge.simulator.meter import Meter
from edge.simulator.registers import Fault
from edge.simulator.rtu_line import RtuLine
from tests.cli.typed import typed
from tests.web.real_box import real_box


async def meter(*arguments):
    return await asyncio.to_thread(main, ["meter", *arguments])


def metering(model):
    simulated = Meter(model, refresh_ms=0)
    simulated.measure((41_000, 38_000, 0), 0)
    simulated.measure((41_000, 38_000, 0), 360_000_000)
    return simulated


async def test_a_device_by_itself_whose_model_is_found(capsys):
    simulated = metering("eastron-sdm630")
    await simulated.start()
    assert await meter(f"127.0.0.1:{simulated.port}", "--times", "1") == 0
    told = capsys.readouterr()
    assert told.err.startswith("eastron-sdm630: SDM630-Modbus")
    assert "41.0 38.0 0.0 A" in told.out
    assert "in 1817.0 kWh" in told.out
    assert "50.0 Hz" in told.out
    await simulated.stop()


async def test_a_device_on_a_serial_line_with_a_map_of_its_own(capsys):
    wire = RtuLine(baud=115_200, think_ms=1)
    wire.devices.append((1, metering("sunspec-meter")))
    wire.open()
    place = [str(wire.path), "--baud", "115200", "--model", "sunspec-meter"]
    assert await meter(*place, "--times", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "sunspec-meter"
    assert [round(ma / 1000) for ma in told["values"]["current"]] == [41, 38, 0]
    wire.close()


async def test_the_meters_of_a_box_and_the_cause_where_one_is_no_good(tmp_path, capsys):
    async with real_box(tmp_path) as box:
        await box.until(lambda status: status.circuits and status.circuits[0].meter.state == "fresh")
        code, out, _ = await typed(capsys, "meter", "--socket", box.path)
        assert code == 0
        assert out.startswith("grid         fresh   2")
        box.world.meter_fault(Fault.SWAPPED)
        await box.until(lambda status: status.circuits[0].meter.trouble)
        code, out, _ = await typed(capsys, "meter", "--socket", box.path)
        assert code == 1
        assert "with its words in the other order it would fit" in out


def test_nothing_there(capsys):
    assert main(["meter", "127.0.0.1:1", "--times", "1"]) == 3
    assert "refuses connections, or is not there" in capsys.readouterr().err


def test_no_box(tmp_path, capsys):
    assert main(["meter", "--socket", str(tmp_path / "none.sock")]) == 3
    assert "ampyard meter" in capsys.readouterr().err
