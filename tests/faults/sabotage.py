"""The controller with a promise broken, to see that a run notices. Nothing of this is in the product.

`python -m tests.faults.sabotage run SITE ...` with one word in SABOTAGE:

* `no-ledger`: what an EVSE was told does not count, only what its last sample says that it draws; and a rise
  leaves at once, whether or not the decreases that pay for it are confirmed;
* `answer-first`: Start and Stop are answered a second before they are on their way into the journal.
* `stumble`, `stall`, `drop`: some frames cannot be handled, or keep everybody waiting, or are never answered.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable

from edge.chargers.ocpp import OcppCharger
from edge.cli.main import main
from edge.core import ledger, step
from edge.core.quantities import NOTHING
from edge.links.ocppj import Connection
from edge.site.transactions import Transactions

SLOW_S = 3
LATE_S = 1


def no_ledger() -> None:
    def drawn(lot, _held_ma, _phases, flowing_ma):
        return ledger.with_tolerance(lot, flowing_ma or NOTHING)

    ledger.booked = drawn
    step._is_paid = lambda *_: True


def answer_first() -> None:
    async def commit(self, entry):
        asyncio.get_running_loop().call_later(LATE_S, self._journal.keep, entry)

    Transactions._commit = commit


def stumble() -> None:
    handle = OcppCharger._heard

    async def heard(self, link, action, raw):
        if action == "MeterValues":
            raise ZeroDivisionError
        return await handle(self, link, action, raw)

    OcppCharger._heard = heard


def stall() -> None:
    handle = OcppCharger._heard
    left = [1]

    async def heard(self, link, action, raw):
        if action == "Authorize" and left:
            time.sleep(SLOW_S * left.pop())  # noqa: ASYNC251  that is the fault
        return await handle(self, link, action, raw)

    OcppCharger._heard = heard


def drop() -> None:
    handle = Connection._requested

    def requested(self, frame):
        if frame.action != "LogStatusNotification":
            handle(self, frame)

    Connection._requested = requested


SABOTAGES: dict[str, Callable[[], None]] = {
    "no-ledger": no_ledger,
    "answer-first": answer_first,
    "stumble": stumble,
    "stall": stall,
    "drop": drop,
}

if __name__ == "__main__":
    SABOTAGES[os.environ["SABOTAGE"]]()
    sys.exit(main())
