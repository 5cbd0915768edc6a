"""Speaks with the running controller over its Unix socket."""

import http.client
import json
import os
import socket
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

SOCKET = Path("/run/ampyard/ampyard.sock")
VARIABLE = "AMPYARD_SOCKET"
TIMEOUT_S = 5


class BoxUnreachableError(Exception):
    """No controller answers on the socket; the sentence says why."""


class BoxRefusedError(Exception):
    """The controller answered with an error: what it was, and what to try."""

    def __init__(self, status: int, error: str, remedy: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.remedy = remedy


def declare(parser: ArgumentParser) -> None:
    """The argument of every verb about a running box."""
    parser.add_argument(
        "--socket",
        type=Path,
        default=Path(os.environ.get(VARIABLE) or SOCKET),
        metavar="PATH",
        help=f"where the controller listens (default: ${VARIABLE}, else {SOCKET})",
    )


def ask(path: Path, *segments: str) -> Any:  # noqa: ANN401  it is JSON
    """GET /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "GET", segments)


def tell(path: Path, body: Any, *segments: str) -> Any:  # noqa: ANN401  it is JSON
    """POST /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "POST", segments, json.dumps(body))


def _exchanged(path: Path, method: str, segments: Sequence[str], body: str | None = None) -> Any:  # noqa: ANN401
    connection = _UnixConnection(path)
    try:
        connection.request(method, "/api/" + "/".join(quote(segment, safe="") for segment in segments), body)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as lost:
        raise BoxUnreachableError(_why(path, lost)) from None
    finally:
        connection.close()
    return _decoded(path, answer.status, content)


def _decoded(path: Path, status: int, body: bytes) -> Any:  # noqa: ANN401  it is JSON
    try:
        content = json.loads(body)
    except ValueError:
        raise BoxUnreachableError(f"what listens on {path} is no controller") from None
    if status != http.client.OK:
        raise BoxRefusedError(status, str(content.get("error", status)), str(content.get("try", "")))
    return content


def _why(path: Path, lost: Exception) -> str:
    if isinstance(lost, FileNotFoundError):
        return f"no controller runs here: {path} does not exist"
    if isinstance(lost, ConnectionRefusedError):
        return f"no controller runs here: nothing listens on {path}"
    if isinstance(lost, PermissionError):
        return f"you may not open {path}: use sudo, or join its group"
    if isinstance(lost, TimeoutError):
        return f"the controller does not answer on {path}"
    return f"{path}: {lost}"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))
