"""Where tests run side by side: those that wait on real time stay together, and begin first."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
WAITING = ("faults", "interop", "web")


def pytest_collection_modifyitems(items):
    """One worker plays whole lots in real time while another one calculates."""
    for item in items:
        if is_waiting(item):
            item.add_marker(pytest.mark.xdist_group("waiting"))
    items.sort(key=lambda item: not is_waiting(item))


def is_waiting(item):
    return item.path.relative_to(HERE).parts[0] in WAITING
