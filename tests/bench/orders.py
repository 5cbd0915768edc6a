"""Orders between the bench and its processes: one JSON line each way."""

import asyncio
import json
import os
import sys


def keep_to_core(number):
    """A side and its stations must not take turns on one core, as the kernel likes to have it."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


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
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                *map(str, arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109  the repository
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
