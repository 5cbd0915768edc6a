"""Which chargers' dead men are proven, read from a journal without opening it for writing.

It is asked before the site starts, and by `check` while another process runs on the same journal.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge.site.events import ChargerBooted
from edge.site.observed import model_of
from edge.site.passport import Proofs
from edge.site.passports import PROOFS

BOOTS = "boot"


def proven_chargers(path: Path) -> frozenset[str]:
    """The chargers whose last boot was of a model and firmware whose dead man is proven.

    No journal, or one that cannot be read, proves nothing.
    """
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return frozenset(_proven(connection))
        finally:
            connection.close()
    except (sqlite3.Error, msgspec.DecodeError):
        return frozenset()


def _proven(connection: sqlite3.Connection) -> Iterator[str]:
    models = {
        model
        for model, body in _documents(connection, PROOFS)
        if msgspec.json.decode(body, type=Proofs).falls_back
    }
    for charger, body in _documents(connection, BOOTS):
        if model_of(msgspec.json.decode(body, type=ChargerBooted)) in models:
            yield charger


def _documents(connection: sqlite3.Connection, kind: str) -> list[tuple[str, bytes]]:
    return connection.execute("SELECT key, body FROM document WHERE kind = ?", (kind,)).fetchall()
