"""The doors of the site: who is let in, who may charge, what may be commanded and bounded."""

import asyncio

import msgspec
import pytest

from edge.core.errors import ConfigError
from edge.site.commands import (
    Done,
    Origin,
    ReadSettings,
    Refused,
    Reset,
    StartCharging,
    Unreachable,
    WriteSettings,
)
from edge.site.events import (
    Acknowledged,
    ChargerBooted,
    LinkChanged,
    NotAnswered,
    StrangerHeld,
    TokenPresented,
    TransactionStarted,
)
from edge.site.ports import Limit
from edge.site.tokens import GRANT_MS, Token, read_tokens
from tests.site.standing_site import MODEL, MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

CSMS = Origin(kind="csms", name="city")


def bound(**changes):
    limit = Limit(
        name="city/bay-1", source="csms", kind="evse", target="bay-1", limit_ma=10_000, expires_ms=None
    )
    return msgspec.structs.replace(limit, **changes)


# -- boots and strangers ---------------------------------------------------------------------------------


@in_virtual_time
async def test_a_charger_of_the_site_file_is_accepted_and_told_the_time():
    async with standing_site() as lot:
        answer = await lot.connect()
        assert (answer.status, answer.now_ms) == ("accepted", lot.clock.now_ms())


@in_virtual_time
async def test_a_stranger_waits_is_listed_and_starts_nothing():
    async with standing_site() as lot:
        assert (await lot.connect("AL-4711")).status == "pending"
        assert (await lot.tell(TokenPresented, "AL-4711", token="04AB")).status == "invalid"
        start = await lot.tell(TransactionStarted, "AL-4711", evse=1, token="04AB", meter_wh=0)
        assert isinstance(start, NotAnswered)
        await asyncio.sleep(2)
        (stranger,) = lot.site.status().strangers
        assert (stranger.station, stranger.model, stranger.address) == (
            "AL-4711",
            "Alfen NG910 6.4",
            "192.168.1.51",
        )
        await lot.tell(LinkChanged, "AL-4711", is_up=False)
        await asyncio.sleep(2)
        assert lot.site.status().strangers == ()
        assert lot.journal.entries == []


@in_virtual_time
async def test_a_stranger_that_refuses_to_draw_nothing_is_the_first_thing_told():
    async with standing_site() as lot:
        await lot.connect("AL-4711")
        await lot.tell(StrangerHeld, "AL-4711", refusal="the charger answers NotSupported")
        await asyncio.sleep(2)
        status = lot.site.status()
        assert (status.severity, status.strangers[0].severity) == ("act", "act")
        assert status.sentence.startswith("AL-4711: New charger: may draw up to 32 A where nobody counts it")
        await lot.tell(StrangerHeld, "AL-4711", refusal=None, connectors=2)
        await asyncio.sleep(2)
        (stranger,) = lot.site.status().strangers
        assert (stranger.sentence, stranger.connectors) == ("New charger, no place yet: 0 A.", 2)


@in_virtual_time
async def test_a_crowd_of_strangers_is_bounded():
    async with standing_site() as lot:
        for number in range(500):
            await lot.tell(LinkChanged, f"WHO-{number}", is_up=True, address="192.168.1.66")
        await asyncio.sleep(2)
        assert len(lot.site.status().strangers) == 64


@in_virtual_time
async def test_a_stranger_is_rejected_where_the_site_says_so():
    async with standing_site(extra='[ocpp]\nunknown = "reject"\n') as lot:
        assert (await lot.connect("AL-4711")).status == "rejected"


@in_virtual_time
async def test_who_a_charger_is_and_what_was_learnt_of_it_survives_a_restart():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await asyncio.sleep(1)
    async with standing_site(journal=journal) as lot:
        boot = lot.site.charger("bay-1").boot
        assert isinstance(boot, ChargerBooted)
        assert f"{boot.vendor}/{boot.model}/{boot.firmware}" == MODEL


# -- tokens ----------------------------------------------------------------------------------------------


@in_virtual_time
async def test_tokens_are_known_whatever_their_case_and_expire():
    tokens = (Token(token="04AB"), Token(token="OLD", valid_until_ms=1))
    async with standing_site(tokens=tokens) as lot:
        await lot.connect()
        answers = [(await lot.tell(TokenPresented, token=token)).status for token in ("04ab", "OLD", "NEW")]
        assert answers == ["accepted", "expired", "invalid"]


@in_virtual_time
async def test_a_commanded_start_grants_its_token_there_once_and_for_three_minutes():
    async with standing_site() as lot:
        await lot.connect("bay-1")
        await lot.connect("bay-2")
        start = StartCharging(charger="bay-1", evse=1, token="CLOUD-ONLY")
        assert await lot.site.submit(start, CSMS) == Done()
        assert (await lot.tell(TokenPresented, "bay-2", token="CLOUD-ONLY")).status == "invalid"
        assert (await lot.tell(TokenPresented, "bay-1", token="CLOUD-ONLY")).status == "accepted"
        begun = await lot.start(token="CLOUD-ONLY")
        assert begun.token.status == "accepted"
        await lot.stop(begun.transaction_id)
        assert (await lot.tell(TokenPresented, "bay-1", token="CLOUD-ONLY")).status == "invalid"

        await lot.site.submit(start, CSMS)
        await asyncio.sleep(GRANT_MS / 1000 + 1)
        assert (await lot.tell(TokenPresented, "bay-1", token="CLOUD-ONLY")).status == "invalid"


@in_virtual_time
async def test_a_start_that_the_charger_refused_grants_nothing():
    async with standing_site() as lot:
        await lot.connect()
        lot.chargers["bay-1"].outcome = Refused(sentence="a car is missing")
        await lot.site.submit(StartCharging(charger="bay-1", evse=1, token="CLOUD-ONLY"), CSMS)
        assert (await lot.tell(TokenPresented, token="CLOUD-ONLY")).status == "invalid"


def test_a_list_of_tokens_is_read():
    head = "token,name,group,valid_until,priority\n"
    text = head + "04AB, Ada , fleet,2027-01-31T12:00:00+00:00\n# gone\n\n04CD,,,,7\n"
    assert read_tokens(text, file="tokens.csv") == [
        Token(token="04AB", name="Ada", group="fleet", valid_until_ms=1_801_396_800_000),
        Token(token="04CD", priority=7),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("token\n04AB,,,tomorrow\n", "tokens.csv:2 valid_until 'tomorrow' is no date like 2027-01-31"),
        ("04AB,,,,10", "tokens.csv:1 priority '10' is none of 0 to 9"),
        ("A" * 37, "tokens.csv:1 token is longer than 36 characters"),
    ],
)
def test_a_fault_in_the_list_of_tokens_is_told_with_its_line(text, fault):
    with pytest.raises(ConfigError) as raised:
        read_tokens(text, file="tokens.csv")
    assert str(raised.value) == fault


# -- commands --------------------------------------------------------------------------------------------


@in_virtual_time
async def test_nothing_is_commanded_of_a_charger_that_is_away_or_none():
    async with standing_site() as lot:
        assert await lot.site.submit(Reset(charger="bay-1"), CSMS) == Unreachable()
        assert await lot.site.submit(Reset(charger="bay-9"), CSMS) == Refused(
            sentence="there is no charger bay-9 here"
        )


@pytest.mark.parametrize(
    "key",
    [
        "SmartChargingCtrlr.Entries",
        "SecurityCtrlr.BasicAuthPassword",
        "SampledDataCtrlr.TxUpdatedInterval",
        "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    ],
)
def test_settings_that_the_site_owns_are_written_by_nobody_else(key):
    @in_virtual_time
    async def refused():
        async with standing_site() as lot:
            await lot.connect()
            mixed = WriteSettings(charger="bay-1", settings={"TxCtrlr.EVConnectionTimeOut": "45", key: "1"})
            assert await lot.site.submit(mixed, CSMS) == Refused(sentence=f"{key}: set by the site itself")
            assert lot.chargers["bay-1"].commands == []
            await lot.site.submit(mixed, Origin(kind="site"))
            await lot.site.submit(ReadSettings(charger="bay-1", keys=(key,)), CSMS)
            assert len(lot.chargers["bay-1"].commands) == 2

    refused()


# -- limits ----------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_limit_binds_until_it_expires_or_is_withdrawn():
    async with standing_site() as lot:
        await lot.connect("bay-2")
        await lot.connect()
        await lot.start()
        lot.site.limit(bound(expires_ms=lot.clock.mono_ms() + 20_000))
        await asyncio.sleep(10)
        assert lot.bay().setpoint_ma == 10_000
        (row,) = [row for row in lot.site.explain("bay-1").limits if row.name == "city/bay-1"]
        assert (row.binds, row.until, row.source) == (True, "12:00:20", "csms")
        await asyncio.sleep(80)  # the pacing holds a rise for a minute
        assert lot.bay().setpoint_ma == 32_000
        lot.site.limit(bound(limit_ma=7_000))
        await asyncio.sleep(1)
        assert lot.bay().setpoint_ma == 7_000
        lot.site.limit(bound(limit_ma=None))
        await asyncio.sleep(80)
        assert lot.bay().setpoint_ma == 32_000


@in_virtual_time
async def test_a_wall_clock_that_jumps_moves_no_limit():
    async with standing_site() as lot:
        await lot.connect("bay-2")
        await lot.connect()
        await lot.start()
        lot.site.limit(bound(expires_ms=lot.clock.mono_ms() + 60_000))
        await asyncio.sleep(5)
        lot.clock.skipped_ms = 86_400_000
        await asyncio.sleep(5)
        assert lot.bay().setpoint_ma == 10_000


@in_virtual_time
async def test_a_limit_above_what_is_there_raises_nothing():
    async with standing_site() as lot:
        await lot.connect("bay-2")
        await lot.connect()
        await lot.start()
        lot.site.limit(bound(limit_ma=500_000))
        await asyncio.sleep(10)
        assert lot.bay().setpoint_ma == 32_000


@pytest.mark.parametrize(
    "limit",
    [
        bound(target="bay-9"),
        bound(kind="circuit", target="bay-1"),
        bound(kind="chargers", target="west"),
    ],
)
def test_a_limit_on_what_is_not_there_is_refused_with_what_is(limit):
    @in_virtual_time
    async def refused():
        async with standing_site() as lot:
            with pytest.raises(ValueError, match="is none of"):
                lot.site.limit(limit)

    refused()


# -- status ----------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_slow_reader_of_the_status_misses_what_is_between():
    async with standing_site() as lot:
        cycles = []
        async for status in lot.site.watch():
            cycles.append(status.cycle)
            await asyncio.sleep(5)
            if len(cycles) == 3:
                break
        assert cycles[2] - cycles[1] >= 4


@in_virtual_time
async def test_a_watcher_of_one_charger_wakes_when_that_one_changes():
    async with standing_site() as lot:
        view = lot.site.charger("bay-1")
        waiting = asyncio.ensure_future(lot.site.changed("bay-1", view.version))
        await lot.connect("bay-2")
        await asyncio.sleep(1)
        assert not waiting.done()
        await lot.connect("bay-1")
        assert (await waiting).is_linked


@in_virtual_time
async def test_the_rows_of_a_bay_name_every_bound_and_the_one_that_binds():
    async with standing_site() as lot:
        await lot.connect("bay-2")
        await lot.connect()
        await lot.start()
        await asyncio.sleep(5)
        await lot.draw(32_000)
        lot.meter(building_ma=40_000)
        await asyncio.sleep(0.5)
        assert lot.bay().setpoint_ma == 22_000  # 63 - 40 - 0.6
        assert [(row.name, row.limit_ma, row.binds) for row in lot.site.explain("bay-1").limits] == [
            ("EVSE", (32_000,) * 3, False),
            ("grid", (23_000,) * 3, True),
        ]
        assert await lot.tell(LinkChanged, is_up=False) == Acknowledged()
