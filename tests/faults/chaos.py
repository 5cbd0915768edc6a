"""Plays a script of chaos on a lot, and tells what came of it."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

from edge.simulator.world import mono_ms
from tests.faults.controller import PRODUCT, SABOTAGE
from tests.faults.findings import Findings
from tests.faults.lot import Lot, running, world_plan
from tests.faults.script import LENGTH_MS, Act, script


class Chaos:
    """What an act does. One that is impossible at its moment, such as a car in a taken bay, is left out."""

    def __init__(self, lot: Lot, people: asyncio.TaskGroup) -> None:
        self._lot = lot
        self._world = lot.world
        self._people = people
        self.done: list[str] = []

    async def play(self, acts: list[Act]) -> None:
        began_ms = mono_ms()
        for act in acts:
            await asyncio.sleep(max(0, began_ms + act.at_ms - mono_ms()) / 1_000)
            try:
                await getattr(self, act.what)(*act.arguments)
            except (LookupError, ValueError) as error:
                self.done.append(f"{act}   (left out: {error})")
            else:
                self.done.append(str(act))

    async def come(self, bay: str, car: str, token: str) -> None:
        self._world.plug(bay, car)
        self._show(bay, token)

    async def vacate(self, bay: str) -> None:
        self._world.unplug(bay)

    async def card(self, bay: str) -> None:
        """The driver's own card ends what runs there."""
        running_there = self._world.connector(bay).transaction
        if running_there is None:
            raise ValueError("nothing runs there")
        self._show(bay, running_there.token)

    async def demand(self, bay: str, wanted_wh: int) -> None:
        self._world.demand(bay, wanted_wh)

    async def building(self, amperes: int, phase: int | None) -> None:
        self._world.building(amperes * 1_000, phase=phase)

    async def line(self, name: str, state: Any) -> None:
        self._world.link(name, state)

    async def meter(self, fault: str) -> None:
        self._world.meter_fault(fault)

    async def oddity(self, bay: str, name: str, value: int) -> None:
        self._world.oddity(bay, name, value)

    async def power(self, bay: str, state: Any) -> None:
        await self._world.power(bay, state)

    async def kill(self) -> None:
        await self._lot.controller.kill()

    async def start(self) -> None:
        await self._lot.start()

    async def csms(self, what: str) -> None:
        await (self._world.cloud.kill() if what == "kill" else self._world.cloud.start())

    async def csms_slow(self, slow_ms: int) -> None:
        self._world.cloud.mood.slow_ms = slow_ms

    async def csms_loses(self, answers: int) -> None:
        self._world.cloud.mood.loses_answers = answers

    def _show(self, bay: str, token: str) -> None:
        """Nobody waits for a driver; a card in front of a dead charger does nothing."""
        self._people.create_task(self._present(bay, token))

    async def _present(self, bay: str, token: str) -> None:
        with contextlib.suppress(ValueError):
            await self._world.token(bay, token)


async def chaos(
    seed: int,
    *,
    until_ms: int = LENGTH_MS,
    sabotage: str | None = None,
    versions: Sequence[str] = ("1.6",),
) -> Findings:
    """One run of this seed's script. What was done and what the controller said are in the notes."""
    began = time.monotonic()
    entry, environment = (SABOTAGE, {"SABOTAGE": sabotage}) if sabotage else (PRODUCT, {})
    plan = world_plan(versions=versions)
    async with running(plan, entry=entry, environment=environment) as lot:
        async with asyncio.TaskGroup() as people:
            player = Chaos(lot, people)
            await player.play(script(seed, until_ms=until_ms))
        findings = await lot.findings()
        findings.notes += [*player.done, *lot.currents(), lot.controller.told()]
        findings.took_s = time.monotonic() - began
    return findings


async def all_of(seeds: Sequence[int], **options: Any) -> dict[int, Findings]:
    """A run of each seed, all at the same time: each has a lot of its own and mostly waits."""
    async with asyncio.TaskGroup() as group:
        runs = {seed: group.create_task(chaos(seed, **options)) for seed in seeds}
    return {seed: run.result() for seed, run in runs.items()}


def report(seed: int, findings: Findings) -> str:
    """For a failed test: how to play it again, what is wrong, and the whole story."""
    again = f"again: pytest tests/faults/test_chaos.py --seed {seed}"
    return "\n".join([again, findings.line(), *findings.faults(), *findings.notes])
