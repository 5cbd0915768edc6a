"""What somebody with one charger's password can do to the others: nothing."""

import pytest

from tests.faults.attack import OTHERS, RATE_HZ, WORDS, attack

SECONDS = 4


@pytest.mark.parametrize("version", WORDS)
async def test_the_password_of_one_charger_harms_no_other(tmp_path, version):
    tally = await attack(tmp_path, seconds=SECONDS, version=version)
    assert tally.is_clean, "\n".join(tally.lines())
    assert tally.tries == SECONDS * RATE_HZ
    assert tally.fates["let in"] > 0
    assert tally.fates["401"] > 0
    assert tally.fates["429"] > 0
    assert tally.calls > 0
    assert len(tally.beats_ms) > SECONDS * len(OTHERS)
