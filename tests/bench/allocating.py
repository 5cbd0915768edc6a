"""The allocation by itself: how its time grows, and beside it the rule of ACN-Sim on the same lot."""

import math
import random
import statistics
import time

import numpy as np

from tests.bench import acn, deep_lot

RULES = {"EDF": acn.edf, "LLF": acn.llf}
SEED = 7


def allocation_times(count, rounds):
    """ms of each of so many allocations."""
    here = deep_lot.lot(count)
    assert all(claim.is_admitted for claim in deep_lot.share_out(here))
    return [timed(deep_lot.share_out, here) for _ in range(rounds)]


def rival_times(name, count, rounds):
    """ms of each of so many schedules by EDF or LLF."""
    sessions, infrastructure = in_their_words(deep_lot.lot(count))
    return [timed(RULES[name], sessions, infrastructure) for _ in range(rounds)]


def in_their_words(here):
    """The same lot and cars for ACN-Sim; departures and demands drawn from a seed."""
    matrix = np.zeros((3 * len(here.tree.names), len(here.evses)))
    for number, evse in enumerate(here.evses):
        for room in here.rooms_of(evse, deep_lot.phases(evse, number)):
            matrix[room, number] = 1
    limits = np.repeat([here.tree.circuits[name].rating_ma / 1000 for name in here.tree.names], 3)
    infrastructure = acn.Infrastructure(
        constraint_matrix=matrix, constraint_limits=limits, phases=np.zeros(len(here.evses))
    )
    chance = random.Random(SEED)
    sessions = [
        acn.Session(
            station=number,
            max_rate=evse.max_ma / 1000,
            departs=chance.uniform(12, 120),
            demand=chance.uniform(100, 1_000),
        )
        for number, evse in enumerate(here.evses)
    ]
    return sessions, infrastructure


def timed(function, *arguments):
    began_ns = time.perf_counter_ns()
    function(*arguments)
    return (time.perf_counter_ns() - began_ns) / 1e6


def slope(times):
    """Of the straight line through (log count, log ms): 1 is linear."""
    points = [(math.log(count), math.log(ms)) for count, ms in times.items()]
    return statistics.linear_regression(*zip(*points, strict=True)).slope
