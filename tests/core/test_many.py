"""A few thousand random instances in every run; and what the judge of the million must catch.

`python -m tests.core.many --instances 1000000 --seed S` takes the million.
"""

import pytest

from edge.core import ledger, sharing, standing
from edge.core import step as core_step
from edge.core.allocation import allocate
from edge.core.image import Image
from tests.core import many
from tests.core.many import BATCH, HISTORIES, STEPS, Found, allocations, batch, histories


def invariants(found: Found) -> set[str]:
    """Numbers of the invariants that were broken."""
    return {violation[0] for _, violation in found.violations}


def test_two_thousand_random_instances_break_no_invariant() -> None:
    found = batch(20_261_122, 0)
    found.add(batch(20_261_122, 1))
    assert found.violations == []
    assert (found.allocations, found.steps) == (2 * BATCH, 2 * HISTORIES * STEPS)


def test_an_instance_is_played_again_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert many.show("allocation/1/7") == 0
    assert many.show("history/1/7") == 0
    first = capsys.readouterr().out
    assert many.show("history/1/7") == 0
    assert capsys.readouterr().out in first
    assert "no violation" in first


def test_the_command_counts_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    found = many.run(1_250, 3, 1)
    assert found.instances == 1_250
    assert "1,250 instances, 0 violations" in capsys.readouterr().out


def one_step_more(claims, free_ma) -> None:
    allocate(claims, free_ma)
    for claim in claims[:1]:
        claim.share_ma += claim.step_ma if claim.share_ma else 0


def one_step_less(claims, free_ma) -> None:
    allocate(claims, free_ma)
    for claim in claims:
        claim.share_ma -= claim.step_ma if claim.share_ma > claim.min_ma else 0


def blind_to_the_root(claims, free_ma) -> None:
    allocate(claims, [10**9] * 3 + free_ma[3:])


def first_come_first_served(claims, free_ma) -> None:
    for claim in claims:
        allocate([claim], free_ma)


def stops_at_the_first_that_does_not_fit(claims, free_ma) -> None:
    allocate(claims, free_ma)
    waits = False
    for claim in sorted(claims, key=lambda claim: claim.evse):
        waits = waits or not claim.share_ma
        claim.share_ma = 0 if waits else claim.share_ma


@pytest.mark.parametrize(
    ("broken", "caught"),
    [
        (one_step_more, {"1", "2"}),
        (one_step_less, {"3"}),
        (blind_to_the_root, {"1"}),
        (first_come_first_served, {"3", "4"}),
        (stops_at_the_first_that_does_not_fit, {"3"}),
    ],
)
def test_a_broken_allocation_is_caught(broken, caught) -> None:
    assert caught <= invariants(allocations(1, 0, rule=broken))


def is_caught(which: str, rule=core_step.step) -> bool:
    """Whether a breach of the invariant shows in the first 10,000 steps, usually in a few hundred."""
    return any(which in invariants(histories(1, number, rule=rule)) for number in range(40))


def forgets_offers_under_way(lot, evse, seen, book, now_ms, parts):
    return evse.max_ma if book.confirmed_ma is None else book.confirmed_ma


def trusts_a_boot(book, seen):
    was_away = seen.boots != book.boots or seen.link_losses != book.link_losses
    book.boots, book.link_losses = seen.boots, seen.link_losses
    return was_away


def shares_always(parts, evse, told_ma):
    return min(-(-told_ma // parts.full), evse.max_ma)


def blames_nobody(lot, phases, flowing_ma, seen, book):
    book.overdraws = False


def pays_always(lot, one, target_ma, rooms, sums, uneven):
    extra = one.book_also(lot, target_ma)
    for name in one.path:
        sums[name] = standing.plus(sums[name], extra)
    one.booked_ma = standing.plus(one.booked_ma, extra)
    return True


@pytest.mark.parametrize(
    ("where", "name", "broken", "caught"),
    [
        (ledger, "held_ma", forgets_offers_under_way, "1"),
        (ledger, "note_link", trusts_a_boot, "1"),
        (ledger, "on_a_phase_ma", shares_always, "1"),
        (ledger, "_judge", blames_nobody, "1"),
        (core_step, "_is_paid", pays_always, "1"),
        (sharing.Sharing, "_hold", lambda self, one: None, "6"),
    ],
)
def test_a_broken_book_or_payment_is_caught(monkeypatch, where, name, broken, caught) -> None:
    monkeypatch.setattr(where, name, broken)
    assert is_caught(caught)


def order_decides(memory, image, now_ms):
    """Who is listed last goes without."""
    decision = core_step.step(memory, image, now_ms)
    for setpoint in decision.setpoints:
        if setpoint.evse == image.evses[-1].id:
            setpoint.limit_ma = 0
    return decision


def half_an_offer(memory, image, now_ms):
    decision = core_step.step(memory, image, now_ms)
    for setpoint in decision.setpoints:
        setpoint.limit_ma //= 2
    return decision


def ignores_limits(memory, image, now_ms):
    image = Image.from_plain(image.plain())
    image.limits.clear()
    return core_step.step(memory, image, now_ms)


def believes_the_last_reading(memory, image, now_ms):
    for meter in image.meters:
        meter.taken_ms = meter.unchanged_since_ms = now_ms
    return core_step.step(memory, image, now_ms)


@pytest.mark.parametrize(
    ("broken", "caught"),
    [(order_decides, "4"), (half_an_offer, "2"), (ignores_limits, "5"), (believes_the_last_reading, "6")],
)
def test_a_broken_step_is_caught(broken, caught) -> None:
    assert is_caught(caught, broken)
