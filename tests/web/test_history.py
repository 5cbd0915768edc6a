"""The last hour: a point each ten seconds, the tightest of them, and no more than an hour."""

import msgspec

from edge.web.history import POINTS, STEP_MS, History
from tests.web.standing_lot import circuit, riverside

START_MS = 1_000 * STEP_MS


def at(offset_ms, *, building):
    grid = circuit("grid", rating=100, building=(building, 10, 10), chargers=(40, 40, 40), parent=None)
    return msgspec.structs.replace(riverside(), at_ms=START_MS + offset_ms, circuits=(grid,))


def test_of_each_ten_seconds_the_moment_with_the_least_room_is_kept():
    history = History()
    for offset_ms, building in ((0, 20), (4_000, 55), (8_000, 25), (10_000, 30)):
        history.note(at(offset_ms, building=building))
    assert [point.background_ma[0] for point in history.points()] == [55_000, 30_000]


def test_an_hour_is_all_that_is_kept():
    history = History()
    for number in range(POINTS + 5):
        history.note(at(number * STEP_MS, building=20))
    points = history.points()
    assert len(points) == POINTS
    assert points[0].at_ms == START_MS + 5 * STEP_MS


def test_a_site_that_has_not_decided_yet_leaves_no_point():
    history = History()
    history.note(msgspec.structs.replace(riverside(), circuits=()))
    assert history.points() == []


def test_of_the_chargers_what_flows_is_remembered_and_not_what_is_booked():
    history = History()
    history.note(riverside())
    (point,) = history.points()
    assert point.measured_ma == riverside().circuits[0].chargers_ma


def test_an_evse_that_told_nothing_lately_counts_as_nothing():
    history = History()
    silent = tuple(msgspec.structs.replace(evse, measured_ma=None) for evse in riverside().evses)
    history.note(msgspec.structs.replace(riverside(), evses=silent))
    assert history.points()[0].measured_ma == (0, 0, 0)
