"""Starts the program of the slot that is to run. Lies in the root of the flash, beside boards/common."""

import sys

from boards.common.slots import Slots

ROOT = ""


def start(root: str = ROOT) -> None:
    """The contactor's pin is low until the program has it: the hardware pulls it so."""
    sys.path.insert(0, Slots(root).choose())
    for name in [each for each in sys.modules if each.startswith("boards")]:
        del sys.modules[name]  # those of the slot, from now on
    from boards.evse_node.main import main

    main(root)


if __name__ == "__main__":
    start()
