"""The page's own files: read once from the package, named by a hash of what is in them."""

import hashlib
import mimetypes
from importlib import resources

from aiohttp import hdrs, web

from edge.web.problems import ProblemError

TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


class StaticFile:
    """One file, with the tag under which a browser may keep it."""

    def __init__(self, name: str, body: bytes) -> None:
        self._body = body
        suffix = name[name.rfind(".") :]
        self._type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    def response(self, request: web.Request) -> web.Response:
        """The file, or that it has not changed. A browser asks each time: the box may be newer."""
        headers = {hdrs.ETAG: self._tag, hdrs.CACHE_CONTROL: "no-cache"}
        if request.headers.get(hdrs.IF_NONE_MATCH) == self._tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._body, content_type=self._type, charset="utf-8", headers=headers)


class StaticFiles:
    """All of them, by name."""

    def __init__(self) -> None:
        folder = resources.files("edge.web") / "static"
        self._files = {
            entry.name: StaticFile(entry.name, entry.read_bytes())
            for entry in folder.iterdir()
            if entry.is_file()
        }

    def routes(self) -> list[web.RouteDef]:
        """The page at the root, and what it is made of."""
        return [web.get("/", self._page), web.get("/static/{name}", self._part)]

    async def _page(self, request: web.Request) -> web.Response:
        return self._files["index.html"].response(request)

    async def _part(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise ProblemError(404, f"nothing is at {request.path}")
        return file.response(request)
