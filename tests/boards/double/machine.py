"""MicroPython's `machine` on the unix port: pins that hang on a plant outside, by datagrams; UARTs are files.

The plant answers each datagram of outputs with the inputs of that moment.
"""

import json
import os
import socket
import sys
import time

U16 = 65_535
LOW_MV, HIGH_MV = -12_600, 12_600
EVERY_MS = 4


class _World:
    def __init__(self):
        self.outputs = {}
        self.inputs = {"high_mv": 12_000, "low_mv": -12_000}
        self.asked_ms = time.ticks_ms()
        port = os.getenv("PLANT_PORT")
        self.socket = None
        if port and port != "0":
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
            self.socket.setblocking(False)

    def exchange(self, now=False):
        if self.socket is None:
            return
        ticks = time.ticks_ms()
        if not now and time.ticks_diff(ticks, self.asked_ms) < EVERY_MS:
            return
        self.asked_ms = ticks
        while True:
            try:
                self.inputs = json.loads(self.socket.recv(512))
            except OSError:
                break
        try:
            self.socket.send(json.dumps(self.outputs).encode())
        except OSError:
            return  # the plant is gone


WORLD = _World()


class Pin:
    IN, OUT, PULL_UP = 0, 1, 2

    def __init__(self, name, mode=0, pull=None, value=None):
        self.name = str(name)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            WORLD.exchange()
            return WORLD.inputs.get(self.name, 0)
        if WORLD.outputs.get(self.name) != level:
            WORLD.outputs[self.name] = level
            WORLD.exchange(now=True)
        return None


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self.name = pin.name
        WORLD.outputs["hertz"] = freq
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        WORLD.outputs["duty"] = duty
        WORLD.exchange(now=True)


class ADC:
    """Of the pilot it sees the high part as often as the duty says."""

    def __init__(self, pin):
        self.name = pin.name
        self.count = 0

    def read_u16(self):
        WORLD.exchange()
        if self.name != "pilot_adc":
            return WORLD.inputs.get(self.name, 0)
        self.count = (self.count + 37) % 100
        duty = WORLD.outputs.get("duty", U16)
        is_high = self.count * U16 < duty * 100 or duty == U16
        return (WORLD.inputs["high_mv" if is_high else "low_mv"] - LOW_MV) * U16 // (HIGH_MV - LOW_MV)


class WDT:
    def __init__(self, timeout):
        self.timeout_ms = timeout
        self.fed_ms = time.ticks_ms()

    def feed(self):
        if time.ticks_diff(time.ticks_ms(), self.fed_ms) > self.timeout_ms:
            reset()
        self.fed_ms = time.ticks_ms()


def UART(number, baudrate=9_600, tx=None, rx=None):  # noqa: N802
    return open(os.getenv("UART_" + str(number)), "r+b")  # noqa: PTH123


def reset():
    sys.exit(3)
