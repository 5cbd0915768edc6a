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

    Where several stations have had a charger's place, all of them must be. No journal, or one that cannot be
    read, proves nothing.
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
    boots = [msgspec.json.decode(body, type=ChargerBooted) for _, body in _documents(connection, BOOTS)]
    unproven = {boot.charger for boot in boots if model_of(boot) not in models}
    yield from {boot.charger for boot in boots} - unproven


def _documents(connection: sqlite3.Connection, kind: str) -> list[tuple[str, bytes]]:
    return connection.execute("SELECT key, body FROM document WHERE kind = ?", (kind,)).fetchall()
