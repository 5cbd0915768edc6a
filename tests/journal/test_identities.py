"""The second file covers every id before it is given, torn writes included."""

import random

import pytest

from edge.journal.identities import AHEAD, Identities


def identities(path):
    here = Identities(path)
    here.load()
    return here


async def test_every_id_is_covered_before_it_is_given(tmp_path):
    path = tmp_path / "journal.ids"
    here = identities(path)
    chance = random.Random(7)
    given = 0
    for _ in range(200):
        given += chance.randrange(1, 5)
        await here.cover(given)
        assert identities(path).covered >= given


async def test_many_ids_share_a_write(tmp_path):
    here = identities(tmp_path / "journal.ids")
    await here.cover(1000)
    before = (tmp_path / "journal.ids").read_bytes()
    await here.cover(1000 + AHEAD)
    assert (tmp_path / "journal.ids").read_bytes() == before


@pytest.mark.parametrize("torn", [0, 1])
async def test_a_torn_write_leaves_the_other_slot(tmp_path, torn):
    path = tmp_path / "journal.ids"
    here = identities(path)
    covered = []
    for number in (1000, 2000, 3000):
        await here.cover(number)
        covered.append(here.covered)
    content = bytearray(path.read_bytes())
    content[torn * 4096 + 10] ^= 0xFF
    path.write_bytes(content)
    assert identities(path).covered in covered[-2:]


async def test_the_file_never_grows(tmp_path):
    path = tmp_path / "journal.ids"
    here = identities(path)
    for number in range(100, 5000, 100):
        await here.cover(number)
    assert path.stat().st_size == 8192
