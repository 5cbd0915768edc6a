"""The board's journal: told in order, forgotten when told, whole after any cut, with room for the ends."""

import os

import pytest

from boards.common import log as logs
from boards.common.log import ASIDE, BEGIN, END, Full, Log
from tests.boards.kills import kills


@pytest.fixture(autouse=True)
def ilistdir(monkeypatch):
    """CPython's `os` without what MicroPython's has."""

    def listed(path):
        for entry in os.scandir(path):
            yield (entry.name, 0x4000 if entry.is_dir() else 0x8000, 0)

    monkeypatch.setattr(os, "ilistdir", listed, raising=False)


def test_records_are_told_in_order_once_and_then_forgotten(tmp_path):
    path = str(tmp_path / "log")
    log = Log(path)
    numbers = [log.append({"n": each}) for each in range(100)]
    assert numbers == list(range(1, 101))
    for each in range(100):
        number, record = Log(path).oldest() if each % 7 == 0 else log.oldest()
        assert record == {"n": each}
        log.told(number)
    assert log.oldest() is None
    assert len(list(tmp_path.glob("log.[0-9]*"))) == 1
    assert Log(path).append({"n": 100}) == 101, "a number never comes again"


def test_whatever_is_left_of_the_last_record_the_others_are_whole_and_the_next_is_kept(tmp_path):
    path = str(tmp_path / "log")
    log = Log(path)
    for each in range(5):
        log.append({"n": each})
    (file,) = tmp_path.glob("log.[0-9]*")
    whole = file.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole)):
        file.write_bytes(whole[:cut])
        again = Log(path)
        assert [record["n"] for _, record in again.all()] == [0, 1, 2, 3]
        again.append({"n": "new"})
        assert [record["n"] for _, record in Log(path).all()] == [0, 1, 2, 3, "new"]
        for other in tmp_path.glob("log.[0-9]*"):
            if other != file:
                other.unlink()


def test_samples_go_first_then_starts_and_there_is_room_for_the_ends(tmp_path):
    log = Log(str(tmp_path / "log"), most_files=16)

    def fill(rank):
        count = 0
        try:
            while True:
                log.append({}, rank)
                count += 1
        except Full:
            return count

    assert fill(ASIDE) == 8 * logs.A_FILE
    assert fill(BEGIN) == 6 * logs.A_FILE
    assert fill(END) == 2 * logs.A_FILE


async def test_what_was_said_to_be_kept_survives_kills_and_the_control_is_caught():
    lost, kept = await kills(12, seed=1)
    assert (lost, kept > 12) == (0, True)
    lost, _ = await kills(25, seed=1, control=True)
    assert lost > 0
