"""How the stations of a lot knock at one CSMS: a few at a time, and so many a second."""

import asyncio
from types import TracebackType

AT_ONCE = 16
SPACING_S = 0.025  # 40 a second: two hundred are back within five


class Door:
    """`async with door:` knocks when it is this station's turn."""

    def __init__(self, at_once: int = AT_ONCE, spacing_s: float = SPACING_S) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._spacing_s = spacing_s
        self._next_s = 0.0

    async def __aenter__(self) -> None:
        """Wait for a place, then for a moment of one's own."""
        await self._places.acquire()
        now_s = asyncio.get_running_loop().time()
        at_s = max(now_s, self._next_s)
        self._next_s = at_s + self._spacing_s
        try:
            await asyncio.sleep(at_s - now_s)
        except asyncio.CancelledError:
            self._places.release()
            raise

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Let the next one in."""
        self._places.release()
