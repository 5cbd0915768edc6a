"""Somebody with the password of one charger, against the real controller: `python -m tests.faults.attack`.

It connects a hundred times a second as that charger and tries the others' names with what it has. Let in, it
boots, and ends the transaction of another charger by its number. Meanwhile the others beat. What must hold:
it is never another charger, gets no CALL that was meant for one, ends nobody's transaction, and every beat is
answered.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from edge.links.ocppj_client import authorization
from edge.settings.hashing import hashed
from edge.simulator.world import mono_ms
from tests.faults.controller import Controller, free_port

HOST = "127.0.0.1"
STOLEN = "bay-1"
OTHERS = ("bay-2", "bay-3", "bay-4")
SMALL_A, LARGE_A = 8, 12  # the stolen charger's breaker, and what the others fall back to: no limit is both's
RATE_HZ = 100
BEAT_S = 0.05
LATEST_BEAT_MS = 2_000
NOW = "2026-01-01T00:00:00Z"
SITE = f"""
[grid]
rating_a = 200
building_max_a = 20

[charger.{STOLEN}]
max_a = {SMALL_A}

[charger."bay-2..bay-4"]
max_a = 32
min_a = {LARGE_A}

[charger."*"]
password = "secret:bay-{{n}}"

[ocpp]
port = OCPP

[web]
port = WEB

[tokens]
accept = "all"
"""


class Words16:
    """What chargers and attackers say in OCPP 1.6."""

    subprotocol = "ocpp1.6"
    boot = {"chargePointVendor": "Attack", "chargePointModel": "Attack"}  # noqa: RUF012

    def start(self, name):
        return "StartTransaction", {"connectorId": 1, "idTag": name, "meterStart": 0, "timestamp": NOW}

    def begun(self, _name, answer):
        """What a stop must name."""
        return answer["transactionId"]

    def stop(self, number):
        return "StopTransaction", {"transactionId": number, "meterStop": 1, "timestamp": NOW}

    def answer_to(self, action):
        return {} if action == "GetConfiguration" else {"status": "Accepted"}

    def profile_of(self, payload):
        """A profile, and its schedules."""
        profile = payload.get("csChargingProfiles", {})
        return profile, [profile.get("chargingSchedule", {})]


class Words201:
    """The same in OCPP 2.0.1: the attacker knows what the others call their transactions."""

    subprotocol = "ocpp2.0.1"
    boot = {"chargingStation": {"vendorName": "Attack", "model": "Attack"}, "reason": "PowerUp"}  # noqa: RUF012

    def _event(self, kind, own_id, **fields):
        head = {"eventType": kind, "timestamp": NOW, "triggerReason": "Authorized", "seqNo": 0}
        return "TransactionEvent", {**head, "transactionInfo": {"transactionId": own_id}, **fields}

    def start(self, name):
        token = {"idToken": name, "type": "Central"}
        values = [{"timestamp": NOW, "sampledValue": [{"value": 0}]}]
        return self._event("Started", f"of-{name}", idToken=token, evse={"id": 1}, meterValue=values)

    def begun(self, name, _answer):
        return f"of-{name}"

    def stop(self, own_id):
        return self._event("Ended", own_id, evse={"id": 1})

    def answer_to(self, action):
        return {} if action in {"GetVariables", "SetVariables"} else {"status": "Accepted"}

    def profile_of(self, payload):
        profile = payload.get("chargingProfile", {})
        return profile, profile.get("chargingSchedule", [])


WORDS = {"1.6": Words16(), "2.0.1": Words201()}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was tried, and what came of it."""

    tries: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    as_another: int = 0
    calls: int = 0
    foreign: list[str] = field(default_factory=list)
    beats_ms: list[float] = field(default_factory=list)
    lost_links: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return (
            not (self.as_another or self.foreign or self.lost_links or self.ended)
            and max(self.beats_ms) < LATEST_BEAT_MS
        )

    def lines(self):
        beats = sorted(self.beats_ms)
        fates = ", ".join(f"{fate} {count:,}" for fate, count in self.fates.most_common())
        yield f"handshakes  {self.tries:,} in {self.seconds:.0f} s: {fates}"
        yield f"as another  {self.as_another} let in"
        yield f"CALLs       {self.calls:,} got, {len(self.foreign)} of them another charger's"
        yield f"ended       {len(self.ended)} transactions of others"
        yield f"links lost  {len(self.lost_links)} of others"
        yield f"heartbeats  {len(beats):,} of others: the median answered in {beats[len(beats) // 2]:.1f} ms,"
        yield f"            the slowest in {beats[-1]:.0f} ms"


class Other:
    """A charger that charges and beats while somebody else is attacked with its neighbour's password."""

    def __init__(self, session, url, name, tally, words) -> None:
        self._words = words
        self._session = session
        self._url = url
        self._name = name
        self._tally = tally
        self._answers: dict[str, asyncio.Future] = {}
        self.transaction = None

    @contextlib.asynccontextmanager
    async def connected(self):
        headers = {"Authorization": authorization(self._name, password_of(self._name))}
        async with self._session.ws_connect(
            f"{self._url}/{self._name}", protocols=(self._words.subprotocol,), headers=headers
        ) as socket:
            listening = asyncio.create_task(self._listen(socket))
            await self._call(socket, "BootNotification", self._words.boot)
            answer = await self._call(socket, *self._words.start(self._name))
            self.transaction = self._words.begun(self._name, answer)
            beating = asyncio.create_task(self._beat(socket))
            try:
                yield self
                if socket.closed or listening.done():
                    self._tally.lost_links.append(self._name)
            finally:
                beating.cancel()
                listening.cancel()
                await asyncio.gather(beating, listening, return_exceptions=True)

    async def _beat(self, socket):
        while True:
            before_s = time.perf_counter()
            await self._call(socket, "Heartbeat", {})
            self._tally.beats_ms.append((time.perf_counter() - before_s) * 1000)
            await asyncio.sleep(BEAT_S)

    async def _call(self, socket, action, payload):
        id_ = f"{action}-{time.monotonic_ns()}"
        answer = self._answers[id_] = asyncio.get_running_loop().create_future()
        await socket.send_str(json.dumps([2, id_, action, payload]))
        async with asyncio.timeout(30):
            return await answer

    async def _listen(self, socket):
        async for message in socket:
            kind, id_, *rest = json.loads(message.data)
            if kind == 2:
                await socket.send_str(json.dumps([3, id_, self._words.answer_to(rest[0])]))
            elif id_ in self._answers:
                self._answers.pop(id_).set_result(rest[0])


class Attacker:
    """Knows the password of one charger, and the numbers of the others' transactions."""

    def __init__(self, session, url, victims, tally, words) -> None:
        self._words = words
        self._session = session
        self._url = url
        self._victims = victims
        self._tally = tally

    async def strike(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            start_s = time.monotonic()
            for turn in range(int(seconds * RATE_HZ)):
                group.create_task(self._try(turn))
                self._tally.tries += 1
                await asyncio.sleep(start_s + (turn + 1) / RATE_HZ - time.monotonic())

    async def _try(self, turn: int) -> None:
        """Mostly as the stolen charger; sometimes under another's name in the URL, or in both places."""
        victim = OTHERS[turn % len(OTHERS)]
        name, user = {8: (victim, STOLEN), 9: (victim, victim)}.get(turn % 10, (STOLEN, STOLEN))
        headers = {"Authorization": authorization(user, password_of(STOLEN))}
        try:
            async with (
                asyncio.timeout(10),
                self._session.ws_connect(
                    f"{self._url}/{name}", protocols=(self._words.subprotocol,), headers=headers
                ) as socket,
            ):
                self._tally.fates["let in"] += 1
                self._tally.as_another += name != STOLEN
                await self._harm(socket)
        except aiohttp.WSServerHandshakeError as refusal:
            self._tally.fates[str(refusal.status)] += 1
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as fault:
            self._tally.fates[type(fault).__name__] += 1

    async def _harm(self, socket):
        await socket.send_str(json.dumps([2, "boot", "BootNotification", self._words.boot]))
        for victim in self._victims:
            stop = self._words.stop(victim.transaction)
            await socket.send_str(json.dumps([2, f"stop-{victim.transaction}", *stop]))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                async for message in socket:
                    self._heard(message.data)
                    kind, id_, *rest = json.loads(message.data)
                    if kind == 2:
                        await socket.send_str(json.dumps([3, id_, self._words.answer_to(rest[0])]))

    def _heard(self, text):
        kind, _, *rest = json.loads(text)
        if kind != 2:
            return
        self._tally.calls += 1
        profile, schedules = self._words.profile_of(rest[1])
        periods = [each for schedule in schedules for each in schedule.get("chargingSchedulePeriod", ())]
        limits = [each["limit"] for each in periods]
        if any(limit > SMALL_A for limit in limits) or "transactionId" in profile:
            self._tally.foreign.append(text)


def password_of(name):
    return f"password of {name}"


async def attack(folder: Path, *, seconds: float, version: str = "1.6") -> Tally:
    """Start the controller in a folder, connect the others, strike, and look at the books."""
    tally, words = Tally(), WORDS[version]
    vault = folder / "credentials"
    vault.mkdir()
    for name in (STOLEN, *OTHERS):
        (vault / name).write_text(hashed(password_of(name).encode()))
    controller = Controller(folder, dead_man_s=60, environment={"CREDENTIALS_DIRECTORY": str(vault)})
    ports = {"OCPP": free_port(), "WEB": free_port()}
    text = SITE
    for word, port in ports.items():
        text = text.replace(word, str(port))
    controller.configure(text)
    await controller.start(mono_ms())
    url = f"ws://{HOST}:{ports['OCPP']}"
    try:
        async with aiohttp.ClientSession() as session, contextlib.AsyncExitStack() as stack:
            await listening(ports["OCPP"])
            victims = [
                await stack.enter_async_context(Other(session, url, name, tally, words).connected())
                for name in OTHERS
            ]
            started_s = time.monotonic()
            await Attacker(session, url, victims, tally, words).strike(seconds)
            tally.seconds = time.monotonic() - started_s
            async with session.get(f"http://{HOST}:{ports['WEB']}/api/transactions") as answer:
                rows = {each["charger"]: each for each in await answer.json() if not each["flags"]}
            tally.ended = [name for name in OTHERS if rows[name]["ended_ms"] is not None]
    finally:
        await controller.stop()
    return tally


async def listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                writer.close()
                return
            await asyncio.sleep(0.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--version", choices=WORDS, default="1.6", help="of OCPP")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(attack(Path(folder), seconds=options.seconds, version=options.version))
    for line in tally.lines():
        print(line)
    return os.EX_OK if tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
