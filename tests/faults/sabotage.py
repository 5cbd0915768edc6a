"""The controller with a promise broken, to see that a run notices. Nothing of this is in the product.

`python -m tests.faults.sabotage run SITE ...` with one word in SABOTAGE:

* `no-ledger`: what an EVSE was told does not count, only what its last sample says that it draws; and a rise
  leaves at once, whether or not the decreases that pay for it are confirmed;
* `answer-first`: Start and Stop are answered before they are in the journal.
"""

import os
import sys
from collections.abc import Callable

from edge.cli.main import main
from edge.core import ledger, step
from edge.core.quantities import NOTHING
from edge.site.transactions import Transactions


def no_ledger() -> None:
    def drawn(lot, _held_ma, _phases, flowing_ma):
        return ledger.with_tolerance(lot, flowing_ma or NOTHING)

    ledger.booked = drawn
    step._is_paid = lambda *_: True


def answer_first() -> None:
    async def commit(self, entry):
        self._journal.keep(entry)  # soon, as samples are kept

    Transactions._commit = commit


SABOTAGES: dict[str, Callable[[], None]] = {
    "no-ledger": no_ledger,
    "answer-first": answer_first,
}

if __name__ == "__main__":
    SABOTAGES[os.environ["SABOTAGE"]]()
    sys.exit(main())
