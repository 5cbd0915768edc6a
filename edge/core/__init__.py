"""Pure decisions in integers (mA, mV, W, Wh, ms); runs unchanged under CPython and MicroPython."""
