"""The controller on a box whose wall clock jumps: AMPYARD_CLOCK names a file with the offset in seconds."""

import os
import sys
import time
from pathlib import Path

from edge.cli.main import main
from edge.links.clock import SystemClock

OFFSET = Path(os.environ["AMPYARD_CLOCK"])


def skewed_ms(_clock: SystemClock) -> int:
    return time.time_ns() // 1_000_000 + int(OFFSET.read_text(encoding="ascii") or 0) * 1_000


if __name__ == "__main__":
    SystemClock.now_ms = skewed_ms
    sys.exit(main())
