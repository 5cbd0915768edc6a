"""Orders between the bench and its processes: one JSON line each way."""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path


def keep_to_core(number):
    """A side and its stations must not take turns on one core, as the kernel likes to have it."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def resident_bytes():
    """What this process has in memory now, garbage collected."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def obey(actor):
    """Do what stdin says, `[method, arguments...]` a line, and answer each on stdout, until it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        method, *arguments = json.loads(line)
        answer = await getattr(actor, method)(*arguments)
        print(json.dumps(answer), flush=True)


class Process:
    """A process that obeys, seen from the bench."""

    def __init__(self, process):
        self.process = process

    @classmethod
    async def start(cls, module, *arguments):
        """`python -m module arguments` beside us."""
        return await cls.start_command(sys.executable, "-m", module, *arguments)

    @classmethod
    async def start_command(cls, *command, **environment):
        """Any command that obeys."""
        return cls(
            await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.getcwd(), **environment},  # noqa: PTH109  the repository
            )
        )

    async def ask(self, method, *arguments, timeout_s=60):
        """Give an order and wait for its answer."""
        self.process.stdin.write(json.dumps([method, *arguments]).encode() + b"\n")
        async with asyncio.timeout(timeout_s):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended with {await self.process.wait()} instead of answering to {method}")
        return json.loads(line)

    async def end(self):
        """No more orders: it ends by itself."""
        self.process.stdin.close()
        async with asyncio.timeout(10):
            await self.process.wait()
