"""The controller as a process of its own, so that it can be killed as a power cut kills it."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from pathlib import Path

STOP_S = 5.0
PRODUCT = "edge.cli.main"
SABOTAGE = "tests.faults.sabotage"
CLOCK = "tests.faults.skewed"
VERBOSE = ("-v",) if "AMPYARD_VERBOSE" in os.environ else ()  # every frame in the controller's log
ROOT = Path(__file__).parents[2]


class Controller:
    """`ampyard run` on a state directory that outlives it. `entry`: the module that is run."""

    def __init__(
        self,
        folder: Path,
        *,
        dead_man_s: int,
        entry: str = PRODUCT,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.state = folder / "state"
        self.log = folder / "controller.log"
        self.socket = folder / "ampyard.sock"
        self.started_ms = 0
        self.lives = 0
        self._site_file = folder / "site.toml"
        self._dead_man_s = dead_man_s
        self._entry = entry
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("it was never started")
        return self._process.pid

    @property
    def journal(self) -> Path:
        return self.state / "journal.db"

    def configure(self, site: str) -> None:
        self._site_file.write_text(site, encoding="utf-8")

    async def start(self, now_ms: int) -> None:
        if self.is_up:
            return
        arguments = ("--state", self.state, "--socket", self.socket, "--dead-man", self._dead_man_s)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-X", "faulthandler", "-m", self._entry, "run", *VERBOSE),
                *map(str, (self._site_file, *arguments)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **self._environment},
            )
        self.started_ms = now_ms
        self.lives += 1

    async def kill(self) -> None:
        """As a power cut does: nothing is told, nothing is flushed."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int | None:
        """As systemd does; the exit code, None when it takes longer than it may."""
        if self._process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            return None

    def told(self) -> str:
        """Everything that it said, in all its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def free_port() -> int:
    """A port that nobody listens on, to be kept through restarts.

    Below those that the kernel gives to outgoing connections: one of them would take it while nobody listens.
    """
    for _ in range(100):
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("0.0.0.0", port))  # noqa: S104  as the controller does
            return port
    raise RuntimeError("no port is free here")
