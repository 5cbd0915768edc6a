"""What chargers do beside charging: jobs, reservations, alerts, requests for certificates."""

import asyncio

from edge.site.alerts import EVERY_MS, MOST, SHOWN_MS
from edge.site.commands import (
    CancelReservation,
    CollectLog,
    Done,
    NotSupported,
    Origin,
    Refused,
    Reserve,
    Started,
    UpdateFirmware,
)
from edge.site.events import (
    Acknowledged,
    AlertRaised,
    CertificateRequested,
    JobProgressed,
    NotAnswered,
    ReservationEnded,
)
from tests.site.standing_site import MemoryJournal, standing_site
from tests.site.virtual_time import in_virtual_time

OPERATOR = Origin(kind="command")
CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"


async def cycle():
    await asyncio.sleep(2)


def kept(lot, kind):
    return [entry.event for entry in lot.journal.kept if isinstance(entry.event, kind)]


async def order(lot, command, outcome=None):
    """Submit; the charger answers this, or that it started what it was asked."""
    driver = lot.chargers["bay-1"]

    async def perform(asked, *, deadline_ms):
        driver.commands.append(asked)
        return outcome or Started(request_id=asked.request_id, file="log.zip")

    driver.perform = perform
    return await lot.site.submit(command, OPERATOR)


# -- jobs ------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_job_gets_a_number_and_is_seen_until_its_end():
    async with standing_site() as lot:
        await lot.connect()
        started = await order(lot, UpdateFirmware(charger="bay-1", location="ftp://x/y"))
        assert started.request_id > 0
        await cycle()
        (row,) = lot.site.status().jobs
        assert (row.charger, row.job, row.state, row.request_id) == (
            "bay-1",
            "firmware",
            "scheduled",
            started.request_id,
        )
        for state, word in (("downloading", "Downloading"), ("installed", "Installed")):
            await lot.tell(JobProgressed, job="firmware", state=state, word=word)
        await cycle()
        (row,) = lot.site.status().jobs
        assert (row.state, row.request_id) == ("installed", started.request_id)
        assert [event.word for event in kept(lot, JobProgressed)] == ["Downloading", "Installed"]
        assert {event.request_id for event in kept(lot, JobProgressed)} == {started.request_id}


@in_virtual_time
async def test_numbers_of_jobs_are_never_used_twice():
    async with standing_site() as lot:
        await lot.connect()
        logs = [await order(lot, CollectLog(charger="bay-1", location="ftp://x/")) for _ in range(3)]
        assert len({each.request_id for each in logs}) == 3
        await cycle()
        assert lot.site.status().jobs[0].file == "log.zip"


@in_virtual_time
async def test_a_job_that_was_refused_is_none():
    async with standing_site() as lot:
        await lot.connect()
        await order(lot, CollectLog(charger="bay-1", location="ftp://x/"), NotSupported())
        await cycle()
        assert lot.site.status().jobs == ()


@in_virtual_time
async def test_a_repeated_word_and_idle_without_a_job_are_no_news():
    async with standing_site() as lot:
        await lot.connect()
        await lot.tell(JobProgressed, job="log", state="idle", word="Idle")
        for _ in range(3):
            await lot.tell(JobProgressed, job="firmware", state="downloading", word="Downloading")
        assert len(kept(lot, JobProgressed)) == 1


# -- reservations ----------------------------------------------------------------------------------------


def reserve(lot, **changes):
    until_ms = lot.clock.now_ms() + 60_000
    return Reserve(charger="bay-1", evse=1, token="04AB", **{"until_ms": until_ms, **changes})


@in_virtual_time
async def test_a_reservation_is_seen_and_ends_by_its_start():
    async with standing_site() as lot:
        await lot.connect()
        outcome = await order(lot, reserve(lot), Done())
        await cycle()
        (row,) = lot.site.status().reservations
        assert outcome == Done(reservation_id=row.reservation_id)
        assert (row.charger, row.evse, row.token) == ("bay-1", 1, "04AB")
        await lot.start(reservation_id=row.reservation_id)
        await cycle()
        assert lot.site.status().reservations == ()
        (ended,) = kept(lot, ReservationEnded)
        assert (ended.reservation_id, ended.reason) == (row.reservation_id, "used")


@in_virtual_time
async def test_a_reservation_ends_when_its_time_is_over():
    async with standing_site() as lot:
        await lot.connect()
        await order(lot, reserve(lot), Done())
        await asyncio.sleep(58)
        assert len(lot.site.status().reservations) == 1
        await asyncio.sleep(4)
        assert lot.site.status().reservations == ()
        assert [event.reason for event in kept(lot, ReservationEnded)] == ["expired"]


@in_virtual_time
async def test_a_reservation_is_cancelled_also_where_the_charger_has_none():
    async with standing_site() as lot:
        await lot.connect()
        for outcome in (Done(), Refused(sentence="the charger answers Rejected")):
            await order(lot, reserve(lot, reservation_id=5), Done())
            await order(lot, CancelReservation(charger="bay-1", reservation_id=5), outcome)
        assert [event.reason for event in kept(lot, ReservationEnded)] == ["cancelled", "cancelled"]


@in_virtual_time
async def test_what_was_refused_is_not_reserved():
    async with standing_site() as lot:
        await lot.connect()
        await order(lot, reserve(lot), Refused(sentence="occupied"))
        over = await order(lot, reserve(lot, until_ms=lot.clock.now_ms()), Done())
        assert isinstance(over, Refused)
        await cycle()
        assert lot.site.status().reservations == ()


@in_virtual_time
async def test_a_reservation_outlives_a_restart():
    journal = MemoryJournal()
    async with standing_site(journal=journal) as lot:
        await lot.connect()
        await order(lot, reserve(lot, until_ms=lot.clock.now_ms() + 3_600_000), Done())
        await cycle()
    async with standing_site(journal=journal) as lot:
        await cycle()
        assert [row.token for row in lot.site.status().reservations] == ["04AB"]
        (before,) = lot.site.status().reservations
        await lot.connect()
        lot.clock.now_ms = lambda: 1_000_000  # a box without a battery, in 1970
        await order(lot, reserve(lot, until_ms=2_000_000), Done())
        assert lot.chargers["bay-1"].commands[-1].reservation_id > before.reservation_id


# -- alerts and certificates -----------------------------------------------------------------------------


@in_virtual_time
async def test_a_charger_that_alerts_of_everything_does_not_push_out_the_others():
    async with standing_site() as lot:
        await lot.tell(AlertRaised, "bay-2", word="TamperDetection", sentence="was opened", is_critical=True)
        for number in range(3 * MOST):
            told = await lot.tell(AlertRaised, word="Odd", sentence=f"odd thing {number}", is_critical=True)
            assert told == Acknowledged()
        await cycle()
        alerts = lot.site.status().alerts
        assert len(alerts) == MOST + 1
        assert "bay-2: was opened" in alerts


@in_virtual_time
async def test_a_charger_that_alerts_all_the_time_does_not_wear_the_card():
    async with standing_site() as lot:
        for number in range(5 * MOST):
            await lot.tell(AlertRaised, word="Odd", sentence=f"odd {number}")
        assert len(lot.journal.rows(AlertRaised)) == MOST
        await asyncio.sleep(EVERY_MS / 1_000)
        await lot.tell(AlertRaised, word="Odd", sentence="odd again")
        assert lot.journal.rows(AlertRaised)[-1].event.sentence == "odd again"
        (summary,) = [each.event for each in lot.journal.kept if isinstance(each.event, AlertRaised)]
        assert summary.sentence == f"{4 * MOST} alerts were not kept: it alerts too often"
        await lot.tell(AlertRaised, "bay-2", word="Odd", sentence="another's")
        assert lot.journal.rows(AlertRaised)[-1].event.charger == "bay-2"
        await lot.tell(AlertRaised, word="Odd", sentence="odd again")
        assert len(lot.journal.rows(AlertRaised)) == MOST + 2


@in_virtual_time
async def test_an_alert_is_stored_before_it_is_answered_and_seen_for_a_day():
    async with standing_site() as lot:
        await lot.connect()
        tampered = {"word": "security-event", "sentence": "TamperDetectionActivated"}
        assert await lot.tell(AlertRaised, **tampered) == Acknowledged()
        assert len(lot.journal.rows(AlertRaised)) == 1
        await lot.tell(AlertRaised, **tampered)
        await lot.tell(AlertRaised, word="security-event", sentence="InvalidMessages", is_critical=False)
        await cycle()
        assert lot.site.status().alerts == ("bay-1: TamperDetectionActivated",)
        a_day_later_ms = lot.clock.now_ms() + SHOWN_MS
        assert lot.site._parts.alerts.sentences(a_day_later_ms) == ()


@in_virtual_time
async def test_an_alert_that_cannot_be_stored_must_come_again():
    async with standing_site() as lot:
        await lot.connect()
        lot.journal.is_full = True
        answer = await lot.tell(AlertRaised, word="security-event", sentence="MemoryExhaustion")
        assert isinstance(answer, NotAnswered)


@in_virtual_time
async def test_a_request_for_a_certificate_is_kept_and_seen():
    async with standing_site() as lot:
        await lot.connect()
        assert (await lot.tell(CertificateRequested, csr=CSR)).is_accepted
        assert not (await lot.tell(CertificateRequested, csr="give me one")).is_accepted
        await cycle()
        assert lot.journal.papers["csr"] == {"bay-1": CSR.encode()}
        assert lot.site.status().alerts == ("bay-1: wants a certificate signed",)
