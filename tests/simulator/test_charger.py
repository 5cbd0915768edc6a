"""A charger and a CSMS, each at its end of a real socket."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from edge.ocpp.rpc import CallTimedOut, LinkLost
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan
from edge.simulator.books import audit
from edge.simulator.charger import Charger
from edge.simulator.conversation import Pace
from edge.simulator.csms import Csms
from edge.simulator.station import Oddities, StationPlan

CAR = CarModel(follow_ms=0, start_ms=0)
QUICK = Pace(answer_s=0.5, reconnect_s=0.02, boot_s=0.02, job_s=0.01)


def mono_ms():
    return time.monotonic_ns() // 1_000_000


def wall_ms():
    return time.time_ns() // 1_000_000


class Bench:
    """One charger, one CSMS, and a plant that ticks every 10 ms."""

    def __init__(self, charger, csms):
        self.charger = charger
        self.csms = csms
        self.seen = csms._seen("bay-1")
        self.ticked = asyncio.Condition()

    @property
    def bay(self):
        return self.charger.station.connectors[0]

    async def tick(self):
        while True:
            self.charger.advance(mono_ms())
            for connector in self.charger.station.connectors:
                connector.evse.advance(mono_ms())
            async with self.ticked:
                self.ticked.notify_all()
            await asyncio.sleep(0.01)

    async def until(self, is_so):
        """Something at the charger or in the CSMS has become true."""
        async with asyncio.timeout(5), self.ticked:
            await self.ticked.wait_for(is_so)

    async def booked(self):
        """The charger owes nothing any more."""
        await self.until(lambda: len(self.charger.station.outbox) == 0)

    def audit(self):
        return audit(self.charger.station.performed, self.csms.books.transactions.values())

    async def ask(self, request, expected):
        return await self.csms.call("bay-1", request, expected, timeout_s=1)


@asynccontextmanager
async def bench(*, online=True, oddities=None, mood=None, password=None, **configuration):
    csms = Csms(wall_ms=wall_ms, password=b"secret" if password else None)
    for name, value in (mood or {}).items():
        setattr(csms.mood, name, value)
    await csms.start()
    plan = StationPlan(
        name="bay-1",
        evses=("bay-1",),
        configuration=configuration,
        oddities=oddities or Oddities(),
        clock_offset_ms=-3_600_000,
    )
    evses = {"bay-1": Evse(EvsePlan(name="bay-1", circuit="grid"), voltage_mv=230_000)}
    evses["bay-1"].advance(mono_ms())
    charger = Charger(
        plan, evses, url=csms.url, mono_ms=mono_ms, wall_ms=wall_ms, pace=QUICK, password=password
    )
    lot = Bench(charger, csms)
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(charger.run()), group.create_task(lot.tick())]
            if online:
                await lot.until(lambda: charger.is_connected and lot.seen.statuses)
            yield lot
            for task in running:
                task.cancel()
    finally:
        await csms.kill()


async def test_a_charger_boots_tells_its_state_and_takes_the_csms_time():
    async with bench() as lot:
        (boot,) = lot.seen.boots
        assert (boot.charge_point_vendor, boot.charge_point_model) == ("Ampyard", "Simulator")
        assert lot.seen.statuses == {1: "Available"}
        assert abs(lot.charger.station.clock.offset_ms) < 1_000
        assert lot.charger.station.configuration["HeartbeatInterval"] == "60"


async def test_a_session_is_told_from_plug_in_to_plug_out_and_booked_once():
    async with bench(MeterValueSampleInterval="1") as lot:
        lot.charger.plug(1, CAR)
        await lot.until(lambda: lot.seen.statuses[1] == "Preparing")
        assert await lot.charger.present(1, "AA") == "Accepted"
        await lot.until(lambda: lot.seen.statuses[1] == "Charging" and lot.seen.sample)
        sampled = lot.seen.sample.meter_value[0].sampled_value
        assert {(v.measurand, v.phase) for v in sampled} >= {
            ("Current.Import", p) for p in ("L1", "L2", "L3")
        }
        lot.charger.unplug(1)
        await lot.booked()
        await lot.until(lambda: lot.seen.statuses[1] == "Available")
        assert lot.audit().is_clean
        assert lot.csms.books.irregularities == []
        assert lot.seen.received["StartTransaction"] == lot.seen.received["StopTransaction"] == 1


async def test_the_same_token_again_ends_the_session_and_another_does_not():
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "AA")
        assert await lot.charger.present(1, "BB") == "ConcurrentTx"
        assert await lot.charger.present(1, "AA") == "Stopped"
        await lot.booked()
        assert lot.charger.station.performed[0].reason == "Local"
        await lot.until(lambda: lot.seen.statuses[1] == "Finishing")


async def test_a_blocked_token_does_not_charge():
    async with bench(mood={"blocked": {"AA": "Blocked"}}) as lot:
        lot.charger.plug(1, CAR)
        assert await lot.charger.present(1, "AA") == "Blocked"
        assert lot.bay.transaction is None


async def test_what_happened_offline_is_told_in_order_with_its_own_times():
    async with bench(MeterValueSampleInterval="1") as lot:
        await lot.csms.kill()
        await lot.until(lambda: not lot.charger.is_connected)
        lot.charger.plug(1, CAR)
        assert await lot.charger.present(1, "AA") == "Accepted"
        await lot.until(lambda: lot.bay.evse.flowing_ma[0] > 0)
        lot.charger.unplug(1)
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "BB")
        lot.charger.unplug(1)
        ended_ms = wall_ms()
        assert len(lot.charger.station.outbox) >= 5
        await lot.csms.start()
        await lot.booked()
        assert lot.audit().is_clean
        assert lot.csms.books.irregularities == []
        assert [t.token for t in lot.csms.books.transactions.values()] == ["AA", "BB"]
        assert all(t.ended_ms <= ended_ms for t in lot.csms.books.transactions.values())


async def test_an_answer_lost_on_the_way_is_asked_for_again_under_the_same_id():
    async with bench(mood={"loses_answers": 1}) as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "AA")
        await lot.booked()
        first, again = [d for d in lot.csms.books.deliveries if d.action == "StartTransaction"]
        assert (first.message_id, first.content) == (again.message_id, again.content)
        assert again.is_repeat
        assert len(lot.csms.books.transactions) == 1
        assert lot.seen.connects == 2
        assert len(lot.seen.boots) == 1


async def test_a_refused_message_is_tried_again_and_given_up_at_last():
    limits = {"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "0"}
    async with bench(mood={"refuses": {"MeterValues": "InternalError"}}, **limits) as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "AA")
        await lot.until(lambda: lot.seen.received["MeterValues"])
        lot.charger.unplug(1)
        await lot.booked()
        (lost,) = lot.charger.station.outbox.given_up
        assert lost.attempts == lot.seen.received["MeterValues"] == 2
        assert lot.audit().is_clean


async def test_a_pending_charger_answers_and_says_nothing_but_its_boots():
    async with bench(online=False, mood={"registration": "Pending", "interval_s": 30}) as lot:
        await lot.until(lambda: lot.charger.station.registration == "Pending")
        answer = await lot.ask(
            ask.GetConfiguration(key=("NumberOfConnectors",)), tell.GetConfigurationResponse
        )
        assert answer.configuration_key[0].value == "1"
        assert set(lot.seen.received) == {"BootNotification"}
        lot.csms.mood.registration = "Accepted"
        trigger = ask.TriggerMessage(requested_message="BootNotification")
        assert (await lot.ask(trigger, tell.TriggerMessageResponse)).status == "Accepted"
        await lot.until(lambda: lot.charger.is_connected and lot.seen.statuses)
        assert lot.seen.received["BootNotification"] == 2


async def test_a_power_cut_opens_the_contactor_and_ends_the_transaction_after_the_boot():
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "AA")
        await lot.until(lambda: lot.bay.evse.flowing_ma[0] > 0)
        lot.charger.cut_power()
        assert lot.bay.evse.flowing_ma == (0, 0, 0)
        await lot.until(lambda: lot.seen.connection is None)
        lot.charger.restore_power()
        await lot.until(lambda: len(lot.seen.boots) == 2)
        await lot.booked()
        assert lot.audit().is_clean
        assert lot.charger.station.performed[0].reason == "PowerLoss"


async def test_a_pulled_cable_stays_out_until_it_is_back_and_needs_no_boot():
    async with bench() as lot:
        lot.charger.cut_link()
        await lot.until(lambda: lot.seen.connection is None)
        await asyncio.sleep(0.1)
        assert lot.seen.connects == 1
        lot.charger.restore_link()
        await lot.until(lambda: lot.charger.is_connected)
        assert (lot.seen.connects, len(lot.seen.boots)) == (2, 1)


@pytest.mark.parametrize(("kind", "reason"), [("Hard", "HardReset"), ("Soft", "SoftReset")])
async def test_a_reset_is_answered_first_and_names_itself_as_the_reason(kind, reason):
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        await lot.charger.present(1, "AA")
        await lot.until(lambda: lot.bay.transaction.transaction_id)
        assert await lot.csms.reset("bay-1", kind) == "Accepted"
        await lot.until(lambda: len(lot.seen.boots) == 2)
        await lot.booked()
        assert lot.audit().is_clean
        assert lot.charger.station.performed[0].reason == reason


async def test_a_remote_start_and_stop_make_a_transaction():
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        assert await lot.csms.remote_start("bay-1", "CC") == "Accepted"
        await lot.until(lambda: lot.csms.books.transactions)
        (number,) = lot.csms.books.transactions
        await lot.until(lambda: lot.charger.station.running(number))
        assert await lot.csms.remote_stop("bay-1", number) == "Accepted"
        await lot.booked()
        booked = lot.csms.books.transactions[number]
        assert (booked.token, booked.reason) == ("CC", "Remote")


async def test_triggered_messages_come():
    async with bench() as lot:
        before = lot.seen.received["Heartbeat"]
        for wanted in ("Heartbeat", "MeterValues", "StatusNotification"):
            await lot.ask(ask.TriggerMessage(requested_message=wanted), tell.TriggerMessageResponse)
        await lot.until(lambda: lot.seen.received["StatusNotification"] == 2)
        assert lot.seen.received["Heartbeat"] == before + 1
        assert lot.seen.sample.meter_value[0].sampled_value[0].context == "Trigger"
        assert lot.seen.sample.transaction_id is None


async def test_a_charger_that_hangs_does_what_it_was_told_when_it_is_healed():
    async with bench(oddities=Oddities(hangs=True)) as lot:
        request = ask.ChangeConfiguration(key="ResetRetries", value="3")
        with pytest.raises(CallTimedOut):
            await lot.csms.call("bay-1", request, tell.ChangeConfigurationResponse, timeout_s=0.1)
        lot.charger.station.oddities.hangs = False
        await lot.until(lambda: lot.charger.station.configuration["ResetRetries"] == "3")


async def test_a_charger_that_loses_answers_has_done_what_it_was_told():
    async with bench(oddities=Oddities(loses_answers=True)) as lot:
        with pytest.raises(LinkLost):
            await lot.csms.change_configuration("bay-1", "ResetRetries", "3")
        assert lot.charger.station.configuration["ResetRetries"] == "3"
        await lot.until(lambda: lot.seen.connects == 2)


async def test_what_no_charger_is_asked_is_answered_by_an_error_and_the_link_lives_on():
    async with bench() as lot:
        connection = lot.seen.connection
        with pytest.raises(Exception, match="NotSupported"):
            await connection.call("Heartbeat", b"{}", timeout_s=1)
        assert await lot.csms.change_configuration("bay-1", "ResetRetries", "1") == "Accepted"


async def test_a_wrong_password_keeps_the_charger_out():
    async with bench(online=False, password="wrong") as lot:
        await lot.until(lambda: lot.csms.turned_away)
        assert not lot.charger.is_connected
    async with bench(password="secret") as lot:
        assert lot.csms.turned_away == 0


async def test_whoever_waits_for_the_csms_learns_when_something_arrived():
    async with bench() as lot:
        lot.charger.plug(1, CAR)
        async with asyncio.timeout(5):
            await lot.csms.until(lambda: lot.seen.statuses[1] == "Preparing")
