"""Limits from a file: what it says counts until its own ends, whatever becomes of the file."""

import json
from pathlib import Path

from edge.building.limit_file import LimitFile
from edge.site.ports import Limit
from tests.building.test_contacts import Stepped


class Lot:
    def __init__(self) -> None:
        self.told: list[Limit] = []

    def limit(self, limit: Limit) -> None:
        if limit.target not in ("grid", "bay-1"):
            raise ValueError(f"{limit.target} is none of bay-1, grid")
        self.told.append(limit)


def said(*rows: dict[str, object]) -> bytes:
    return json.dumps({"limits": rows}).encode()


NIGHT = {"name": "night", "limit_a": 40, "until_ms": 600_000}


def made() -> tuple[LimitFile, Lot]:
    lot = Lot()
    return LimitFile(Path("limits.json"), lot, Stepped()), lot


def test_what_it_says_counts_and_what_it_says_no_more_is_withdrawn() -> None:
    file, lot = made()
    file.look(said(NIGHT, {"name": "wash", "limit_a": 0, "until_ms": 9_000, "target": "bay-1", "of": "bay"}))
    assert [(limit.kind, limit.target, limit.limit_ma, limit.expires_ms) for limit in lot.told] == [
        ("chargers", "grid", 40_000, 600_000),
        ("evse", "bay-1", 0, 9_000),
    ]
    file.look(said(NIGHT))
    assert [(limit.name, limit.limit_ma) for limit in lot.told[2:]] == [
        ("night/grid/file", 40_000),
        ("wash/bay-1/file", None),
    ]


def test_a_file_that_is_gone_or_broken_withdraws_nothing() -> None:
    file, lot = made()
    file.look(said(NIGHT))
    for content in ("no such file", b"", b"{", b"\xff", b'{"limits": 1}', said({"name": "x", "limit_a": -1})):
        file.look(content)
    file.look(said(NIGHT | {"until_ms": 999_999_999_999}))
    file.look(said(NIGHT | {"target": "gird"}))
    assert len(lot.told) == 1


def test_a_limit_that_has_ended_counts_no_more() -> None:
    file, lot = made()
    file.look(said(NIGHT | {"until_ms": -5}))
    assert lot.told[0].expires_ms == 0
