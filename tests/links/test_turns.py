"""One at a time, the most urgent first, and nobody in the way of a meter's beat."""

import asyncio

import pytest

from edge.links.turns import Turns, Urgency


class Desk:
    """Users of one line, and in which order they had it."""

    def __init__(self):
        self.turns = Turns()
        self.order = []
        self.speaking = 0

    async def use(self, name, urgency=Urgency.ROUTINE, lasts_s=0.0, ready_s=0.0, works_s=0.0):
        async with self.turns.turn(urgency, lasts_s, lambda: ready_s):
            self.speaking += 1
            assert self.speaking == 1
            self.order.append(name)
            try:
                await asyncio.sleep(works_s)
            finally:
                self.speaking -= 1


async def test_the_most_urgent_goes_first_and_equals_as_they_came():
    desk = Desk()
    async with asyncio.TaskGroup() as group:
        for name, urgency in (("a", 2), ("b", 3), ("c", 2), ("meter", 1), ("command", 0), ("d", 2)):
            group.create_task(desk.use(name, Urgency(urgency)))
    assert desk.order == ["a", "command", "meter", "c", "d", "b"]  # a found the line free


async def test_who_would_be_in_the_way_of_a_beat_stands_back_until_it_is_over():
    desk = Desk()
    now = asyncio.get_running_loop().time()
    desk.turns.expect("meter", now + 0.05)

    async def beat():
        await asyncio.sleep(0.05)
        await desk.use("meter", Urgency.GUARD)

    async with asyncio.TaskGroup() as group:
        group.create_task(beat())
        group.create_task(desk.use("long", lasts_s=0.2))
        group.create_task(desk.use("short", lasts_s=0.01))
    assert desk.order == ["short", "meter", "long"]


async def test_a_beat_that_never_comes_holds_nobody_up_for_ever():
    desk = Desk()
    desk.turns.expect("meter", asyncio.get_running_loop().time() + 0.01)
    async with asyncio.timeout(1):
        await desk.use("long", lasts_s=10)


async def test_who_never_fits_between_two_beats_goes_when_its_patience_ends(monkeypatch):
    monkeypatch.setattr("edge.links.turns.PATIENCE_S", 0.1)
    desk = Desk()

    async def beats():
        loop = asyncio.get_running_loop()
        while "long" not in desk.order:
            desk.turns.expect("meter", loop.time() + 0.02)
            await desk.use("meter", Urgency.GUARD)
            await asyncio.sleep(0.02)

    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        group.create_task(beats())
        group.create_task(desk.use("long", lasts_s=10))
    assert desk.order.count("meter") >= 3


async def test_who_is_not_ready_lets_others_pass():
    desk = Desk()
    ready_s = asyncio.get_running_loop().time() + 0.03
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.use("resting", Urgency.COMMAND, ready_s=ready_s))
        group.create_task(desk.use("other"))
    assert desk.order == ["other", "resting"]


async def test_a_quiet_line_is_nobodys():
    desk = Desk()
    loop = asyncio.get_running_loop()
    began = loop.time()
    desk.turns.quiet(0.05)
    await desk.use("a", Urgency.COMMAND)
    assert loop.time() - began >= 0.045


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_is_cancelled_gives_the_line_back(turns):
    desk = Desk()
    working = asyncio.create_task(desk.use("first", works_s=0.005))
    leaving = asyncio.create_task(desk.use("leaving"))
    staying = asyncio.create_task(desk.use("staying"))
    await asyncio.sleep(0)
    working.add_done_callback(lambda _: cancel_after(turns))

    def cancel_after(left):
        if left:
            asyncio.get_running_loop().call_soon(cancel_after, left - 1)
        else:
            leaving.cancel()

    async with asyncio.timeout(1):
        await staying
    assert desk.order[0] == "first"
    assert desk.speaking == 0
