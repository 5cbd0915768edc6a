"""What this terminal can show: colour, and the lines of a tree."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

_CODES = {"red": "31", "amber": "33", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """`has_colour`: it is a terminal and nobody asked for NO_COLOR. `has_lines`: its encoding draws trees."""

    has_colour: bool = False
    has_lines: bool = False

    def paint(self, text: str, colour: str) -> str:
        """The text in that colour, where there is any."""
        return f"\033[{_CODES[colour]}m{text}\033[0m" if self.has_colour else text

    def branch(self, *, is_last: bool) -> str:
        """What stands before a member of a tree."""
        if self.has_lines:
            return "└─ " if is_last else "├─ "
        return "`- " if is_last else "|- "

    def trunk(self, *, is_last: bool) -> str:
        """What stands before the members of a member."""
        if is_last:
            return "   "
        return "│  " if self.has_lines else "|  "


def of(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> Terminal:
    """The terminal behind a stream (standard output by default). An empty NO_COLOR does not count."""
    stream = stream or sys.stdout
    encoding = (stream.encoding or "ascii").lower().replace("-", "")
    return Terminal(
        has_colour=stream.isatty() and not environment.get("NO_COLOR"), has_lines=encoding == "utf8"
    )


def print_json(value: Any) -> None:  # noqa: ANN401  it is JSON
    """As the box answered it, for other programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
