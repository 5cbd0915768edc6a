"""Speaks with the running controller over its Unix socket."""

import http.client
import json
import os
import socket
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

from edge.cli import exits

SOCKET = Path("/run/ampyard/ampyard.sock")
VARIABLE = "AMPYARD_SOCKET"
TIMEOUT_S = 5
FILE_TYPE = "application/vnd.sqlite3"
LONG_S = 600  # a whole journal is read, or goes over the socket
PIECE = 1 << 18
COMMAND_S = 45  # the box itself waits 30 s for a charger


class BoxUnreachableError(Exception):
    """No controller answers on the socket; the sentence says why."""


class BoxRefusedError(Exception):
    """The controller answered with an error: what it was, what to try, and faults of the site file."""

    def __init__(self, status: int, error: str, remedy: str, faults: Sequence[str] = ()) -> None:
        super().__init__(error)
        self.faults = tuple(faults)
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


def declare_again(parser: ArgumentParser) -> None:
    """The same, and --json, for a parser within another: what stands further left counts as well."""
    parser.add_argument("--json", action="store_true", default=SUPPRESS, help="print JSON")
    parser.add_argument("--socket", type=Path, default=SUPPRESS, metavar="PATH", help=SUPPRESS)


def ask(path: Path, *segments: str, **query: str) -> Any:  # noqa: ANN401  it is JSON
    """GET /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "GET", segments, query=query)


def fetch(path: Path, *segments: str, **query: str) -> bytes:
    """GET /api/SEGMENT/..., as it came. Raises BoxUnreachableError, BoxRefusedError."""
    status, content = _answered(path, "GET", segments, query=query, timeout_s=COMMAND_S)
    if status // 100 != 2:
        _decoded(path, status, content)
    return content


def tell(path: Path, body: Any, *segments: str, timeout_s: float = TIMEOUT_S) -> Any:  # noqa: ANN401  it is JSON
    """POST /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "POST", segments, json.dumps(body), timeout_s=timeout_s)


def put(path: Path, body: Any, *segments: str) -> Any:  # noqa: ANN401  it is JSON
    """PUT /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "PUT", segments, json.dumps(body))


def remove(path: Path, *segments: str, timeout_s: float = TIMEOUT_S) -> Any:  # noqa: ANN401  it is JSON
    """DELETE /api/SEGMENT/..., decoded. Raises BoxUnreachableError, BoxRefusedError."""
    return _exchanged(path, "DELETE", segments, timeout_s=timeout_s)


def save(path: Path, to: Path, *segments: str) -> int:
    """GET /api/SEGMENT/... into a file; how many bytes.

    Raises BoxUnreachableError, BoxRefusedError, OSError.
    """
    connection = _UnixConnection(path, LONG_S)
    count = 0
    try:
        answer = _response(path, connection, "GET", segments)
        if answer.status // 100 != 2:
            _decoded(path, answer.status, answer.read())
        with to.open("wb") as file:
            while piece := answer.read(PIECE):
                count += file.write(piece)
    finally:
        connection.close()
    return count


def upload(path: Path, file: Path, *segments: str, **query: str) -> Any:  # noqa: ANN401  it is JSON
    """POST a file to /api/SEGMENT/... Raises BoxUnreachableError, BoxRefusedError, OSError."""
    connection = _UnixConnection(path, LONG_S)
    try:
        with file.open("rb") as body:
            headers = {"Content-Type": FILE_TYPE, "Content-Length": str(file.stat().st_size)}
            answer = _response(path, connection, "POST", segments, body=body, headers=headers, query=query)
            return _decoded(path, answer.status, answer.read())
    finally:
        connection.close()


def complain(verb: str, wrong: BoxUnreachableError | BoxRefusedError) -> int:
    """Say on stderr what went wrong; the exit code that it means."""
    if isinstance(wrong, BoxUnreachableError):
        print(f"ampyard {verb}: {wrong}", file=sys.stderr)
        return exits.UNREACHABLE
    print(f"ampyard {verb}: {'; '.join(filter(None, (wrong.error, wrong.remedy)))}", file=sys.stderr)
    return exits.USAGE if wrong.status == http.client.NOT_FOUND else exits.FAULTS


def _exchanged(
    path: Path,
    method: str,
    segments: Sequence[str],
    body: str | None = None,
    *,
    query: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Any:  # noqa: ANN401  it is JSON
    status, content = _answered(path, method, segments, body, query=query, timeout_s=timeout_s)
    return _decoded(path, status, content)


def _answered(
    path: Path,
    method: str,
    segments: Sequence[str],
    body: str | None = None,
    *,
    query: Mapping[str, str] | None = None,
    timeout_s: float,
) -> tuple[int, bytes]:
    connection = _UnixConnection(path, timeout_s)
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        answer = _response(path, connection, method, segments, body=body, headers=headers, query=query)
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as lost:
        raise BoxUnreachableError(_why(path, lost)) from None
    finally:
        connection.close()


def _response(
    path: Path,
    connection: http.client.HTTPConnection,
    method: str,
    segments: Sequence[str],
    *,
    body: str | IO[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> http.client.HTTPResponse:
    """The answer, its body not read yet. Raises BoxUnreachableError."""
    place = "/api/" + "/".join(quote(segment, safe="") for segment in segments)
    try:
        connection.request(
            method, f"{place}?{urlencode(query)}" if query else place, body, dict(headers or {})
        )
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as lost:
        raise BoxUnreachableError(_why(path, lost)) from None


def _decoded(path: Path, status: int, body: bytes) -> Any:  # noqa: ANN401  it is JSON
    try:
        content = json.loads(body)
    except ValueError:
        raise BoxUnreachableError(f"what listens on {path} is no controller") from None
    if status // 100 != 2:
        raise BoxRefusedError(
            status,
            str(content.get("error", status)),
            str(content.get("try", "")),
            [str(fault) for fault in content.get("faults", ())],
        )
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
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))
