"""The building gone wrong, in small; and that its referee sees what it is there for."""

import pytest
from msgspec.structs import replace

from edge.core.contact import Contact
from edge.site.limits import Limits
from tests.faults.building import one_run


@pytest.mark.parametrize("seed", range(900, 903))
def test_limits_hold_and_end_as_they_were_promised(seed):
    assert one_run(seed).faults == []


def is_seen(words):
    """Whether one of some runs has a fault of these words; those after it are not made."""
    return any(words in fault for seed in range(900, 906) for fault in one_run(seed).faults)


def sabotage(monkeypatch, change):
    whole = Limits.set
    monkeypatch.setattr(Limits, "set", lambda self, limit: whole(self, change(limit)))


def test_limits_that_do_not_end_are_seen(monkeypatch):
    sabotage(monkeypatch, lambda limit: replace(limit, expires_ms=None))
    assert is_seen("outlived")


def test_limits_that_end_early_are_seen(monkeypatch):
    def early(limit):
        return limit if limit.expires_ms is None else replace(limit, expires_ms=limit.expires_ms - 20_000)

    sabotage(monkeypatch, early)
    assert is_seen("early")


def test_a_contact_that_bounces_free_is_seen(monkeypatch):
    monkeypatch.setattr(Contact, "note", lambda self, restricts, now_ms: False)
    assert is_seen("offered under a limit")
