"""Which password counts, and from when: the site file's, or what a charger was given over OCPP since."""

import asyncio
import time

import pytest

from edge.chargers import keyring as module
from edge.chargers.keyring import BusyError, Keyring
from edge.settings import hashing
from edge.settings.hashing import hashed, is_hashed, matches
from edge.site.commands import ChangeCredential, Done, NoAnswer, Refused
from tests.chargers.stations import Station, charger, lot

NEW = bytes(range(16))


class Shelf:
    """A store in memory."""

    def __init__(self):
        self.kept = {}

    async def put_document(self, kind, key, body):
        self.kept[kind, key] = body

    async def documents(self, kind):
        return {key: body for (of, key), body in self.kept.items() if of == kind}


async def ring(shelf=None, *, shared=None, **own):
    keyring = Keyring(own, shared=shared, store=shelf)
    await keyring.resume()
    return keyring


async def given(shelf, outcome, *, shared="old"):
    keyring = await ring(shelf, shared=shared)
    async with keyring.changing("bay-1", NEW) as came_of_it:
        came_of_it(outcome)
    return keyring


async def fitting(keyring, *, name="bay-1"):
    return [shown for shown in (b"old", NEW, NEW.hex().encode()) if await keyring.fits(name, shown)]


def test_a_hash_is_of_one_password_and_differs_each_time():
    first, second = hashed(b"secret"), hashed(b"secret")
    assert is_hashed(first)
    assert first != second
    assert b"secret" not in first.encode()
    assert matches(b"secret", first)
    assert not matches(b"Secret", first)


@pytest.mark.parametrize(
    "line", ["", "secret", "$scrypt$ln=31,r=8,p=1$YQ==$YQ==", "$scrypt$ln=4,r=0,p=0$a$a"]
)
def test_what_is_no_hash_of_ours_matches_nothing(line):
    assert not matches(b"secret", line)


@pytest.mark.parametrize("word", [b"short", b"0011", b"zz" * 16, b"0" * 33, b"\x00\xff" * 9])
def test_what_cannot_be_the_digits_of_a_password_is_one_itself(word):
    assert hashing.canonical(word) == word


async def test_a_changed_password_and_the_old_one_are_valid_until_the_new_one_was_shown():
    shelf = Shelf()
    keyring = await given(shelf, Done())
    assert await keyring.fits("bay-1", b"old")
    assert await fitting(keyring) == [b"old", NEW, NEW.hex().encode()]
    assert await fitting(keyring) == [NEW, NEW.hex().encode()]
    assert await fitting(await ring(shelf, shared="old")) == [NEW, NEW.hex().encode()]
    assert await fitting(keyring, name="bay-2") == [b"old"]


async def test_what_the_charger_did_not_take_changes_nothing():
    assert await fitting(await given(Shelf(), Refused(sentence="no"))) == [b"old"]


async def test_what_it_may_have_taken_leaves_both():
    assert await fitting(await given(Shelf(), NoAnswer())) == [b"old", NEW, NEW.hex().encode()]


async def test_an_open_charger_is_open_until_it_shows_the_password_that_it_was_given():
    keyring = await given(Shelf(), Done(), shared=None)
    assert keyring.is_open("bay-1")
    assert await fitting(keyring) == [NEW, NEW.hex().encode()]
    assert not keyring.is_open("bay-1")
    assert keyring.is_open("bay-2")


@pytest.mark.parametrize("kept", [str, lambda text: hashed(text.encode())], ids=["plain", "hashed"])
async def test_another_secret_in_the_site_file_is_the_newer_word(kept):
    shelf = Shelf()
    first = kept("old")
    await fitting(await given(shelf, Done(), shared=first))
    assert await fitting(await ring(shelf, shared=first)) == [NEW, NEW.hex().encode()]
    assert await fitting(await ring(shelf, shared=kept("newer"))) == []


async def test_no_password_lies_in_the_journal():
    shelf = Shelf()
    await given(shelf, Done(), shared="plain-old-secret")
    (body,) = shelf.kept.values()
    assert b"plain-old" not in body
    assert NEW.hex().encode() not in body


async def test_a_storm_of_the_same_password_is_checked_once_and_blocks_nobody():
    keyring = await ring(shared=hashed(b"old"))
    started_s = time.perf_counter()
    assert await (await ring(shared=hashed(b"old"))).fits("bay-1", b"old")  # hashed and checked: two
    one_s = (time.perf_counter() - started_s) / 2
    longest_s = 0.0

    async def beat():
        nonlocal longest_s
        while True:
            before_s = time.perf_counter()
            await asyncio.sleep(0.001)
            longest_s = max(longest_s, time.perf_counter() - before_s)

    beating = asyncio.create_task(beat())
    started_s = time.perf_counter()
    assert all(await asyncio.gather(*(keyring.fits(f"bay-{n}", b"old") for n in range(200))))
    took_s = time.perf_counter() - started_s
    beating.cancel()
    assert took_s < 50 * one_s  # two hundred checks would take as long as a hundred at least
    assert longest_s < max(0.5, 5 * one_s)


async def test_more_guesses_than_can_be_checked_are_turned_away(monkeypatch):
    monkeypatch.setattr(module, "_MOST_WAITING", 2)
    keyring = await ring(shared=hashed(b"old"))
    answers = await asyncio.gather(
        *(keyring.fits(None, f"guess-{n}".encode()) for n in range(4)), return_exceptions=True
    )
    assert answers[:2] == [False, False]
    assert all(isinstance(each, BusyError) for each in answers[2:])


async def test_a_charger_is_given_its_password_over_ocpp_and_comes_back_with_it():
    shelf = Shelf()
    command = ChangeCredential(charger="bay-1", password=NEW)
    async with lot(charger(), password=hashed(b"old"), store=shelf) as site:
        async with site.station(password="old") as station:
            assert await site.driver().perform(command, deadline_ms=3_000) == Done()
            assert {"key": "AuthorizationKey", "value": NEW.hex()} in station.of("ChangeConfiguration")
        for _ in range(2):
            async with site.station(password=NEW):
                pass
    async with lot(charger(), password=hashed(b"old"), store=shelf) as site, site.station(password="old"):
        pass  # another hash: the installer has set the secret anew


async def test_a_charger_that_refuses_its_password_keeps_the_old_one():
    station = Station()
    station.answers["ChangeConfiguration"] = b'{"status":"Rejected"}'
    command = ChangeCredential(charger="bay-1", password=NEW)
    async with lot(charger(), password="old", store=Shelf()) as site:
        async with site.station(password="old", station=station):
            assert isinstance(await site.driver().perform(command, deadline_ms=3_000), Refused)
        async with site.station(password="old"):
            pass
