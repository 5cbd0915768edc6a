"""Contacts that bounce, break and flap."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge.core.contact import RELEASE_MS, Contact, bound_of
from edge.core.limits import floor_14a_w


def run(contact: Contact, levels, every_ms: int = 50, start_ms: int = 0) -> list[bool]:
    return [contact.note(level, start_ms + place * every_ms) for place, level in enumerate(levels)]


def test_what_is_seen_first_counts_at_once():
    assert run(Contact(), [False]) == [False]
    assert run(Contact(), [True]) == [True]
    assert run(Contact(), [None]) == [True]


def test_a_contact_restricts_when_it_has_done_so_for_a_moment():
    assert run(Contact(), [False, True, True, True]) == [False, False, False, True]


def test_a_glitch_is_none():
    assert not any(run(Contact(), [False, True, *[False] * 100, True, *[False] * 100]))


def test_it_sets_free_when_it_has_been_quiet_for_long():
    told = run(Contact(), [True, *[False] * 60])
    assert told.index(False) == RELEASE_MS // 50 + 1


def test_a_loose_wire_is_a_restriction_and_no_flicker():
    told = run(Contact(), [False, *[True, False] * 200])
    assert told[10:] == [True] * len(told[10:])


def test_a_pin_that_cannot_be_read_restricts():
    assert run(Contact(), [False, None, None, None])[-1]


@given(some.lists(some.tuples(some.sampled_from([True, False, None]), some.integers(1, 3_000)), max_size=80))
def test_nothing_sets_free_but_long_quiet(history):
    contact, now_ms, quiet_ms, was_free, counted = Contact(), 0, 0, None, True
    for level, takes_ms in history:
        now_ms += takes_ms
        quiet_ms = quiet_ms + takes_ms if was_free else 0
        counts = contact.note(level, now_ms)
        if was_free is not None and counted and not counts:
            assert quiet_ms >= RELEASE_MS
        was_free, counted = level is False, counts


@pytest.mark.parametrize(
    ("closed", "always", "bound"),
    [
        ([False, False], False, None),
        ([True, False], False, 16_500),
        ([False, True], False, 0),
        ([True, True], False, 0),
        ([False, False], True, 0),
        ([True, False], True, 16_500),
    ],
)
def test_the_smallest_active_step_wins(closed, always, bound):
    assert bound_of(closed, [16_500, 0], one_is_always_closed=always) == bound


@pytest.mark.parametrize(
    ("devices", "watts"), [(0, 0), (1, 4_200), (2, 7_560), (3, 10_500), (9, 19_320), (20, 40_110)]
)
def test_the_floor_of_section_14a_grows_with_the_devices(devices, watts):
    assert floor_14a_w(devices) == watts
