"""The chaos must notice a controller that is wrong: the same runs, their first three quarters of a minute."""

import asyncio

from tests.faults.chaos import chaos, report

A_WHILE_MS = 50_000  # one pinch, one promise


async def test_the_same_run_catches_a_controller_without_a_ledger_and_one_that_answers_before_it_commits():
    async with asyncio.TaskGroup() as group:
        without_ledger = group.create_task(chaos(3, until_ms=A_WHILE_MS, sabotage="no-ledger"))
        answers_first = group.create_task(chaos(3, until_ms=A_WHILE_MS, sabotage="answer-first"))
    overloading, losing = without_ledger.result(), answers_first.result()
    assert overloading.unexcused_ma_ms > 1_000_000, report(3, overloading)
    audit = losing.audit
    assert audit.lost or audit.doubled or audit.unfinished, report(3, losing)
    assert losing.unexcused_ma_ms == 0, "its ledger was left alone"
    assert not overloading.audit.lost, "its journal was left alone"
