"""Which dead men a journal shows to be proven: by model and firmware, read beside whoever writes it."""

import msgspec

from edge.journal.opening import open_journal
from edge.journal.proofs import proven_chargers
from edge.links.clock import SystemClock
from edge.site.events import ChargerBooted
from edge.site.passport import Finding, Proofs

YES, NO = Finding(verdict="proven", evidence="seen"), Finding(verdict="disproved", evidence="seen")


def boot(charger, firmware):
    event = ChargerBooted(
        charger=charger,
        at_ms=0,
        seen_ms=0,
        vendor="Alfen",
        model="NG910",
        firmware=firmware,
        protocol="OCPP 1.6",
    )
    return msgspec.json.encode(event)


async def journal_with(path, *proofs):
    async with open_journal(path, SystemClock(), {}) as journal:
        for model, found in proofs:
            await journal.put_document("proof", model, msgspec.json.encode(found))
        await journal.put_document("boot", "bay-1 CP-1", boot("bay-1", "6.4"))
        await journal.put_document("boot", "bay-2 CP-2", boot("bay-2", "6.5"))
        return proven_chargers(path)


async def test_a_proof_counts_for_its_model_and_firmware_alone(tmp_path):
    proven = await journal_with(tmp_path / "j.db", ("Alfen/NG910/6.4", Proofs(link_up=YES, link_cut=YES)))
    assert proven == {"bay-1"}


async def test_half_a_proof_or_a_reboot_that_showed_otherwise_is_none(tmp_path):
    half = ("Alfen/NG910/6.4", Proofs(link_up=YES))
    refuted = ("Alfen/NG910/6.5", Proofs(link_up=YES, link_cut=YES, reboot=NO))
    assert await journal_with(tmp_path / "j.db", half, refuted) == frozenset()


def test_what_cannot_be_read_proves_nothing(tmp_path):
    (tmp_path / "j.db").write_bytes(b"no database")
    assert proven_chargers(tmp_path / "j.db") == frozenset()
    assert proven_chargers(tmp_path / "none.db") == frozenset()
