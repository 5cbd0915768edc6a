"""In a rehearsal: hands what the page asks of the simulated lot on to the simulator."""

from http import HTTPStatus

import aiohttp
from aiohttp import web

from edge.web.problems import ProblemError

PREFIX = "/rehearsal"
TIMEOUT_S = 20  # a charger that is switched off and on takes its time
MOST_BYTES = 256 * 1024


class Rehearsal:
    """Passes `/rehearsal/...` on to `url/...`, over its own connections."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session

    def routes(self) -> list[web.RouteDef]:
        """Everything below the prefix."""
        tail = PREFIX + "/{tail:.*}"
        return [web.get(tail, self._pass_on), web.post(tail, self._pass_on)]

    async def _pass_on(self, request: web.Request) -> web.Response:
        path = request.raw_path.removeprefix(PREFIX)
        body = await request.read() if request.body_exists else None
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            async with self._session.request(
                request.method,
                self._url + path,
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                allow_redirects=False,
            ) as answer:
                content = await answer.content.read(MOST_BYTES)
                return web.Response(
                    status=answer.status, body=content, content_type="application/json", charset="utf-8"
                )
        except (aiohttp.ClientError, TimeoutError) as lost:
            raise ProblemError(
                HTTPStatus.BAD_GATEWAY, f"the simulated lot does not answer: {type(lost).__name__}"
            ) from None
