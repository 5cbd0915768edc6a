"""What hangs on a node's pins: a car with a diode and a contactor that may weld; and the board's process."""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from edge.core.pilot import current_of

ROOT = Path(__file__).parents[2]
MICROPYTHON = Path(sys.executable).parent / "micropython"
PATIENCE_S = 20
U16 = 65_535
PINS = {
    "pilot": "pilot",
    "pilot_adc": "pilot_adc",
    "contactor": "contactor",
    "contact": "contact",
    "rcd": "rcd",
    "alive": "alive",
}


class Plant(asyncio.DatagramProtocol):
    """A socket's surroundings, as its board sees them."""

    def __init__(self):
        self.outputs = {}
        self.is_plugged = False
        self.wants = True
        self.car_ma = 32_000
        self.is_welded = False
        self.has_tripped = False
        self.has_diode = True
        self.beats = 0

    def datagram_received(self, data, address):
        before = self.outputs.get("alive")
        self.outputs = json.loads(data)
        self.beats += self.outputs.get("alive") != before
        self.transport.sendto(json.dumps(self.inputs()).encode(), address)

    def connection_made(self, transport):
        self.transport = transport

    @property
    def offered_ma(self):
        """What the duty tells the car."""
        return current_of(self.outputs.get("duty", U16) * 1_000_000 // U16)

    @property
    def is_closed(self):
        return bool(self.outputs.get("contactor")) or self.is_welded

    @property
    def flowing_ma(self):
        draws = self.is_plugged and self.wants and self.is_closed
        return min(self.offered_ma, self.car_ma) if draws else 0

    def inputs(self):
        high_mv = 12_000
        if self.is_plugged:
            high_mv = 6_000 if self.wants and self.offered_ma else 9_000
        low_mv = -12_000 if self.has_diode or not self.is_plugged else -high_mv
        return {
            "high_mv": high_mv,
            "low_mv": low_mv,
            "contact": 0 if self.is_closed else 1,
            "rcd": 1 if self.has_tripped else 0,
        }

    async def until(self, is_so, timeout_s=PATIENCE_S):
        async with asyncio.timeout(timeout_s):
            while not is_so(self):  # noqa: ASYNC110  the board rings no bell
                await asyncio.sleep(0.02)


class Board:
    """A board's program on the real interpreter."""

    def __init__(self, root, plant_port, *, heap="256k", uarts=None, program=ROOT):
        self.root = Path(root)
        self._environment = {
            "PLANT_PORT": str(plant_port),
            "MICROPYPATH": f"{ROOT / 'tests/boards/double'}:{program}:.frozen",
            **{f"UART_{number}": path for number, path in (uarts or {}).items()},
        }
        self._heap = heap
        self._program = program
        self.process = None

    async def start(self, code):
        """Run these lines."""
        self.process = await asyncio.create_subprocess_exec(
            MICROPYTHON,
            "-X",
            f"heapsize={self._heap}",
            "-c",
            f"import sys; sys.path.insert(0, {str(self._program)!r})\n{code}",
            env={**os.environ, **self._environment},
            cwd=self.root,  # the interpreter looks there first
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def kill(self):
        """Its power is cut; what it had said."""
        if self.process is None:
            return ""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        said = (await self.process.stdout.read()).decode()
        await self.process.wait()
        self.process = None
        return said


@contextlib.asynccontextmanager
async def plant():
    """A plant on a port of its own: (plant, port)."""
    loop = asyncio.get_running_loop()
    transport, surroundings = await loop.create_datagram_endpoint(Plant, local_addr=("127.0.0.1", 0))
    try:
        yield surroundings, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def node(port, **settings):
    """A node at work: (board, its plant). `settings` besides what every node has."""
    with tempfile.TemporaryDirectory(prefix="ampyard-node-") as folder:
        written = {"pins": PINS, "max_ma": 16_000, "fallback_ma": 6_000, "timeout_s": 5, "port": port}
        uarts = settings.pop("uarts", None)
        (Path(folder) / "settings.json").write_text(json.dumps(written | settings))
        async with plant() as (surroundings, plant_port):
            board = Board(folder, plant_port, uarts=uarts)
            await board.start(f"from boards.evse_node.main import main; main({folder!r})")
            try:
                await surroundings.until(lambda plant: plant.beats > 2)
                yield board, surroundings
            finally:
                said = await board.kill()
                if "Traceback" in said:
                    raise AssertionError(said)
