"""The hardware of a charger on pins, as a pilot card has it, with the plant's car behind it.

Its inputs and outputs are gpiozero's simulated pins. What the README asks of hardware it does: it opens the
contactor by itself without a heartbeat, and on a trip of the residual current device.
"""

import asyncio

from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge.core.pilot import current_of
from edge.links.pins import Pins
from edge.links.pins.raspberry import Raspberry
from edge.plant.cars import CarModel
from edge.plant.evse import Evse, EvsePlan

PILOT, B, C, E, CONTACTOR, FEEDBACK, RCD, HEARTBEAT, S0, LOCK, LED = 18, 23, 24, 26, 25, 16, 20, 12, 21, 5, 6
TABLE = """
[charger.bay-6.pins]
pilot = "GPIO18"
pilot_b = "GPIO23"
pilot_c = "GPIO24"
pilot_e = "GPIO26"
contactor = "GPIO25"
contactor_feedback = "GPIO16"
rcd = "GPIO20"
heartbeat = "GPIO12"
s0 = "GPIO21"
lock = "GPIO5"
led = "GPIO6"
"""
STEP_S = 0.02
NO_BEAT_MS = 1_000  # then the card opens the contactor
OBEYS_MS = 1_500  # a car opens its switch so long after the pulses have ended


class Card:
    """The card, the contactor and the bay. `run` it beside the driver."""

    def __init__(self, clock):
        self.factory = MockFactory(pin_class=MockPWMPin)
        self.pins = Pins()
        self.pins._drivers["edge.links.pins.raspberry"] = Raspberry(self.factory)
        self.clock = clock
        self.evse = Evse(EvsePlan(name="bay-6", circuit="grid", max_ma=16_000), voltage_mv=230_000)
        self.evse.is_closed = False
        self.is_shorted = self.has_tripped = self.is_welded = self.is_stuck = False
        self.obeys = True
        self.most_ma = 0  # that flowed since it was looked at last
        self.ends_ms = None  # since when no pulses are there
        self._beat = (False, -NO_BEAT_MS)
        self._pulses = 0
        self.step()

    def plug(self, **how):
        self.evse.plug(CarModel(**how), self.clock.mono_ms())

    def unplug(self):
        self.evse.unplug(self.clock.mono_ms())
        self.step()

    @property
    def is_closed(self):
        return self.evse.is_closed

    def level(self, number):
        return self.factory.pin(number).state

    @property
    def duty_ppm(self):
        return round(self.level(PILOT) * 1_000_000)

    async def run(self):
        while True:
            self.step()
            await asyncio.sleep(STEP_S)

    def step(self):
        now_ms = self.clock.mono_ms()
        offered_ma = current_of(self.duty_ppm)
        if offered_ma:
            self.ends_ms = None
        elif self.ends_ms is None:
            self.ends_ms = now_ms
        self._drive_contactor(now_ms)
        self.evse.set_pilot(offered_ma if self.obeys or offered_ma else 16_000, now_ms)
        self.most_ma = max(self.most_ma, *self.evse.advance(now_ms))
        self._tell(now_ms)

    def _drive_contactor(self, now_ms):
        beat = bool(self.level(HEARTBEAT))
        if beat != self._beat[0]:
            self._beat = (beat, now_ms)
        has_beat = now_ms - self._beat[1] < NO_BEAT_MS
        closes = bool(self.level(CONTACTOR)) and has_beat and not self.has_tripped and not self.is_stuck
        closed = closes or (self.is_welded and self.evse.is_closed)
        if closed != self.evse.is_closed:
            self.evse.switch(closed=closed, now_ms=now_ms)

    def _tell(self, now_ms):
        car = self.evse.car
        asks = car is not None and car.wants_current
        if asks and self.ends_ms is not None and self.obeys and now_ms - self.ends_ms >= OBEYS_MS:
            asks = False
        if asks and self.ends_ms is not None and not self.evse.is_closed:
            asks = False
        self._set(B, car is not None or self.is_shorted)
        self._set(C, asks or self.is_shorted)
        self._set(E, self.is_shorted)
        self._set(FEEDBACK, not self.evse.is_closed)  # an auxiliary contact to ground
        self._set(RCD, self.has_tripped)
        while self._pulses < self.evse.energy_wh:
            self._pulses += 1
            self._set(S0, False)
            self._set(S0, True)
        self._set(S0, False)

    def _set(self, number, level):
        pin = self.factory.pin(number)
        pin.drive_high() if level else pin.drive_low()
