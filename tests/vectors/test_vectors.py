"""Cases that can be checked by hand, one file each, with the same answers on both interpreters."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vectors.settle import settle

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VECTORS = sorted(HERE.glob("*.json"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_lot_settles_where_the_sentence_says(path: Path) -> None:
    vector = json.loads(path.read_text())
    found = settle(vector)
    assert found == vector["expect"], vector["says"]


def test_there_are_enough_of_them_and_each_says_what_it_shows() -> None:
    assert len(VECTORS) >= 60
    sentences = [json.loads(path.read_text())["says"] for path in VECTORS]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") and len(sentence) > 20 for sentence in sentences)


def test_the_other_interpreter_gives_the_same_answers() -> None:
    micropython = shutil.which("micropython", path=str(Path(sys.executable).parent))
    assert micropython is not None
    done = subprocess.run(
        [micropython, "-X", "heapsize=2m", "tests/vectors/settle.py", *(str(path) for path in VECTORS)],
        cwd=ROOT,
        env={"MICROPYPATH": f"{ROOT}:.frozen"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-2000:]
    there = [json.loads(line) for line in done.stdout.splitlines()]
    assert there == [json.loads(path.read_text())["expect"] for path in VECTORS]
