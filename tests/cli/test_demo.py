"""`ampyard demo`, as a stranger starts it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def status(page: str) -> dict:
    with urllib.request.urlopen(f"{page}/api/status", timeout=5) as answer:  # noqa: S310  our own
        return json.load(answer)


def test_cars_charge_within_a_minute_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.cli.main", "demo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        page = next(
            found.group(1)
            for line in process.stdout
            if (found := re.search(r"Page\s+(http://127\.0\.0\.1:\d+)", line))
        )
        deadline = time.monotonic() + 60
        measured = 0
        while measured < 2 and time.monotonic() < deadline:
            time.sleep(0.5)
            evses = status(page)["evses"]
            measured = sum(max(evse["measured_ma"] or (0,)) > 5_000 for evse in evses)
        assert measured >= 2
        grid = status(page)["circuits"][0]
        assert grid["meter"]["state"] == "fresh"
        assert max(grid["meter"]["current_ma"]) <= grid["rating_ma"]
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
        assert process.returncode == 0, rest
        assert time.monotonic() - begin < 5
        assert "Traceback" not in rest
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.communicate()
