"""One fault at a time, and what stands in the books: design invariants 8 and 9; and who a station is."""

import asyncio
import contextlib
import json
import logging

import aiohttp

from edge.simulator.world import HOST
from tests.faults.lot import CARD, running, world_plan

LINKS = "edge.links.ocppj"


class Frames(logging.Handler):
    """Every frame that the ends in this process receive: the CSMS's are the CALLs of transactions."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.received: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 3 and record.args[1] == "<":
            station, _, frame = record.args
            self.received.append((str(station), str(frame)))

    def calls(self, action: str) -> list[str]:
        return [frame for _, frame in self.received if f'"{action}"' in frame]


@contextlib.contextmanager
def listening():
    frames, log = Frames(), logging.getLogger(LINKS)
    level = log.level
    log.addHandler(frames)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield frames
    finally:
        log.removeHandler(frames)
        log.setLevel(level)
        log.propagate = True


def transaction(lot, bay):
    return lot.world.connector(bay).transaction


async def acknowledged(lot, bay):
    """Until the controller has given the transaction its number: then, and not earlier, it has promised."""
    await lot.until(lambda: transaction(lot, bay) is not None and transaction(lot, bay).transaction_id)


async def test_an_acknowledged_start_survives_a_kill_and_its_transaction_goes_on():
    async with running(world_plan()) as lot:
        await lot.world.cloud.kill()
        await lot.charge("bay-1")
        await acknowledged(lot, "bay-1")
        number = transaction(lot, "bay-1").transaction_id
        await lot.restart()
        (session,) = await lot.ask("/api/sessions")
        assert (session["transaction_id"], session["ended_ms"]) == (number, None)
        await lot.until(lambda: lot.drawn_ma("bay-1") > 6_000, what="it is balanced again")
        await lot.world.token("bay-1", CARD)
        findings = await lot.findings()
        assert findings.is_clean, findings.faults()
        assert findings.transactions == 1


async def test_an_acknowledged_stop_survives_a_kill_and_is_told_once():
    async with running(world_plan()) as lot:
        await lot.world.cloud.kill()
        await lot.charge("bay-1")
        await acknowledged(lot, "bay-1")
        await lot.world.token("bay-1", CARD)
        await lot.until(
            lambda: not len(lot.world.charger("bay-1").station.outbox), what="the stop is answered"
        )
        await lot.controller.kill()
        findings = await lot.findings()
        assert findings.is_clean, findings.faults()
        (booked,) = lot.world.cloud.books.transactions.values()
        assert booked.ended_ms is not None


async def test_answers_that_the_csms_loses_are_asked_for_again_in_the_same_bytes_and_count_once():
    with listening() as frames:
        async with running(world_plan()) as lot:
            lot.world.cloud.mood.loses_answers = 2
            await lot.charge("bay-1")
            await lot.until(lambda: len(frames.calls("StartTransaction")) >= 3, what="two repeats")
            lot.world.cloud.mood.loses_answers = 3  # a last sample may come before it
            lot.world.unplug("bay-1")
            await lot.until(lambda: len(frames.calls("StopTransaction")) >= 2, what="a repeat of the end")
            findings = await lot.findings()
            assert findings.is_clean, findings.faults()
            for action in ("StartTransaction", "StopTransaction"):
                to_cloud = [f for f in frames.calls(action) if json.loads(f)[1] in told_ids(lot, action)]
                assert len(to_cloud) > 1
                assert len(set(to_cloud)) == 1
            assert len(lot.world.cloud.books.transactions) == 1


def told_ids(lot, action):
    return {d.message_id for d in lot.world.cloud.books.deliveries if d.action == action}


async def test_what_a_killed_controller_was_telling_the_csms_the_next_one_tells_in_the_same_bytes():
    with listening() as frames:
        async with running(world_plan()) as lot:
            lot.world.cloud.mood.loses_answers = 1
            await lot.charge("bay-1")
            await lot.until(lambda: told_ids(lot, "StartTransaction"), what="it was told, and not answered")
            await lot.controller.kill()
            findings = await lot.findings()
            assert findings.is_clean, findings.faults()
            deliveries = [d for d in lot.world.cloud.books.deliveries if d.action == "StartTransaction"]
            assert [d.is_repeat for d in deliveries] == [False, *[True] * (len(deliveries) - 1)]
            assert len(deliveries) > 1
            (message_id,) = {d.message_id for d in deliveries}
            told = [frame for frame in frames.calls("StartTransaction") if message_id in frame]
            assert len(told) == len(deliveries)
            assert len(set(told)) == 1


async def test_a_second_connection_of_a_station_waits_for_the_first_to_die_and_inherits_nothing():
    async with running(world_plan()) as lot, aiohttp.ClientSession() as http:
        await lot.charge("bay-1", "fast")
        await lot.until(lambda: lot.drawn_ma("bay-1") > 6_000)
        lot.world.oddity("bay-1", "hangs", True)  # from now on the first owes answers
        await lot.charge("bay-2", "fast")  # which makes a limit for bay-1
        await asyncio.sleep(1)
        async with http.ws_connect(f"ws://{HOST}:{lot.ocpp_port}/bay-1", protocols=("ocpp1.6",)) as second:
            await lot.until_told("bay-1 connected again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    raise AssertionError(f"while the first lives it is told {await second.receive()}")
            books_before = (await bay(lot, "bay-1"))["booked_ma"]
            lot.world.link("bay-1", "cut")
            async with asyncio.timeout(10):
                first_words = json.loads((await second.receive()).data)
            assert first_words[2] == "SetChargingProfile"
            assert first_words[3]["csChargingProfiles"]["stackLevel"] == 0, "the dead man comes first"
            await second.send_json([3, first_words[1], {"status": "Accepted"}])
            after = await bay(lot, "bay-1")
            assert max(after["booked_ma"]) >= max(books_before), "what the first may draw stays booked"
        lot.world.oddity("bay-1", "hangs", False)
        findings = await lot.findings()
        assert findings.is_clean, findings.faults()


async def bay(lot, name):
    return next(evse for evse in (await lot.ask("/api/status"))["evses"] if evse["id"] == name)


async def test_while_the_csms_is_away_cars_charge_and_rows_wait_and_then_drain_in_order():
    async with running(world_plan()) as lot:
        lot.world.link("cloud", "cut")
        await asyncio.gather(*(lot.charge(bay) for bay in ("bay-1", "bay-2", "bay-4")))
        await lot.until(lambda: sum(lot.drawn_ma(bay) for bay in lot.world.bays()) > 12_000)
        lot.world.unplug("bay-2")
        await lot.until(lambda: lot.rows("waiting") >= 4, what="three starts and a stop wait")
        assert lot.world.cloud.books.transactions == {}
        findings = await lot.findings()
        assert findings.is_clean, findings.faults()
        assert findings.transactions == 3
