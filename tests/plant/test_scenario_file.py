import pytest

from edge.plant.arrivals import DAY_MS, HOUR_MS, SCENARIOS
from edge.plant.scenario_file import ScenarioError, read
from tests.plant.lots import lot


def test_what_is_not_said_is_as_in_the_scenario_it_names():
    scenario, recorded = read('scenario = "home"\ncars_per_bay = 2\nwish_kwh = [1, 2, 3]\n', lot())
    assert recorded is None
    assert (scenario.cars_per_bay, scenario.wish_kwh) == (2, (1, 2, 3))
    assert scenario.arrivals == SCENARIOS["home"].arrivals


def test_a_recorded_day():
    _, recorded = read(
        "[[visit]]\nbay = 'bay-01'\narrives = 22:00:00\ndeparts = 06:30:00\nphases = 1\nmax_a = 32\n"
        "[[visit]]\nbay = 'bay-00'\narrives = 07:42:00\ndeparts = 16:30:00\nwish_kwh = 12.5\nday = 2\n",
        lot(),
    )
    night, day = recorded.visits
    assert (night.bay, night.arrives_ms, night.departs_ms) == ("bay-01", 22 * HOUR_MS, 30.5 * HOUR_MS)
    assert (night.car.phases, night.car.max_ma) == (1, 32_000)
    assert day.arrives_ms == DAY_MS + 7.7 * HOUR_MS
    assert day.car.wanted_wh == 12_500


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scenario = ", "not TOML"),
        ('scenario = "wrok"', "none of work, home, retail"),
        ("cars = 1", "cars: unknown"),
        ("stay_h = [3, 2, 1]", "in this order"),
        ("stay_h = [3]", "3 numbers"),
        ("phases = [0, 0, 0]", "not all of them 0"),
        ("fast = -1", "0 or more"),
        ("begins_h = 24", "0 to 23"),
        ("returning = 1", "true or false"),
        ("visit = 3", r"write \[\[visit\]\]"),
        ("[[visit]]\nbay = 'bay-99'", "bay 'bay-99' is none of"),
        ("[[visit]]\nbay = 'bay-00'\narrives = 7", "are times"),
        ("[[visit]]\nbay = 'bay-00'\ncolour = 1", "colour is none of"),
        ("[[visit]]\nbay='bay-00'\narrives=07:00:00\ndeparts=09:00:00\nphases=4", "1, 2 or 3"),
        ("[[visit]]\nbay='bay-00'\narrives=07:00:00\ndeparts=09:00:00\n" * 2, "two cars at once"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(text, says):
    with pytest.raises(ScenarioError, match=says):
        read(text, lot())
