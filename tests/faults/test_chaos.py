"""The whole controller under scripted chaos, over real sockets, files and processes.

Each seed is a script (see `script`): the building's load steps, cars and cards come and go, charger links are
cut and stalled, the meter freezes, falls silent or talks nonsense, the CSMS dies, dawdles or loses its
answers, chargers lose power, and the controller is killed and started again. Then everything is healed, the
cars leave and the backlog drains.

The chargers speak three versions of OCPP.

    pytest tests/faults/test_chaos.py --seed 7      plays one seed; so does AMPYARD_SEED=7
    python -m tests.faults.soak --runs 20 --seed 100
"""

from tests.faults.chaos import all_of, report


async def test_chaos_overloads_no_fuse_beyond_the_reaction_time_and_loses_or_doubles_no_transaction(seeds):
    runs = await all_of(seeds, versions=("1.6", "2.0.1", "2.1"))
    for seed, findings in runs.items():
        print(f"seed {seed}: {findings.line()}")
    assert all(findings.is_clean for findings in runs.values()), "\n\n".join(
        report(seed, findings) for seed, findings in runs.items() if not findings.is_clean
    )
    assert all(findings.transactions for findings in runs.values())
    full_ms = [findings.bound_ms for findings in runs.values()]
    assert min(full_ms) > 0, "a lot that was never nearly full proves nothing"
    assert sum(full_ms) > 10_000 * len(runs) // 2, "lots that are hardly ever full prove little"
