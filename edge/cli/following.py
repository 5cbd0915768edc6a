"""Follows work that a charger has begun until it has ended: new firmware, or a log on its way."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from edge.cli import box, exits

PACE_S = 0.5
_ENDS = {"installed": exits.FINE, "uploaded": exits.FINE, "failed": exits.FAULTS, "idle": exits.FAULTS}


def follow(path: Path, charger: str, request_id: int, *, as_json: bool) -> int:
    """Tell each step until the end; the exit code that it means. Ctrl-C leaves the charger at its work."""
    told = ""
    try:
        while True:
            job = _job(path, charger, request_id)
            if job is None:
                print(f"ampyard charger: {charger} was told to do something else meanwhile", file=sys.stderr)
                return exits.FAULTS
            if job["word"] != told:
                told = job["word"]
                _tell(job, as_json=as_json)
            if job["state"] in _ENDS and told:
                return _ENDS[job["state"]]
            time.sleep(PACE_S)
    except KeyboardInterrupt:
        print(f"\n{charger} goes on; ampyard status shows how far it is", file=sys.stderr)
        return exits.FINE


def _job(path: Path, charger: str, request_id: int) -> dict[str, Any] | None:
    jobs: list[dict[str, Any]] = box.ask(path, "jobs")
    rows = [job for job in jobs if job["charger"] == charger and job["request_id"] == request_id]
    return rows[0] if rows else None


def _tell(job: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(job, ensure_ascii=False), flush=True)
        return
    at = time.strftime("%H:%M:%S", time.localtime(job["since_ms"] / 1000))
    print(f"{at} {job['charger']} {job['job']}: {job['state']} ({job['word']})", flush=True)
