import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.plant.cars import Car, CarModel

QUICK = CarModel(follow_ms=0, start_ms=0, taper_wh=0)


def charging(model: CarModel, limit_ma: int) -> tuple[Car, int]:
    """A car that has been offered this for a minute, and the time."""
    car = Car(model, 0)
    for now in range(0, 60_001, 500):
        car.draw(limit_ma, now)
    return car, 60_000


@pytest.mark.parametrize(
    ("phases", "drawn"), [(1, (10_000, 0, 0)), (2, (10_000, 10_000, 0)), (3, (10_000, 10_000, 10_000))]
)
def test_a_car_draws_on_as_many_phases_as_it_has(phases, drawn):
    assert Car(CarModel(phases=phases, follow_ms=0, start_ms=0), 0).draw(10_000, 0) == drawn


@pytest.mark.parametrize(
    ("offered", "drawn"), [(0, 0), (5_999, 0), (6_000, 6_000), (16_000, 16_000), (32_000, 16_000)]
)
def test_a_car_takes_what_it_is_offered_between_its_own_limits(offered, drawn):
    assert Car(QUICK, 0).draw(offered, 0)[0] == drawn


def test_a_car_starts_after_its_follow_time_and_its_start_delay():
    car = Car(CarModel(follow_ms=2_000, start_ms=3_000), 0)
    car.draw(16_000, 0)
    assert car.draw(16_000, 2_000)[0] == 0
    assert car.draw(16_000, 4_999)[0] == 0
    assert car.draw(16_000, 5_000)[0] == 16_000


def test_a_lower_offer_is_followed_after_the_follow_time():
    car, now = charging(CarModel(follow_ms=2_000), 16_000)
    car.draw(8_000, now)
    assert car.draw(8_000, now + 1_999)[0] == 16_000
    assert car.draw(8_000, now + 2_000)[0] == 8_000


def test_a_ramp_passes_every_current_between():
    car, now = charging(CarModel(follow_ms=1_000, ramp_ma_per_s=2_000), 16_000)
    car.draw(10_000, now)
    seen = [car.draw(10_000, now + ms)[0] for ms in (1_000, 2_000, 3_000, 4_000, 5_000)]
    assert seen == [16_000, 14_000, 12_000, 10_000, 10_000]


def test_offers_that_overtake_each_other_are_followed_in_order():
    car, now = charging(CarModel(follow_ms=2_000), 16_000)
    car.draw(8_000, now)
    car.draw(12_000, now + 1_000)
    assert [car.draw(12_000, now + ms)[0] for ms in (2_000, 3_000)] == [8_000, 12_000]


def test_a_sleeper_that_was_paused_never_wakes():
    car, now = charging(CarModel(sleeps=True), 16_000)
    car.draw(0, now)
    car.draw(0, now + 10_000)
    assert car.is_asleep
    assert not car.wants_current
    assert car.draw(16_000, now + 60_000)[0] == 0


def test_a_sleeper_that_only_waited_does_wake():
    car = Car(CarModel(sleeps=True, follow_ms=0, start_ms=0), 0)
    car.draw(0, 0)
    assert car.draw(6_000, 60_000)[0] == 6_000


def test_an_ordinary_car_resumes_after_a_pause():
    car, now = charging(CarModel(), 16_000)
    car.draw(0, now)
    car.draw(0, now + 5_000)
    car.draw(16_000, now + 6_000)
    car.draw(16_000, now + 8_000)
    assert car.draw(16_000, now + 11_000)[0] == 16_000


def test_a_battery_takes_less_near_full_and_nothing_when_full():
    car = Car(CarModel(follow_ms=0, start_ms=0, wanted_wh=2_000, taper_wh=1_000), 0)
    drawn = [car.draw(16_000, now)[0] for now in range(0, 3_600_000, 10_000)]
    assert drawn[0] == 16_000
    assert drawn == sorted(drawn, reverse=True)
    assert 1_600 in drawn
    assert drawn[-1] == 0
    assert car.is_full
    assert car.taken_wh == pytest.approx(2_000, abs=15)


def test_a_driver_who_wants_more_starts_a_full_car_again():
    car = Car(CarModel(follow_ms=0, start_ms=0, wanted_wh=0), 0)
    assert car.draw(16_000, 0)[0] == 0
    car.want(10_000)
    assert car.draw(16_000, 1)[0] == 16_000


def test_an_opened_contactor_stops_the_current_at_once_and_the_start_begins_anew():
    car, now = charging(CarModel(follow_ms=0, start_ms=3_000), 16_000)
    car.cut(now)
    assert not car.is_drawing
    assert car.draw(16_000, now)[0] == 0
    assert car.draw(16_000, now + 3_000)[0] == 16_000


MODELS = st.builds(
    CarModel,
    phases=st.integers(1, 3),
    max_ma=st.integers(6_000, 32_000),
    follow_ms=st.integers(0, 5_000),
    ramp_ma_per_s=st.sampled_from([0, 1_000, 4_000, 20_000]),
    start_ms=st.integers(0, 5_000),
    wanted_wh=st.integers(0, 3_000),
    taper_wh=st.integers(0, 1_000),
    sleeps=st.booleans(),
)
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 6_000, 9_500, 16_000, 32_000]), st.integers(1, 20_000)), max_size=40
)


@given(MODELS, STEPS)
def test_a_car_never_draws_more_than_it_can_or_than_it_was_offered_while_it_settles(model, steps):
    car, now = Car(model, 0), 0
    offers = [(0, 0)]
    for offered, elapsed in steps:
        offers.append((now, offered))
        car.draw(offered, now)
        now += elapsed
        drawn = max(car.draw(offered, now))
        settling = model.settling_ms(32_000)
        recent = [
            ma
            for (_, ma), (until, _) in zip(offers, [*offers[1:], (now, 0)], strict=True)
            if until >= now - settling
        ]
        assert 0 <= drawn <= min(model.max_ma, max(recent))


@given(MODELS, STEPS)
def test_energy_only_grows_and_stops_where_the_driver_wanted(model, steps):
    car, now, before = Car(model, 0), 0, 0
    for offered, elapsed in steps:
        now += elapsed
        car.draw(offered, now)
        assert car.taken_wh >= before
        before = car.taken_wh
    assert car.taken_wh <= model.wanted_wh + 32 * 3 * 230 * 20 // 3_600 + 1
