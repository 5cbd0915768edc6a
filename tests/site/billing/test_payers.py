"""Who pays by which tariff is asked for the moment at which a session began."""

from edge.site.billing.payers import EVERYBODY, FORMERLY, FREE, Payers
from tests.site.standing_site import MemoryJournal


async def test_what_is_assigned_counts_from_then_on_and_not_before():
    payers = Payers(MemoryJournal())
    await payers.assign(EVERYBODY, "day", now_ms=1_000)
    await payers.assign("fleet", FREE, now_ms=2_000)
    await payers.assign("fleet", None, now_ms=3_000)
    assert [payers.tariff_of("fleet", at) for at in (999, 1_000, 1_999, 2_000, 3_000)] == [
        FREE,
        "day",
        "day",
        FREE,
        "day",
    ]
    assert payers.now() == {EVERYBODY: "day"}


async def test_a_restart_finds_every_assignment_and_those_of_the_time_before_times_were_kept():
    journal = MemoryJournal()
    await journal.put_document(FORMERLY, "fleet", b"old")
    await Payers(journal).assign("fleet", "new", now_ms=5_000)
    payers = Payers(journal)
    await payers.resume()
    assert (payers.tariff_of("fleet", 4_999), payers.tariff_of("fleet", 5_000)) == ("old", "new")


async def test_what_a_clock_that_ran_ahead_has_dated_does_not_come_back():
    journal = MemoryJournal()
    payers = Payers(journal)
    await payers.assign(EVERYBODY, "wrong", now_ms=9_000_000)
    await payers.assign(EVERYBODY, "right", now_ms=1_000)
    again = Payers(journal)
    await again.resume()
    assert [each.tariff_of(None, 9_000_001) for each in (payers, again)] == ["right", "right"]
