"""What a board remembers, wherever the power is cut; and two programs, one of them proven."""

import binascii
import os

import pytest

from boards.common import flash, update
from boards.common.slots import TRIES, Slots
from boards.common.update import Refused, package, sign, unpack
from tests.boards.plant import MICROPYTHON, ROOT

KEY = b"a key that the installer set"


@pytest.fixture
def ilistdir(monkeypatch):
    """CPython's `os` without what MicroPython's has."""

    def listed(path):
        for entry in os.scandir(path):
            yield (entry.name, 0x4000 if entry.is_dir() else 0x8000, 0)

    monkeypatch.setattr(os, "ilistdir", listed, raising=False)


def test_of_two_slots_the_newest_whole_one_counts_wherever_a_write_was_cut(tmp_path):
    path = str(tmp_path / "kept")
    assert flash.load(path, {"a": 0}) == {"a": 0}
    flash.store(path, {"a": 1})
    flash.store(path, {"a": 2})
    before = {slot: (tmp_path / slot).read_bytes() for slot in ("kept.0", "kept.1")}
    flash.store(path, {"a": 3})
    changed = next(slot for slot in before if (tmp_path / slot).read_bytes() != before[slot])
    whole = (tmp_path / changed).read_bytes()
    for cut in range(len(whole)):
        (tmp_path / changed).write_bytes(whole[:cut])
        assert flash.load(path, {}) == {"a": 2}
        (tmp_path / changed).write_bytes(whole[:cut] + b"\xff" * (len(whole) - cut))
        assert flash.load(path, {}) == {"a": 2}
    flash.store(path, {"a": 4})  # over the broken one
    assert flash.load(path, {}) == {"a": 4}


@pytest.mark.usefixtures("ilistdir")
def test_a_program_on_trial_that_never_proves_itself_is_rolled_back(tmp_path):
    slots = Slots(str(tmp_path))
    assert slots.choose().endswith("/slot_a")
    slots.try_out(slots.spare())
    assert [slots.choose()[-1] for _ in range(TRIES + 2)] == ["b"] * TRIES + ["a", "a"]
    slots.try_out(slots.spare())
    assert slots.choose().endswith("/slot_b")
    slots.confirm()
    assert [slots.choose()[-1] for _ in range(TRIES + 2)] == ["b"] * (TRIES + 2)
    assert slots.spare() == "a"


def test_signatures_are_hmac_sha256():
    assert sign(b"key", b"The quick brown fox jumps over the lazy dog").hex() == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


@pytest.mark.parametrize("name", ["../boot.py", "/boot.py", "a/../../b"])
def test_no_file_of_a_package_leaves_its_folder(tmp_path, name):
    body = package(KEY, b"", {name: b"x"})[40:]
    (tmp_path / "new").write_bytes(body)
    with pytest.raises(Refused):
        unpack(str(tmp_path / "new"), str(tmp_path / "slot_b"))


SERVER = """
import asyncio, sys
from boards.common.slots import Slots
from boards.common.update import Updates
async def main():
    over = asyncio.Event()
    await Updates(Slots({root!r}), {key!r}, over.set).serve({port}, "127.0.0.1")
    print("ready")
    await over.wait()
asyncio.run(main())
"""


async def sent(port, make):
    """What the board says to the package that `make` makes of its challenge."""
    import asyncio  # noqa: PLC0415

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    challenge = binascii.unhexlify((await reader.readline()).strip())
    try:
        writer.write(make(challenge))
        await writer.drain()
        writer.write_eof()
        return (await reader.read()).decode().strip()
    except ConnectionError:
        return "hung up"  # before it had read everything
    finally:
        writer.close()


async def test_a_package_is_taken_with_its_signature_and_only_once(tmp_path):
    import asyncio  # noqa: PLC0415

    from tests.boards.test_evse_node import free_port  # noqa: PLC0415

    port = free_port()
    board = await asyncio.create_subprocess_exec(
        MICROPYTHON,
        "-c",
        SERVER.format(root=str(tmp_path), key=KEY, port=port),
        env={"MICROPYPATH": f"{ROOT}:.frozen"},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await board.stdout.readline() == b"ready\n"
        files = {"boards/new.py": b"print('new')" * 400, "main.py": b""}
        taped = []
        good = lambda challenge: package(KEY, challenge, files)  # noqa: E731
        assert "signature" in await sent(port, lambda challenge: package(b"other", challenge, files))
        assert "signature" in await sent(port, lambda challenge: good(challenge)[:-1] + b"x")
        assert "broke off" in await sent(port, lambda challenge: good(challenge)[:-1])
        assert await sent(port, lambda _: b"x" * 100) in {"no package", "hung up"}
        assert not Slots(str(tmp_path)).is_on_trial()
        assert await sent(port, lambda challenge: taped.append(good(challenge)) or taped[0]) == "taken"
        async with asyncio.timeout(5):
            await board.wait()
        assert (tmp_path / "slot_b/boards/new.py").read_bytes() == files["boards/new.py"]
        assert Slots(str(tmp_path)).choose().endswith("slot_b")
        assert update.sign(KEY, b"another challenge" + taped[0][40:]) != taped[0][8:40], (
            "it cannot come again"
        )
    finally:
        if board.returncode is None:
            board.kill()
            await board.wait()
