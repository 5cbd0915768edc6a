"""How often somebody may knock, by the clock of the test."""

from edge.chargers.throttle import MOST_KEYS, Delays, Rate


def test_so_many_at_once_and_then_at_a_rate():
    rate = Rate(burst=3, per_s=2.0)
    assert [rate.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert rate.take("b", 0.0) == 0.0
    assert [rate.take("a", 0.5) for _ in range(2)] == [0.0, 0.5]
    assert [rate.take("a", 60.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_each_failure_beyond_the_free_ones_doubles_the_wait_up_to_a_minute():
    delays = Delays(free=2, forgets_s=1e9)
    waits = []
    for _ in range(11):
        delays.failed("a", 0.0)
        waits.append(delays.wait_s("a", 0.0))
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert delays.wait_s("a", 60.0) == 0
    assert delays.wait_s("b", 0.0) == 0


def test_failures_are_forgotten_with_time_or_at_once():
    delays = Delays(free=1, forgets_s=10.0)
    for at_s in (0.0, 10.0, 20.0, 30.0):
        delays.failed("a", at_s)
        assert delays.wait_s("a", at_s) == 0
    for _ in range(3):
        delays.failed("a", 30.0)
    assert delays.wait_s("a", 30.0) == 4
    delays.forgive("a")
    delays.failed("a", 30.0)
    assert delays.wait_s("a", 30.0) == 0


def test_ever_new_names_do_not_fill_the_memory():
    rate = Rate(burst=1, per_s=1.0)
    for number in range(MOST_KEYS + 100):
        assert rate.take(str(number), 0.0) == 0.0
    assert len(rate) == MOST_KEYS
