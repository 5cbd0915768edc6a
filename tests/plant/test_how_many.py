from edge.plant.arrivals import SCENARIOS
from edge.plant.how_many import Question, most_proven, with_chargers
from tests.plant.lots import lot


def test_more_chargers_are_like_those_that_are_there_in_turn():
    here = lot(2, rows=2)
    more = with_chargers(here, 5)
    assert [evse.circuit for evse in more.evses] == ["row-0", "row-1", "row-0", "row-1", "row-0"]
    assert {evse.max_ma for evse in more.evses} == {32_000}
    assert more.tree is here.tree


def test_the_search_ends_beside_the_first_number_that_is_too_many():
    question = Question(
        lot=lot(2, grid_a=35, building_a=10), scenario=SCENARIOS["work"], days=1, seed=1, most=64
    )
    trials = list(question.trials())
    good = [trial.chargers for trial in trials if trial.is_enough]
    bad = [trial.chargers for trial in trials if not trial.is_enough]
    assert min(bad) - max(good) == 1


def test_a_bound_on_chargers_is_kept():
    question = Question(lot=lot(1, grid_a=400), scenario=SCENARIOS["home"], days=1, seed=1, most=3)
    assert [trial.chargers for trial in question.trials()] == [1, 2, 3]


def test_fallbacks_bound_the_number_too():
    here = lot(1, grid_a=63, building_a=25)
    assert most_proven(here, 20) == 20  # fallbacks of 0
    for evse in here.evses:
        evse.credit_ma = 6_000
    assert most_proven(here, 20) == 6  # 38 A left for 6 A each
