"""What a session costs is decided by what held when it began, and sealed when it ends."""

import asyncio
import contextlib
import json
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge.journal.opening import open_journal
from edge.reports.cdr import cdr, table
from edge.site.billing.office import Office
from edge.site.billing.operator import NOBODY
from edge.site.billing.roaming import RoamingToken
from edge.site.billing.sealing import HeldError, Sealer
from edge.site.billing.tariff import read_tariff
from edge.site.durable import Entry
from edge.site.events import Sampled, SignedValue
from tests.journal.test_compaction import MovableClock
from tests.journal.test_journal import ROUTES, ended, started
from tests.reports.test_cdr import OPERATOR, ROAMER, TARIFF

FOREVER = 1 << 50


class Lot:
    def __init__(self, journal, clock, groups):
        self.journal = journal
        self.clock = clock
        self.office = Office(
            journal,
            journal.books,
            ZoneInfo("UTC"),
            clock,
            group_of=groups.get,
            phases={},
            write=cdr,
        )
        self.sealer = Sealer(self.office, journal.books, clock)

    async def begin(self, number, card="ABCD", group="fleet", **fields):
        entry = started(transaction_id=number)
        session = replace(
            entry.session, token=card, started_ms=self.clock.ms, token_group=group, energy_wh=900, **fields
        )
        event = replace(entry.event, at_ms=self.clock.ms, token=card)
        entry = replace(entry, session=session, event=event)
        await self.journal.append(entry)
        return entry

    async def end(self, entry):
        self.clock.ms += 3_600_000
        end = ended(entry)
        session = replace(end.session, ended_ms=self.clock.ms)
        await self.journal.append(
            replace(end, session=session, event=replace(end.event, at_ms=self.clock.ms))
        )
        return session

    def told_of_seals(self):
        """Set when a record is on the disk."""
        books, sealed = self.journal.books, asyncio.Event()
        seal = books.seal

        async def told(number, **parts):
            await seal(number, **parts)
            sealed.set()

        books.seal = told
        return sealed

    async def exports(self):
        accounts = await self.office.accounts(0, FOREVER)
        return table(accounts), await self.office.cdrs(0, FOREVER)


@contextlib.asynccontextmanager
async def lot(tmp_path, groups=None):
    clock = MovableClock()
    async with open_journal(tmp_path / "journal.db", clock, ROUTES) as journal:
        yield Lot(journal, clock, groups or {})


def of(tariff_id, price):
    prices = [{"type": "ENERGY", "price": price, "step_size": 1}]
    whole = {
        "country_code": "DE",
        "party_id": "AMP",
        "id": tariff_id,
        "currency": "EUR",
        "last_updated": "2026-01-01T00:00:00Z",
        "elements": [{"price_components": prices}],
    }
    return read_tariff(json.dumps(whole))


async def test_a_later_assignment_and_a_card_that_changes_its_group_change_no_session_that_has_begun(
    tmp_path,
):
    groups = {"ABCD": "fleet"}
    async with lot(tmp_path, groups) as at:
        await at.office.put_tariff(of("cheap", 0.1))
        await at.office.put_tariff(of("dear", 9))
        await at.office.assign("fleet", "cheap")
        at.clock.ms += 1_000
        entry = await at.begin(7)
        at.clock.ms += 1_000
        await at.office.assign("fleet", "dear")
        groups["ABCD"] = "visitors"
        account = await at.office.account(await at.end(entry))
        assert (account.tariff.id, account.group) == ("cheap", "fleet")
        after = await at.office.account(await at.end(await at.begin(8)))
        assert after.tariff.id == "dear"


async def test_sessions_are_sealed_when_they_end_and_the_same_ever_after(tmp_path):
    async with lot(tmp_path) as at:
        await at.office.put_tariff(TARIFF)
        await at.office.assign("*", "day")
        await at.office.put_operator(OPERATOR)
        sealed = at.told_of_seals()
        sealing = asyncio.create_task(at.sealer.run())
        at.clock.ms += 1
        session = await at.end(await at.begin(7))
        await asyncio.wait_for(sealed.wait(), 10)
        sealing.cancel()
        before = await at.exports()
        await at.office.put_operator(replace(OPERATOR, name="Somebody else", party_id="XYZ"))
        await at.office.put_roaming([RoamingToken(**{**ROAMER, "uid": "abcd"})])
        at.office.zone = ZoneInfo("Asia/Tokyo")
        assert await at.exports() == before
        assert await at.office.cdr(session) == before[1][0]
        assert b"DE" in before[1][0]


async def test_the_record_of_another_providers_card_waits_for_the_operator_and_other_cards_do_not(tmp_path):
    async with lot(tmp_path) as at:
        await at.office.put_roaming([RoamingToken(**{**ROAMER, "uid": "04A1"})])
        assert at.office.operator == NOBODY
        own = await at.end(await at.begin(7))
        strange = await at.end(await at.begin(8, card="04a1"))
        await at.sealer.seal_all()
        assert await at.journal.books.cdr(own.transaction_id) is not None
        assert await at.journal.books.cdr(strange.transaction_id) is None
        with pytest.raises(HeldError, match="operator"):
            await at.office.cdrs(0, FOREVER)
        rows = table(await at.office.accounts(0, FOREVER))  # the lot's own sheet has it all the same
        assert ROAMER["contract_id"] in rows
        await at.office.put_operator(OPERATOR)
        await at.sealer.seal_all()
        record = json.loads(await at.journal.books.cdr(strange.transaction_id))
        assert (record["party_id"], record["cdr_token"]["contract_id"]) == ("AMP", ROAMER["contract_id"])


async def test_times_that_may_still_be_mended_are_not_sealed_unless_somebody_asks(tmp_path):
    async with lot(tmp_path) as at:
        at.clock.is_synchronised = lambda: False
        await at.end(await at.begin(7, start_is_sure=False))
        await at.sealer.seal_all()
        assert await at.journal.books.cdr(7) is None
        at.clock.is_synchronised = lambda: True
        await at.sealer.seal_all()  # what the clock has mended may be on its way
        assert await at.journal.books.cdr(7) is None
        await at.sealer.seal_all()
        assert await at.journal.books.cdr(7) is not None
        at.clock.is_synchronised = lambda: False
        session = await at.end(await at.begin(8, start_is_sure=False))
        assert await at.office.cdr(session) == await at.office.cdr(session)


async def test_what_became_of_a_session_after_its_record_is_a_gap_and_no_other_record(tmp_path):
    async with lot(tmp_path) as at:
        entry = await at.begin(7)
        session = await at.end(entry)
        record = await at.office.cdr(session)
        late = replace(session, energy_wh=1_000, meter_stop_wh=1_050)
        event = ended(entry).event
        await at.journal.append(Entry(event=event, session=late, dedup="late", deliver=False))
        assert await at.office.cdr(late) == record
        told = await at.office.reconciliation(0, FOREVER)
        assert ("record", 7, -100) in [(gap.kind, gap.transaction_id, gap.wh) for gap in told.gaps]


async def test_signed_values_stand_in_the_record(tmp_path):
    async with lot(tmp_path) as at:
        entry = await at.begin(7)
        signed = SignedValue(data="OCMF|{}|{}", context="end")
        sample = Sampled(
            charger="bay-1", evse=1, at_ms=at.clock.ms + 5, seen_ms=1, transaction_id=7, signed=(signed,)
        )
        at.journal.keep(Entry(event=sample))
        record = json.loads(await at.office.cdr(await at.end(entry)))
        assert record["signed_data"]["signed_values"][0]["plain_data"] == "OCMF|{}|{}"
