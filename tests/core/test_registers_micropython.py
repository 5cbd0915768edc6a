"""Registers and the proof give the same answers on a microcontroller's interpreter."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from edge.core.circuit import Circuit, Tree
from edge.core.proof import Load, prove
from edge.core.registers import TYPES, decode, encode
for kind in sorted(TYPES):
    for value in (0, 1, 230_300, 16_777_216):
        if kind not in ("u16", "i16") or value < 2:
            words = encode(value, kind)
            print(kind, value, words, decode(words, kind, multiply=1000, divide=7))
print(decode([0x3DCC, 0xCCCD], "f32", multiply=1000), decode([0x7FC0, 0], "f32"))
print(encode(1, "f32", multiply=3))
tree = Tree([
    Circuit("grid", parent=None, rating_ma=100000, building_max_ma=55000, is_metered=True),
    Circuit("west", parent="grid", rating_ma=63000, building_max_ma=None, is_metered=False),
])
loads = [Load("a", circuit="west", wiring=(2,), fallback_ma=6000, max_ma=32000),
         Load("b", circuit="grid", wiring=None, fallback_ma=6000, max_ma=16000)]
for total in prove(tree, loads, "declared"):
    print(total.circuit, total.declared, total.rated, total.box_dead, total.spare_ma, total.exposure_ma)
"""


def test_both_interpreters_say_the_same():
    script = SCRIPT.format(root=str(Path.cwd()))
    said = [
        subprocess.run(
            [interpreter, "-c", script], capture_output=True, text=True, timeout=20, check=True
        ).stdout
        for interpreter in (sys.executable, Path(sys.executable).parent / "micropython")
    ]
    assert said[0] == said[1]
    assert "grid (6000, 6000, 12000) (16000, 16000, 48000) (61000, 61000, 67000) 33000" in said[0]
