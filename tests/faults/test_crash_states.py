"""What was answered is in every state that a power cut can leave, and the model of the disk has teeth."""

from tests.faults.crash_states import DELETE, NORMAL, OURS, explore


def test_no_state_after_a_power_cut_has_lost_an_answer():
    count, faults = explore(OURS, commits=16, states=600)
    assert count >= 600
    assert not faults


def test_settings_that_are_known_to_lose_answers_are_found_to():
    for settings in (NORMAL, DELETE):
        _, faults = explore(settings, commits=16, states=600)
        assert faults["lost"] > 0
