"""guarantee = "proven" that would hold no more at the next start is told now."""

import asyncio

import msgspec

from edge.site.events import AlertRaised, ChargerBooted
from edge.site.passport import Finding, Proofs
from tests.site.standing_site import MODEL, SITE, MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

PROVEN = SITE.replace('name = "Two bays"', 'name = "Two bays"\nguarantee = "proven"')
BOTH = ("bay-1", "bay-2")
SEEN = Finding(verdict="proven", at_ms=1, evidence="fell")


def proving() -> MemoryJournal:
    """Both were of a model whose dead man is proven."""
    journal = MemoryJournal()
    vendor, model, firmware = MODEL.split("/")
    proofs = Proofs(link_up=SEEN, link_cut=SEEN)
    journal.papers["proof"] = {MODEL: msgspec.json.encode(proofs)}
    for number, name in enumerate(BOTH, start=1):
        boot = ChargerBooted(
            charger=name,
            at_ms=0,
            seen_ms=0,
            vendor=vendor,
            model=model,
            firmware=firmware,
            protocol="OCPP 1.6",
        )
        journal.papers.setdefault("boot", {})[f"{name} CP-{number}"] = msgspec.json.encode(boot)
    return journal


@in_virtual_time
async def test_another_firmware_that_breaks_the_guarantee_is_seen_until_it_is_proven_again():
    async with standing_site(PROVEN, journal=proving(), proven=BOTH) as lot:
        await asyncio.sleep(2)
        assert lot.site.status().alerts == ()
        new = {"vendor": "Alfen", "model": "NG910", "firmware": "6.5", "protocol": "OCPP 1.6"}
        await lot.tell(ChargerBooted, **new)
        await asyncio.sleep(2)
        (alert,) = lot.site.status().alerts
        assert "68 of 63 A without this box, for no fallback of bay-1 is proven" in alert
        assert "ampyard passport bay-1 --self-test" in alert
        (row,) = [each for each in lot.journal.kept if isinstance(each.event, AlertRaised)]
        assert row.event.word == "guarantee-broken"
        await asyncio.sleep(25 * 3_600)
        assert lot.site.status().alerts == (alert,), "as long as it is so"
        lot.site.passports()._passports.prove("bay-1", Proofs(link_up=SEEN, link_cut=SEEN))
        await asyncio.sleep(2)
        assert lot.site.status().alerts == ()


@in_virtual_time
async def test_a_site_that_fits_anyway_or_counts_declared_fallbacks_is_not_disturbed():
    small = PROVEN.replace("max_a = 32", "max_a = 16")
    for text in (small, SITE):
        async with standing_site(text) as lot:
            await lot.boot()
            await asyncio.sleep(2)
            assert lot.site.status().alerts == ()
