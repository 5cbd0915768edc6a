"""Chargers know the site's tokens, are told what has changed, and nothing twice."""

import asyncio
import contextlib

from edge.site.commands import Done, NotSupported, ReadListVersion, Refused, SendTokens, WriteSettings
from edge.site.token_lists import TokenLists
from edge.site.tokens import Token
from tests.site.standing_site import ADA, MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time, running

LATE_S = 61


@contextlib.asynccontextmanager
async def listed(**named):
    async with standing_site(**named) as lot:
        stations = {"bay-1": "CP-1", "bay-2": "CP-2"}
        lists = TokenLists(lot.site, lot.site.desk, lot.journal, lot.clock, stations)
        async with running(lists.run()):
            yield lot


def sent(lot, charger="bay-1"):
    return [each for each in lot.chargers[charger].commands if isinstance(each, SendTokens)]


@in_virtual_time
async def test_a_charger_gets_the_list_once_and_still_asks_while_it_can():
    async with listed() as lot:
        await lot.connect()
        await asyncio.sleep(5 * LATE_S)
        ((row,),) = [each.tokens for each in sent(lot)]
        assert (row.token, row.status, row.group) == (ADA.token, "accepted", "fleet")
        (written,) = [each for each in lot.chargers["bay-1"].commands if isinstance(each, WriteSettings)]
        assert written.settings["AuthCtrlr.LocalPreAuthorize"] == "false"
        assert sent(lot, "bay-2") == []


@in_virtual_time
async def test_a_card_that_is_blocked_is_told_and_a_restart_tells_nothing_twice():
    journal = MemoryJournal()
    async with listed(journal=journal) as lot:
        await lot.connect()
        await asyncio.sleep(LATE_S)
        await lot.site.desk.put_token(Token(token=ADA.token, blocked=True))
        await asyncio.sleep(LATE_S)
        assert [each.tokens[0].status for each in sent(lot)] == ["accepted", "blocked"]
    async with listed(journal=journal) as lot:
        lot.chargers["bay-1"].outcome = Done(list_version=2)
        await lot.connect()
        await asyncio.sleep(2 * LATE_S)
        assert sent(lot) == []


@in_virtual_time
async def test_a_charger_that_has_lost_its_list_gets_it_again():
    async with listed() as lot:
        await lot.connect()
        await asyncio.sleep(LATE_S)
        await lot.boot()
        await asyncio.sleep(LATE_S)
        asked = [each for each in lot.chargers["bay-1"].commands if isinstance(each, ReadListVersion)]
        assert len(asked) == 1, "it answers without a version: there is none"
        assert len(sent(lot)) == 2


@in_virtual_time
async def test_a_charger_that_keeps_no_list_is_asked_once_a_boot():
    async with listed() as lot:
        lot.chargers["bay-1"].outcome = NotSupported(sentence="no list")
        await lot.connect()
        await asyncio.sleep(5 * LATE_S)
        assert len(sent(lot)) == 1
        await lot.boot()
        await asyncio.sleep(5 * LATE_S)
        assert len(sent(lot)) == 2


@in_virtual_time
async def test_what_a_chargers_protocol_cannot_say_is_left_out_of_its_list():
    long = Token(token="x" * 30)
    async with listed(tokens=(ADA, long)) as lot:
        await lot.connect()
        charger = lot.chargers["bay-1"]
        charger.outcome = Refused(sentence="OCPP 1.6 cannot say this")
        await asyncio.sleep(LATE_S)
        assert [[row.token for row in each.tokens] for each in sent(lot)] == [
            [ADA.token, long.token],
            [ADA.token],
        ]
