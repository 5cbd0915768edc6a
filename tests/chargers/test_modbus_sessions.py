"""Sessions on Modbus over a restart, over silence, and while the journal cannot store."""

import dataclasses

import pytest

from edge.site.commands import Done, Refused, StopCharging
from edge.site.durable import Session, Told
from edge.site.events import Sampled, TransactionEnded, TransactionStarted
from tests.chargers.test_modbus import bench

MODEL = "heidelberg-energy-control"
MINUTE_MS = 60_000
STOP = StopCharging(charger="bay-5", transaction_id=77)


@dataclasses.dataclass
class Kept:
    """An archive of one session, seen last so long ago."""

    now_ms: int
    ago_ms: int
    energy_wh: int
    is_over: bool = False

    async def sessions(self, _limit, *, charger):
        at_ms = self.now_ms - self.ago_ms
        ends = {"ended_ms": at_ms, "meter_stop_wh": self.energy_wh} if self.is_over else {}
        began = {"token": "bay-5", "started_ms": at_ms - MINUTE_MS, "meter_start_wh": 1_000}
        return [Session(transaction_id=77, charger=charger, evse=1, **began, **ends)]

    async def story(self, transaction_id):
        at_ms = self.now_ms - self.ago_ms
        sample = Sampled(
            charger="bay-5",
            evse=1,
            at_ms=at_ms,
            seen_ms=1,
            transaction_id=transaction_id,
            energy_wh=self.energy_wh,
        )
        return [Told(seq=1, at_ms=at_ms, stored_ms=at_ms, is_sure=True, event=sample)]


def remember(lot, **known):
    lot.driver._archive = Kept(now_ms=lot.driver._clock.now_ms(), **known)


async def test_a_count_of_ours_goes_on_where_it_stood_before_the_restart():
    async with bench("abb-terra-ac") as lot:  # it has no register
        remember(lot, ago_ms=MINUTE_MS, energy_wh=5_000, is_over=True)
        lot.plug()
        await lot.turn(2)
        assert lot.doors.of(TransactionStarted)[0].meter_wh == 5_000
        await lot.offer(16_000)
        lot.driver._energy._before = (lot.driver._clock.mono_ms() - 30_000, 11_000_000)
        await lot.turn()
        counted_wh = lot.driver._energy.wh
        assert 5_085 <= counted_wh <= 5_100
        lot.driver._energy._before = (lot.driver._clock.mono_ms() - 3_600_000, 11_000_000)
        await lot.turn()  # nobody looked for an hour
        assert lot.driver._energy.wh <= counted_wh + 1


async def test_a_session_seen_a_minute_ago_goes_on_after_a_restart():
    async with bench(MODEL) as lot:
        lot.doors.transactions = {1: 77}
        remember(lot, ago_ms=MINUTE_MS, energy_wh=1_500)
        lot.plug()
        await lot.turn(3)
        assert lot.doors.of(TransactionEnded) == []


@pytest.mark.parametrize("ago_ms", [10 * MINUTE_MS, -10 * MINUTE_MS])
async def test_a_session_that_nobody_has_seen_for_long_is_ended_where_it_was_seen_last(ago_ms):
    """Also where the clock went back: then nobody can say for how long."""
    async with bench(MODEL) as lot:
        lot.doors.transactions = {1: 77}
        remember(lot, ago_ms=ago_ms, energy_wh=1_500)
        seen_ms = lot.driver._archive.now_ms - ago_ms
        lot.plug()
        await lot.turn(2)
        (end,) = lot.doors.of(TransactionEnded)
        assert (end.transaction_id, end.at_ms, end.meter_wh, end.reason) == (77, seen_ms, 1_500, "other")
        assert lot.doors.alerts == [("bay-5", "unseen")]
        (begun,) = lot.doors.of(TransactionStarted)  # whoever stands there has a session of his own
        assert begun.at_ms > seen_ms or ago_ms < 0


async def test_a_car_that_has_left_meanwhile_ends_its_session_as_ever():
    async with bench(MODEL) as lot:
        lot.doors.transactions = {1: 77}
        remember(lot, ago_ms=10 * MINUTE_MS, energy_wh=1_500)
        await lot.turn(2)
        assert [end.reason for end in lot.doors.of(TransactionEnded)] == ["car-left"]


async def test_after_minutes_of_silence_on_the_wire_another_car_may_stand_there():
    async with bench(MODEL) as lot:
        lot.plug()
        await lot.turn(2)
        lot.driver._plugs._seen_ms -= 4 * MINUTE_MS
        await lot.turn()
        assert [end.reason for end in lot.doors.of(TransactionEnded)] == ["other"]
        assert len(lot.doors.of(TransactionStarted)) == 2


async def test_an_end_that_cannot_be_stored_is_not_called_done_and_is_tried_again():
    async with bench(MODEL) as lot:
        lot.plug()
        await lot.turn(2)
        lot.doors.is_full = True
        refused = await lot.driver.perform(STOP, deadline_ms=1)
        assert isinstance(refused, Refused)
        await lot.turn(2)
        lot.unplug()
        lot.plug()
        await lot.turn(2)
        tried = lot.doors.of(TransactionEnded)
        assert len(tried) >= 3
        lot.doors.is_full = False
        await lot.turn(1)
        stored = lot.doors.of(TransactionEnded)[-1]
        assert (stored, lot.doors.transactions) == (tried[0], {})
        assert stored.reason == "remote"
        await lot.turn(1)
        assert lot.doors.of(TransactionEnded)[-1] == stored
        assert isinstance(await lot.driver.perform(STOP, deadline_ms=1), Done)
