"""What goes wrong with a request, said in plain words: what it was, and what to try."""

import json

from aiohttp import web


class ProblemError(Exception):
    """A request that is answered with `status` and JSON `{"error": ..., "try": ...}`."""

    def __init__(self, status: int, error: str, remedy: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.remedy = remedy

    def response(self) -> web.Response:
        """The answer."""
        body = {"error": self.error} | ({"try": self.remedy} if self.remedy else {})
        return web.Response(
            status=self.status,
            body=json.dumps(body, ensure_ascii=False).encode(),
            content_type="application/json",
            charset="utf-8",
        )
