"""What somebody with one charger's password can do to the others: nothing."""

from tests.faults.attack import OTHERS, RATE_HZ, attack

SECONDS = 4


async def test_the_password_of_one_charger_harms_no_other(tmp_path):
    tally = await attack(tmp_path, seconds=SECONDS)
    assert tally.is_clean, "\n".join(tally.lines())
    assert tally.tries == SECONDS * RATE_HZ
    assert tally.fates["let in"] > 0
    assert tally.fates["401"] > 0
    assert tally.fates["429"] > 0
    assert tally.calls > 0
    assert len(tally.beats_ms) > SECONDS * len(OTHERS)
