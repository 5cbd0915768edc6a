"""An event loop whose time is virtual: where nothing can happen but a timer, the clock jumps to it."""

import asyncio
import contextlib
import selectors

START_S = 1_000.0
WALL_MS = 1_772_622_000_000  # 2026-03-04 11:00 UTC at START_S


class _Jumping(selectors.DefaultSelector):
    """Never waits: what it would have waited is added to the loop's time."""

    def __init__(self):
        super().__init__()
        self.now_s = START_S

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for somebody else")
            self.now_s += max(0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now_s


def in_virtual_time(test):
    """Run an async test in a loop of its own; minutes pass in no time."""

    def run(*arguments, **named):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*arguments, **named))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class LoopClock:
    """A box's two clocks on the loop's time; `skipped_ms` is by how much the wall clock was set."""

    def __init__(self):
        self.skipped_ms = 0

    def mono_ms(self):
        return round(asyncio.get_running_loop().time() * 1000)

    def now_ms(self):
        return WALL_MS + self.mono_ms() - round(START_S * 1000) + self.skipped_ms

    def is_synchronised(self):
        return True


@contextlib.asynccontextmanager
async def running(*coroutines):
    """These run beside the test until it ends."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
