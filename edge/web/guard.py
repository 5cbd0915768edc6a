"""Who may ask what: hosts, origins, media types, and the headers that keep a browser in its place.

There is no login yet. Whatever changes the site is therefore taken only from this machine: over the Unix
socket, whose file mode says who may, or from a loopback address. Reading is open to the network that the
box hangs on; a page of somebody else cannot read or post through a visitor's browser.
"""

import ipaddress
import socket
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from edge.web.problems import ProblemError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

A_FILE = "application/vnd.sqlite3"

# Names that no stranger can register: a browser led here by DNS rebinding shows another one
_LOCAL_ENDINGS = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def is_unix(request: web.BaseRequest) -> bool:
    """Whether it came over the Unix socket."""
    transport = request.transport
    peer = None if transport is None else transport.get_extra_info("socket")
    return peer is not None and peer.family == socket.AF_UNIX


def is_from_here(request: web.BaseRequest) -> bool:
    """Whether it came from this machine."""
    if is_unix(request):
        return True
    try:
        peer = ipaddress.ip_address(request.remote or "")
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return (mapped or peer).is_loopback


def require_socket(request: web.BaseRequest) -> None:
    """What has card numbers in full leaves over the Unix socket only. Raises ProblemError."""
    if not is_unix(request):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "card numbers are told only over this machine's socket",
            "ampyard export, or curl --unix-socket",
        )


def require_from_here(request: web.BaseRequest) -> None:
    """Raise ProblemError unless it came from this machine."""
    if not is_from_here(request):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "this changes the site, and is taken only from the box itself",
            "log in to the box and use its command line, or the page at http://127.0.0.1",
        )


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what must not be asked; answer problems in words."""
    try:
        if not is_unix(request):
            _check_host(request.headers.get(hdrs.HOST, ""))
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            _check_post(request)
        return await handler(request)
    except ProblemError as problem:
        return problem.response()
    except web.HTTPRequestEntityTooLarge:
        return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too much to read").response()
    except web.HTTPNotFound:
        return ProblemError(HTTPStatus.NOT_FOUND, f"nothing is at {request.path}").response()
    except web.HTTPMethodNotAllowed as wrong:
        methods = ", ".join(sorted(wrong.allowed_methods))
        return ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{request.path} takes {methods}, not {request.method}"
        ).response()


async def add_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the headers on every answer, streams and errors too."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def _check_host(host: str) -> None:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        name = ""
    if not _is_ours(name):
        raise ProblemError(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"this box does not go by the name {name or '(none)'}",
            f"open it by its address, or as {socket.gethostname()}",
        )


def _is_ours(name: str) -> bool:
    if not name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = {socket.gethostname().lower(), socket.getfqdn().lower()} if "." in name else set()
        return "." not in name or name.endswith(_LOCAL_ENDINGS) or name in own
    return True


def _check_post(request: web.Request) -> None:
    """A cross-site form cannot send JSON, and a cross-site script shows its origin."""
    origin = request.headers.get(hdrs.ORIGIN)
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    is_foreign = origin is not None and urlsplit(origin).netloc != request.headers.get(hdrs.HOST)
    if is_foreign or site not in {"same-origin", "none"}:
        raise ProblemError(HTTPStatus.FORBIDDEN, "posted from another site's page")
    if request.method == hdrs.METH_DELETE and not request.body_exists:
        return  # no form sends it, and a script must ask before
    if is_unix(request) and request.content_type == A_FILE:
        return  # no browser speaks there
    if request.content_type != "application/json":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"the body is {request.content_type}",
            "send JSON, with Content-Type: application/json",
        )
