"""Executes a recording on either interpreter and prints every decision and the last memory as JSON.

Usage: INTERPRETER replay.py RECORDING, where RECORDING holds
{"circuits": [...], "evses": [...], "times": {...}, "checkpoint": [...], "images": [[now_ms, image], ...]}.
"""

import json
import sys

from edge.core.circuit import Circuit, Tree
from edge.core.evse import Evse
from edge.core.image import Image
from edge.core.lot import Lot
from edge.core.memory import Memory
from edge.core.step import step

with open(sys.argv[1]) as file:  # noqa: PTH123  MicroPython has no pathlib
    recording = json.load(file)
circuits = [
    Circuit(name, parent=parent, rating_ma=rating, building_max_ma=building, is_metered=metered)
    for name, parent, rating, building, metered in recording["circuits"]
]
evses = [Evse.from_plain(plain) for plain in recording["evses"]]
lot = Lot(Tree(circuits), evses, **recording["times"])
memory = Memory.restore(lot, recording["checkpoint"])
for now_ms, plain in recording["images"]:
    print(json.dumps(step(memory, Image.from_plain(plain), now_ms).plain()))
print(json.dumps(memory.checkpoint()))
