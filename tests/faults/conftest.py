import os

import pytest

SEEDS = (1, 2, 3, 4)


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, action="append", help="play this script of chaos instead")


@pytest.fixture
def seeds(request):
    """The scripts to play: `--seed N` where this folder is named, or AMPYARD_SEED=N,M, or the usual ones."""
    if given := request.config.getoption("--seed", default=None):
        return tuple(given)
    if given := os.environ.get("AMPYARD_SEED"):
        return tuple(int(each) for each in given.split(","))
    return SEEDS
