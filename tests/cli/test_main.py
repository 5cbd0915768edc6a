"""The command as a shell runs it: a reader that has seen enough, and arguments out of range."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "edge.cli.main"]


def test_a_reader_that_has_seen_enough_is_no_error():
    with subprocess.Popen(
        [*COMMAND, "models"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kwh", "-1"), "no energy from 0 to 500 kWh"),
        (("--kwh", "501"), "no energy from 0 to 500 kWh"),
        (("--kwh", "nan"), "no energy from 0 to 500 kWh"),
        (("--kwh", "much"), "no energy from 0 to 500 kWh"),
        (("--priority", "10"), "0-9"),
        (("--priority", "-1"), "0-9"),
        (("--leaves", "15d"), "more than 14 days away"),
        (("--leaves", "2020-01-01"), "or over"),
    ],
)
def test_a_need_out_of_range_is_wrong_usage(words, said, capsys):
    with pytest.raises(SystemExit) as left:
        main(["need", "bay-1", *words])
    assert left.value.code == 2
    assert said in capsys.readouterr().err
