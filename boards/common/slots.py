"""Two programs in flash: the good one, and a new one on trial. Who does not prove himself is rolled back.

`boot.py` asks `choose` before it imports anything else; the program calls `confirm` once it has worked for a
while. A trial that crashes, hangs (the watchdog bites) or is cut off three times is not chosen again.
"""

import os

from boards.common import flash

SLOTS = ("a", "b")
TRIES = 3
_FRESH = {"good": "a", "trial": None, "tries": 0}


class Slots:
    """`root`: where the slots are, and what is known of them."""

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._file = root + "/slots"

    def choose(self) -> str:
        """The folder of the program to start now."""
        state = flash.load(self._file, _FRESH)
        if state["trial"] is None:
            return self.folder(state["good"])
        if state["tries"] >= TRIES:
            self._store(state["good"], None, 0)
            return self.folder(state["good"])
        self._store(state["good"], state["trial"], state["tries"] + 1)
        return self.folder(state["trial"])

    def confirm(self) -> None:
        """The program that runs is good."""
        state = flash.load(self._file, _FRESH)
        if state["trial"] is not None:
            self._store(state["trial"], None, 0)

    def is_on_trial(self) -> bool:
        """Whether a new program waits for its proof."""
        return flash.load(self._file, _FRESH)["trial"] is not None

    def spare(self) -> str:
        """The slot that is not the good one; emptied for a new program. Raises OSError."""
        state = flash.load(self._file, _FRESH)
        slot = SLOTS[1 - SLOTS.index(state["good"])]
        if state["trial"] is not None:
            self._store(state["good"], None, 0)
        remove(self.folder(slot))
        os.mkdir(self.folder(slot))
        return slot

    def try_out(self, slot: str) -> None:
        """Start this one next time."""
        self._store(flash.load(self._file, _FRESH)["good"], slot, 0)

    def folder(self, slot: str) -> str:
        """Where a slot's program lies."""
        return self._root + "/slot_" + slot

    def _store(self, good: str, trial: str | None, tries: int) -> None:
        flash.store(self._file, {"good": good, "trial": trial, "tries": tries})


def remove(path: str) -> None:
    """A folder with all that is in it, where there is one."""
    try:
        entries = list(os.ilistdir(path))
    except OSError:
        return
    for entry in entries:
        name, is_folder = entry[0], entry[1] & 0x4000
        if name in (".", ".."):
            continue
        if is_folder:
            remove(path + "/" + name)
        else:
            os.remove(path + "/" + name)
    os.rmdir(path)
