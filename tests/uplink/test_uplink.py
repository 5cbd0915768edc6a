"""The uplink: what happened reaches the CSMS in order and in its own words, whatever becomes of the link."""

import asyncio
import itertools
import logging
import time

from edge.links.ocppj_server import serve
from edge.ocpp.v16 import requests as ask
from edge.ocpp.v16 import responses as tell
from edge.ocpp.v16.types import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from edge.site.commands import StopCharging, Trigger
from edge.site.events import Acknowledged, EvseStatusChanged, LinkChanged, NotAnswered, TokenPresented
from tests.site.virtual_time import running
from tests.uplink.cloud_lot import RETRY_S, cloud_lot

ANSWERS = {
    "BootNotification": b'{"status":"Accepted","currentTime":"2026-03-04T11:00:00Z","interval":60}',
}
WHOLE = ["StartTransaction", "MeterValues", "StopTransaction"]


async def everybody(_knock):
    return None


async def test_what_waited_is_told_in_order_under_the_ids_of_the_csms(tmp_path):
    async with cloud_lot(tmp_path, is_cloud_up=False) as lot:
        await lot.connect()
        ours = [await lot.session(), await lot.session()]
        await lot.cloud.start()
        await lot.drained()
        assert lot.told() == WHOLE + WHOLE
        assert lot.books.irregularities == []
        theirs = list(lot.books.transactions.values())
        assert [each.meter_stop_wh for each in theirs] == [2_500, 2_500]
        assert not {each.transaction_id for each in theirs} & set(ours)


async def test_chargers_do_not_wait_for_one_another(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        await lot.connect("bay-1")
        await lot.connect("bay-2")
        lot.cloud.mood.refuses["StartTransaction"] = "InternalError"
        await lot.start("bay-1")
        await lot.until(lambda: lot.seen("CP-1").received["StartTransaction"] >= 1)
        del lot.cloud.mood.refuses["StartTransaction"]
        await lot.session("bay-2")
        await lot.until(lambda: lot.told("CP-2") == WHOLE)


async def test_while_its_boot_is_pending_states_and_rows_wait(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        lot.cloud.mood.registration = "Pending"
        await lot.connect()
        await lot.session()
        await lot.until(lambda: len(lot.seen().boots) == 2)
        assert set(lot.seen().received) == {"BootNotification"}
        lot.cloud.mood.registration = "Accepted"
        await lot.drained()
        assert lot.told() == WHOLE


async def test_a_refused_row_is_tried_again_after_growing_waits_then_parked_with_its_transaction(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        lot.cloud.mood.refuses["StartTransaction"] = "InternalError"
        await lot.connect()
        await lot.session()
        tries = []
        for number in range(1, 6):
            await lot.until(lambda: lot.seen().received["StartTransaction"] >= number)  # noqa: B023
            tries.append(time.monotonic())
        waits = [after - before for before, after in itertools.pairwise(tries)]
        assert all(wait >= RETRY_S * (number + 1) * 0.9 for number, wait in enumerate(waits))

        lot.cloud.mood.refuses.clear()
        await lot.session(token="04AB", meter_wh=7_000, samples=0)
        await lot.drained()
        assert lot.told() == ["StartTransaction", "StopTransaction"]  # of the second transaction alone
        assert (await lot.outbox.backlog("cloud")).parked == 3
        assert lot.books.irregularities == []
        well = "cloud: 1 stations connected, nothing waits, 3 are parked."
        await lot.until(lambda: lot.status_of_uplink().sentence == well)


async def test_an_answer_that_nobody_can_read_counts_as_a_refusal(tmp_path):
    heard = []

    async def answer(action, _):
        heard.append(action)
        return b'{"nonsense":true}' if action == "StartTransaction" else ANSWERS.get(action, b"{}")

    async with (
        serve(
            "127.0.0.1",
            0,
            subprotocols=("ocpp1.6",),
            admit=everybody,
            on_connection=lambda connection: connection.run(answer),
        ) as port,
        cloud_lot(tmp_path, url=f"ws://127.0.0.1:{port}") as lot,
    ):
        await lot.connect()
        await lot.session()
        await lot.drained()
        assert heard.count("StartTransaction") == 5
        assert (await lot.outbox.backlog("cloud")).parked == 3


async def test_a_lost_link_never_parks_a_row_and_its_repetition_bears_the_same_id(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        lot.cloud.mood.loses_answers = 2
        await lot.connect()
        await lot.session()
        await lot.drained()
        repeated = [each.action for each in lot.books.deliveries if each.is_repeat]
        assert len(repeated) == 2
        assert lot.told() == WHOLE
        assert lot.books.irregularities == []
        assert len(lot.books.transactions) == 1
        assert (await lot.outbox.backlog("cloud")).parked == 0


async def test_commands_of_the_cloud_arrive_with_our_transaction_id(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        await lot.connect()
        ours = (await lot.start()).transaction_id
        await lot.drained()
        (theirs,) = lot.books.transactions
        assert await lot.cloud.remote_stop("CP-1", ours) == "Rejected"
        assert await lot.cloud.remote_stop("CP-1", theirs) == "Accepted"
        assert lot.chargers["bay-1"].commands == [StopCharging(charger="bay-1", transaction_id=ours)]


class SlowToConfirm:
    """The outbox, whose confirmations wait for `may_confirm`."""

    def __init__(self, outbox):
        self.outbox = outbox
        self.may_confirm = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self.outbox, name)

    async def confirm(self, delivery, **named):
        await self.may_confirm.wait()
        await self.outbox.confirm(delivery, **named)


async def test_a_stop_that_follows_at_once_on_the_answer_to_the_start_is_understood(tmp_path):
    async with cloud_lot(tmp_path, has_uplink=False) as lot:
        lot.outbox = SlowToConfirm(lot.outbox)
        async with running(lot.uplink().run()):
            await lot.connect()
            ours = (await lot.start()).transaction_id
            await lot.until(lambda: lot.books.transactions)
            (theirs,) = lot.books.transactions
            assert await lot.cloud.remote_stop("CP-1", theirs) == "Accepted"
            assert lot.chargers["bay-1"].commands == [StopCharging(charger="bay-1", transaction_id=ours)]
            lot.outbox.may_confirm.set()
            await lot.drained()


async def test_a_profile_for_a_transaction_holds_as_long_as_that_transaction_and_never_raises(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        await lot.connect("bay-2")
        await lot.connect()
        ours = (await lot.start()).transaction_id
        await lot.drained()
        (theirs,) = lot.books.transactions
        await lot.until(lambda: lot.bay().setpoint_ma == 32_000)
        assert await lot.cloud.set_charging_profile("CP-1", 1, tx_profile(theirs, 9)) == "Accepted"
        await lot.until(lambda: lot.bay().setpoint_ma == 9_000)
        assert await lot.cloud.set_charging_profile("CP-1", 1, tx_profile(theirs, 900)) == "Accepted"
        await lot.until(lambda: lot.site.control.limits["cloud/bay-1"].limit_ma == 900_000)
        assert lot.bay().setpoint_ma <= 32_000
        await lot.stop(ours)
        await lot.until(lambda: lot.site.control.limits == {})


def tx_profile(transaction_id, amperes):
    return ChargingProfile(
        charging_profile_id=5,
        transaction_id=transaction_id,
        stack_level=2,
        charging_profile_purpose="TxProfile",
        charging_profile_kind="Relative",
        charging_schedule=ChargingSchedule(
            charging_rate_unit="A",
            charging_schedule_period=(ChargingSchedulePeriod(start_period=0, limit=amperes),),
        ),
    )


async def test_what_we_know_ourselves_is_told_when_triggered_and_the_rest_is_asked_of_the_charger(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        await lot.connect()
        await lot.tell(EvseStatusChanged, evse=1, state="available")
        await lot.until(lambda: "CP-1" in lot.cloud.stations and lot.seen().statuses == {1: "Available"})
        for message in ("BootNotification", "StatusNotification", "MeterValues"):
            before = lot.seen().received[message]
            request = ask.TriggerMessage(requested_message=message, connector_id=1)
            answer = await lot.cloud.call("CP-1", request, tell.TriggerMessageResponse)
            assert answer.status == "Accepted"
            if message != "MeterValues":
                await lot.until(lambda: lot.seen().received[message] == before + 1)  # noqa: B023
        assert lot.chargers["bay-1"].commands == [Trigger(charger="bay-1", evse=1, what="meter-values")]


async def test_a_state_is_told_when_it_changes_and_again_after_a_new_link(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        await lot.connect()
        await lot.tell(EvseStatusChanged, evse=1, state="available")
        await lot.until(lambda: "CP-1" in lot.cloud.stations and lot.seen().statuses == {1: "Available"})
        await lot.tell(EvseStatusChanged, evse=1, state="faulted", error="GroundFailure")
        await lot.until(lambda: lot.seen().statuses == {1: "Faulted"})
        lot.seen().statuses.clear()
        await lot.cloud.kill()
        await lot.cloud.start()
        await lot.until(lambda: lot.seen().statuses == {1: "Faulted"})


async def test_when_the_charger_is_away_and_all_is_told_the_link_is_closed_without_a_complaint(
    tmp_path, caplog
):
    caplog.set_level(logging.WARNING)
    async with cloud_lot(tmp_path) as lot:
        await lot.connect()
        await lot.session()
        await lot.drained()
        await lot.tell(LinkChanged, is_up=False)
        await lot.until(lambda: lot.seen().connection is None)
        await lot.until(lambda: (told := lot.status_of_uplink()) is not None and told.connected == 0)
        assert lot.status_of_uplink().state == "up"
        assert caplog.messages == []

        await lot.connect()
        await lot.until(lambda: lot.seen().connection is not None)


async def test_a_cloud_that_refuses_the_password_is_told_apart_from_one_that_is_away(tmp_path):
    async with cloud_lot(tmp_path) as lot:
        lot.cloud._password = b"another"
        await lot.connect()
        await lot.until(lambda: lot.status_of_uplink() and lot.status_of_uplink().state == "refused")
        assert "401" in lot.status_of_uplink().sentence
        await lot.cloud.kill()
        await lot.until(lambda: lot.status_of_uplink().state == "down")


async def test_it_knocks_again_after_growing_waits_that_are_spread(tmp_path):
    knocks = []

    async def knocked(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        knocks.append(time.monotonic())
        writer.write(b"HTTP/1.1 503 Not today\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(knocked, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with cloud_lot(tmp_path, url=f"ws://127.0.0.1:{port}") as lot:
            await lot.connect()
            await lot.until(lambda: len(knocks) == 3)
    first, second = knocks[1] - knocks[0], knocks[2] - knocks[1]
    assert 0.5 <= first <= 1.3
    assert 1.0 <= second <= 2.3


async def test_it_stops_though_its_link_is_lost_at_the_same_moment(tmp_path):
    async with cloud_lot(tmp_path, has_uplink=False) as lot:
        await lot.connect()
        await lot.tell(EvseStatusChanged, evse=1, state="available")
        for turns in range(20):
            life = asyncio.create_task(lot.uplink().run())
            await lot.until(
                lambda: "CP-1" in lot.cloud.stations and lot.seen().received["StatusNotification"]
            )
            lot.seen().received.clear()
            lot.seen().connection.cut()
            for _ in range(turns):
                await asyncio.sleep(0)
            life.cancel()
            await asyncio.wait({life}, timeout=2)
            assert life.cancelled(), f"after {turns} turns"


async def test_a_disk_that_became_read_only_stops_the_telling_and_nothing_else(tmp_path):
    async with cloud_lot(tmp_path, is_cloud_up=False) as lot:
        await lot.connect()
        begun = await lot.start()
        database = lot.journal.writer._connection
        database.execute("PRAGMA query_only = 1")
        assert isinstance(await lot.stop(begun.transaction_id), NotAnswered)

        await lot.cloud.start()
        await lot.until(lambda: lot.told() == ["StartTransaction"])
        await lot.until(lambda: "the journal cannot store" in lot.status_of_uplink().sentence)
        cycle = lot.site.status().cycle
        await lot.until(lambda: lot.site.status().cycle > cycle + 1)

        database.execute("PRAGMA query_only = 0")
        assert isinstance(await lot.stop(begun.transaction_id), Acknowledged)
        await lot.drained()
        assert lot.told() == ["StartTransaction", "StopTransaction"]
        assert lot.books.irregularities == []


async def test_a_token_that_only_the_cloud_knows_is_asked_for_over_the_charger_s_own_link(tmp_path):
    async with cloud_lot(tmp_path, has_uplink=False) as lot:
        uplink = lot.uplink()
        lot.site.authorisation.authority = uplink
        lot.cloud.mood.blocked["EVE1"] = "Blocked"
        async with running(uplink.run()):
            await lot.connect()
            assert (await lot.tell(TokenPresented, token="BOB1")).status == "invalid", "nobody to ask yet"
            await lot.until(uplink.is_reachable)
            assert (await lot.tell(TokenPresented, token="BOB1")).status == "accepted"
            assert (await lot.tell(TokenPresented, token="EVE1")).status == "blocked"
            await lot.cloud.kill()
            await lot.until(lambda: not uplink.is_reachable())
            assert (await lot.tell(TokenPresented, token="BOB1")).status == "accepted", (
                "as it was said before"
            )
            assert (await lot.tell(TokenPresented, token="CAROL")).status == "invalid"
