"""Fires frames at the real controller over real WebSockets: `python -m tests.faults.fuzz --frames 1000000`.

Half of them are made from the published schemas, whole or broken by chance, in both directions: what the
controller asks is answered in the same spirit. The other half is the catalogue of `hostile`. Meanwhile
another charger beats. What must hold: the controller lives and says of nothing that it could not handle it,
every CALL is answered, and every beat.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from edge.simulator.world import mono_ms
from tests.faults.controller import PRODUCT, SABOTAGE, Controller, free_port
from tests.faults.hostile import ANSWERED, CATALOGUE, ENDS_THE_CONNECTION, NAMELESS
from tests.ocpp.published import BY_CHARGERS, BY_NEW_CHARGERS, actions, broken, by_chance, schema_of

HOST = "127.0.0.1"
BATCH = 24  # below what the controller lets one charger leave open
ANSWER_S = 30.0
LATEST_BEAT_MS = 2_000
BEAT_S = 0.05
SPOILT = re.compile(r"Traceback|could not be handled|never retrieved|Fatal Python error|MemoryError")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What the attackers speak."""

    subprotocol: str
    package: str
    boot: dict
    by_chargers: tuple[str, ...]
    suffix: str = ""
    obliging: dict


BOOT = {"chargingStation": {"vendorName": "Fuzz", "model": "Fuzz"}, "reason": "PowerUp"}
VERSIONS = {
    "1.6": Version(
        subprotocol="ocpp1.6",
        package="v16",
        boot={"chargePointVendor": "Fuzz", "chargePointModel": "Fuzz"},
        by_chargers=BY_CHARGERS,
        obliging={"GetConfiguration": {}},
    ),
    "2.0.1": Version(
        subprotocol="ocpp2.0.1",
        package="v201",
        boot=BOOT,
        by_chargers=BY_NEW_CHARGERS,
        suffix="Request",
        obliging={"GetVariables": {}, "SetVariables": {}},
    ),
    "2.1": Version(
        subprotocol="ocpp2.1",
        package="v21",
        boot=BOOT,
        by_chargers=tuple(actions("v21")),  # and what only we may ask
        suffix="Request",
        obliging={"GetVariables": {}, "SetVariables": {}},
    ),
}
SITE = """
[site]
name = "Fuzz"

[grid]
rating_a = 200
building_max_a = 20

[ocpp]
port = {ocpp_port}

[web]
port = {web_port}

[tokens]
accept = "all"
"""
CHARGER = """
[charger.{name}]
max_a = 16
phase_rotation = "L1L2L3"
"""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was sent, and what came of it."""

    frames: int = 0
    calls: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    unanswered: list[str] = field(default_factory=list)
    lost_links: int = 0
    ended: int = 0
    beats_ms: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    crashes: list[str] = field(default_factory=list)
    rss_kib: tuple[int, int] = (0, 0)

    @property
    def is_clean(self) -> bool:
        return (
            not (self.unanswered or self.crashes or self.lost_links) and max(self.beats_ms) < LATEST_BEAT_MS
        )

    def lines(self):
        beats = sorted(self.beats_ms)
        usual, late = beats[len(beats) // 2], beats[len(beats) * 99 // 100]
        codes = ", ".join(f"{code} {count:,}" for code, count in self.answers.most_common())
        yield f"frames      {self.frames:,} in {self.seconds:.0f} s; {self.calls:,} of them CALLs with an id"
        yield f"answers     {codes}"
        yield f"unanswered  {_listed(self.unanswered)}"
        yield f"links lost  {self.lost_links}, besides {self.ended} that had to end"
        yield f"crashes     {_listed(self.crashes)}"
        yield f"heartbeats  {len(beats):,} of another charger: the median answered in {usual:.1f} ms,"
        yield f"            99 of 100 in {late:.0f} ms, the slowest in {beats[-1]:.0f} ms"
        yield f"asked of us {sum(self.asked.values()):,} CALLs of the controller, answered well and badly"
        yield f"memory      {self.rss_kib[0]:,} KiB before, {self.rss_kib[1]:,} KiB after"


def _listed(found: list[str]) -> str:
    return str(len(found)) + "".join(f"\n  {each}" for each in found[:20])


class Attacker:
    """One charger that sends anything."""

    def __init__(
        self,
        url: str,
        name: str,
        dice: random.Random,
        tally: Tally,
        *,
        version: Version,
        patience_s: float = ANSWER_S,
    ) -> None:
        self._version = version
        self._url = f"{url}/{name}"
        self._name = name
        self._dice = dice
        self._tally = tally
        self._patience_s = patience_s
        self._last = 0
        self._expected: dict[str, str] = {}
        self._nameless = 0
        self._all_answered = asyncio.Event()

    async def fire(self, frames: int) -> None:
        """Send this many, in batches; the next one when every answer of the last has come."""
        sent, protocol = 0, self._version.subprotocol
        async with aiohttp.ClientSession() as session:
            while sent < frames:
                async with session.ws_connect(self._url, protocols=(protocol,), max_msg_size=0) as socket:
                    listening = asyncio.create_task(self._listen(socket))
                    try:
                        await self._send(socket, self._call("BootNotification", self._version.boot))
                        while sent < frames and not listening.done():
                            size = min(BATCH, frames - sent)
                            sent += size
                            await self._batch(socket, size, listening)
                    finally:
                        listening.cancel()
                        await asyncio.gather(listening, return_exceptions=True)
                if sent < frames:
                    self._tally.lost_links += 1

    async def _batch(self, socket, size, listening) -> None:
        for turn in range(size):
            await self._send(socket, self._whole_or_broken() if turn % 2 else self._hostile())
        self._tally.frames += size
        waiting = asyncio.create_task(self._all_answered.wait())
        await asyncio.wait(
            {waiting, listening}, timeout=self._patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if not self._all_answered.is_set():
            self._tally.unanswered.extend(what[:200] for what in self._expected.values())
            self._tally.unanswered.extend(["a nameless frame"] * self._nameless)
            self._expected.clear()
            self._nameless = 0

    async def _send(self, socket, frame: str | bytes) -> None:
        self._all_answered.clear()
        with contextlib.suppress(ConnectionError):
            await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
        if not self._expected and not self._nameless:
            self._all_answered.set()

    def _id(self) -> str:
        self._last += 1
        return f"{self._name}-{self._last}"

    def _call(self, action: str, payload: object) -> str:
        id_ = self._id()
        text = json.dumps([2, id_, action, payload])
        self._expect(id_, text)
        return text

    def _expect(self, id_: str, what: str) -> None:
        self._expected[id_] = what
        self._tally.calls += 1

    def _whole_or_broken(self) -> str:
        version = self._version
        action = self._dice.choice(version.by_chargers)
        payload = by_chance(schema_of(action + version.suffix, version.package), self._dice)
        for _ in range(self._dice.choice((0, 0, 1, 1, 2))):
            payload = broken(payload, self._dice)
        return self._call(action, payload)

    def _hostile(self) -> str | bytes:
        """Of the catalogue; what is large comes seldom."""
        while True:
            each = self._dice.choice(CATALOGUE)
            id_ = self._id()
            frame = each.frame(id_)
            if len(frame) < 2_000 or self._dice.random() < 0.02:
                break
        if each.fate == ANSWERED:
            self._expect(id_, each.name)
        elif each.fate == NAMELESS:
            self._nameless += 1
        return frame

    async def _listen(self, socket) -> None:
        async for message in socket:
            kind, id_, *rest = json.loads(message.data)
            if kind == 2:
                await socket.send_str(self._reply(id_, *rest))
                continue
            self._tally.answers["a result" if kind == 3 else rest[0]] += 1
            if id_ == "-1":
                self._nameless -= 1
            else:
                self._expected.pop(id_, None)
            if not self._expected and not self._nameless:
                self._all_answered.set()

    def _reply(self, id_: str, action: str, _payload: object) -> str:
        self._tally.asked[action] += 1
        if self._dice.random() < 0.1:
            return json.dumps([4, id_, self._dice.choice(("NotSupported", "?", "")), "no", {}])
        payload = by_chance(schema_of(action + "Response", self._version.package), self._dice)
        if self._dice.random() < 0.5:
            payload = broken(payload, self._dice)
        return json.dumps([3, id_, payload])


async def end_connections(url: str, name: str, tally: Tally, stop: asyncio.Event, version: Version) -> None:
    """Again and again a connection that breaks the WebSocket itself; it must end, and nothing else."""
    frames = list(ENDS_THE_CONNECTION.items())
    while not stop.is_set():
        what, frame = frames[tally.ended % len(frames)]
        reader, writer = await handshake(url, name, version.subprotocol)
        try:
            writer.write(frame())
            async with asyncio.timeout(ANSWER_S):
                while await reader.read(65_536):
                    pass
        except TimeoutError:
            tally.unanswered.append(f"the connection did not end: {what}")
        except ConnectionError:
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        tally.ended += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.2)


async def handshake(url: str, name: str, subprotocol: str = "ocpp1.6"):
    host, _, port = url.removeprefix("ws://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /{name} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def beat(url: str, name: str, tally: Tally, stop: asyncio.Event, version: Version) -> None:
    """Another charger, which behaves: how long each of its heartbeats waits for its answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/{name}", protocols=(version.subprotocol,)) as socket,
    ):
        await socket.send_str(json.dumps([2, "boot", "BootNotification", version.boot]))
        await _answer(socket, "boot", version)
        number = 0
        while not stop.is_set():
            number += 1
            began = time.perf_counter()
            await socket.send_str(f'[2,"{number}","Heartbeat",{{}}]')
            async with asyncio.timeout(ANSWER_S):
                await _answer(socket, str(number), version)
            tally.beats_ms.append((time.perf_counter() - began) * 1_000)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S)


async def _answer(socket, id_: str, version: Version) -> None:
    while True:
        kind, got, *rest = json.loads((await socket.receive()).data)
        if kind == 2:
            answer = version.obliging.get(rest[0], {"status": "Rejected"})
            await socket.send_str(json.dumps([3, got, answer]))
        elif got == id_:
            return


async def fuzz(
    folder: Path,
    *,
    frames: int,
    seed: int,
    connections: int = 8,
    patience_s: float = ANSWER_S,
    sabotage: str | None = None,
    version: str = "1.6",
) -> Tally:
    """All of it; the controller is started and stopped."""
    port = free_port()
    environment = {"SABOTAGE": sabotage} if sabotage else {}
    entry = SABOTAGE if sabotage else PRODUCT
    controller = Controller(folder, dead_man_s=90, entry=entry, environment=environment)
    names = [f"fuzz-{number}" for number in range(connections)]
    site = SITE.format(ocpp_port=port, web_port=free_port())
    controller.configure(site + "".join(CHARGER.format(name=name) for name in (*names, "beat", "ends")))
    await controller.start(mono_ms())
    tally, stop, url, spoken = Tally(), asyncio.Event(), f"ws://{HOST}:{port}", VERSIONS[version]
    try:
        await _listens(port)
        before = _rss_kib(controller)
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(beat(url, "beat", tally, stop, spoken))
            group.create_task(end_connections(url, "ends", tally, stop, spoken))
            async with asyncio.TaskGroup() as attack:
                for index, name in enumerate(names):
                    share = frames // connections + (index < frames % connections)
                    dice = random.Random(f"{seed}/{name}")
                    attacker = Attacker(url, name, dice, tally, version=spoken, patience_s=patience_s)
                    attack.create_task(attacker.fire(share))
            stop.set()
        tally.seconds = time.perf_counter() - began
        if controller.is_up:
            tally.rss_kib = (before, _rss_kib(controller))
        else:
            tally.crashes.append("the controller is gone")
    finally:
        if await controller.stop() != 0:
            tally.crashes.append("the controller did not stop in order")
    tally.crashes.extend(line for line in controller.told().splitlines() if SPOILT.search(line))
    return tally


async def _listens(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except ConnectionError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


def _rss_kib(controller: Controller) -> int:
    status = Path(f"/proc/{controller._process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description="hostile frames at the real controller")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--version", choices=VERSIONS, default="1.6", help="of OCPP")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ampyard-fuzz-") as folder:
        tally = asyncio.run(
            fuzz(
                Path(folder),
                frames=options.frames,
                seed=options.seed,
                connections=options.connections,
                version=options.version,
            )
        )
    print("\n".join(tally.lines()))
    return 0 if tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
