"""Runs something until Ctrl-C or SIGTERM, and ends it in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def until_signalled(main: Coroutine[Any, Any, Result]) -> Result | None:
    """Run it; a first SIGINT or SIGTERM cancels it, and this returns None when it has ended.

    Its own errors are raised as they are, the first one of a group alone.
    """
    try:
        return asyncio.run(_watched(main))
    except BaseExceptionGroup as group:
        raise _first(group) from None


async def _watched(main: Coroutine[Any, Any, Result]) -> Result | None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(main)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    return None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
