"""What a cloud has booked without answering is told again, and stands in its books once."""

from edge.uplink import station
from tests.faults.lost_answers import explore, forgotten_ids


async def test_sessions_whose_answers_are_lost_stand_in_the_books_once(monkeypatch):
    monkeypatch.setattr(station, "RECONNECT_FIRST_S", 0.02)
    tally = await explore(25, seed=3)
    assert tally["runs"] >= 25
    assert (tally["doubled"], tally["missing"], tally["odd"]) == (0, 0, 0)


async def test_a_journal_that_forgets_its_message_ids_is_found_to_double(monkeypatch):
    monkeypatch.setattr(station, "RECONNECT_FIRST_S", 0.02)
    with forgotten_ids():
        tally = await explore(25, seed=3)
    assert tally["doubled"] > 0
