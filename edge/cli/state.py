"""Where this machine keeps the journal, and which dead men it shows to be proven."""

import importlib
import os
from pathlib import Path

JOURNAL = "journal.db"


def folder() -> Path:
    """systemd's state directory; for a person a folder of their own."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "ampyard"


def proven(state: Path) -> frozenset[str]:
    """The chargers whose dead man is proven. What reads that is imported where there is a journal."""
    path = state / JOURNAL
    if not path.exists():
        return frozenset()
    found: frozenset[str] = importlib.import_module("edge.journal.proofs").proven_chargers(path)
    return found
