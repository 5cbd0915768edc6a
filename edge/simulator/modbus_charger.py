"""A charger on Modbus as any catalogue file describes it, with an EVSE of the plant behind its registers.

It forgets nothing but what a power cut takes, does what it is told, and falls back when it is not fed.
"""

from edge.catalogue import Field, ModbusChargerModel
from edge.catalogue.modbus_chargers import ASCII, Number
from edge.core.registers import TYPES, decode, encode
from edge.plant.evse import Evse
from edge.simulator.modbus import ILLEGAL_ADDRESS, RefusalError, SilentError
from edge.simulator.registers import Measured

DRAWS_MA = 500
STATION_TIMEOUT_MS = 20_000  # where nobody may say it, what is set in this station


class ModbusBay:
    """The registers of one charger. `advance` moves it on; `is_silent` takes it off the line."""

    def __init__(self, model: ModbusChargerModel, evse: Evse, *, safe_ma: int = 6_000) -> None:
        """`safe_ma`: what it does without us where that is set in the station."""
        self.model = model
        self.evse = evse
        self.is_silent = False
        self.requests = 0
        self.writes: list[tuple[int, list[int]]] = []
        self.limit_ma = 0
        self.is_released = model.off != "enable"
        self.has_fallen_back = False
        self._safe_ma = safe_ma
        self._timeout_ms = STATION_TIMEOUT_MS
        self._fed_ms: int | None = None
        self._now_ms = 0
        self._words: dict[int, int] = dict.fromkeys(_addresses(model), 0)

    def advance(self, now_ms: int) -> None:
        """What it lets its car draw now."""
        self._now_ms = now_ms
        watchdog = self.model.watchdog
        if watchdog is not None and self._fed_ms is not None:
            self.has_fallen_back = now_ms - self._fed_ms > self._timeout_ms
        limit_ma = self.limit_ma if self.is_released else 0
        if self.has_fallen_back:
            limit_ma = (
                self._safe_ma if watchdog is None or watchdog.fallback_ma is None else watchdog.fallback_ma
            )
        self.evse.set_pilot(limit_ma, now_ms)
        self.evse.advance(now_ms)

    def power_cycle(self) -> None:
        """It loses what it was told."""
        self.limit_ma, self.is_released, self._fed_ms, self.has_fallen_back = 0, False, None, False
        for number in (self.model.limit, *self._numbers()):
            for at in number.at:
                for offset in range(TYPES[number.type][0]):
                    self._words[at + offset] = 0

    async def read(self, function: int, address: int, count: int) -> list[int]:  # noqa: ARG002  both tables are one
        """Its registers of now. Raises RefusalError, SilentError."""
        self._heard("any")
        wanted = range(address, address + count)
        if not all(at in self._words for at in wanted):
            raise RefusalError(ILLEGAL_ADDRESS)
        image = self._image()
        return [image.get(at, self._words[at]) for at in wanted]

    async def write(self, function: int, address: int, values: list[int]) -> None:  # noqa: ARG002
        """What it is told. Raises RefusalError, SilentError."""
        self._heard("any")
        if any(address + offset not in self._words for offset in range(len(values))):
            raise RefusalError(ILLEGAL_ADDRESS)
        self.writes.append((address, values))
        self._words.update(enumerate(values, start=address))
        self._obey(address)

    def spoil(self, frame: bytes) -> bytes:
        """Its answers are in order."""
        return frame

    @property
    def letter(self) -> str:
        """IEC 61851's."""
        if self.evse.car is None:
            return "A"
        return "C" if max(self.evse.flowing_ma) >= DRAWS_MA else "B"

    def _obey(self, address: int) -> None:
        model = self.model
        if address in model.limit.at:
            self.limit_ma = self._number(model.limit) or 0
            self._heard("limit")
        if model.enable is not None and address == model.enable.at:
            code = decode(self._at(address, model.enable.type), model.enable.type, model.words)
            self.is_released = code == model.enable.on
        elif model.enable is None:
            self.is_released = True
        watchdog = model.watchdog
        if watchdog is None:
            return
        if watchdog.current is not None and address in watchdog.current.at:
            self._safe_ma = self._number(watchdog.current) or 0
        if watchdog.timeout is not None and address in watchdog.timeout.at:
            self._timeout_ms = self._number(watchdog.timeout) or STATION_TIMEOUT_MS
            self._heard("timeout")
        if address == watchdog.at:
            self._heard("value")

    def _heard(self, feed: str) -> None:
        if self.is_silent:
            raise SilentError
        self.requests += feed == "any"
        if self.model.watchdog is not None and self.model.watchdog.feed == feed:
            self._fed_ms, self.has_fallen_back = self._now_ms, False

    def _numbers(self) -> list[Number]:
        watchdog = self.model.watchdog
        if watchdog is None:
            return []
        return [number for number in (watchdog.current, watchdog.timeout) if number is not None]

    def _number(self, number: Number) -> int | None:
        return number.value(self._at(number.at[0], number.type), self.model.words)

    def _at(self, address: int, kind: str) -> list[int]:
        return [self._words[address + offset] for offset in range(TYPES[kind][0])]

    def _image(self) -> dict[int, int]:
        """The registers that tell something."""
        model, state = self.model, self.model.state
        image: dict[int, int] = {}
        if state.type == ASCII:
            text = bytearray(2 * state.count)
            text[state.byte] = ord(self.letter)
            words = [int.from_bytes(text[at : at + 2]) for at in range(0, len(text), 2)]
        else:
            words = encode(self._code() << state.shift, state.type, model.words)
        image.update(enumerate(words, start=state.at))
        if state.cable is not None:
            plugged = state.cable.least or state.cable.bit or 1
            words = encode(0 if self.letter == "A" else plugged, state.cable.type, model.words)
            image.update(enumerate(words, start=state.cable.at))
        measured = _told(self.evse)
        for field in (*model.fast, *model.slow):
            name = "energy_import" if field.name == "energy" else field.name
            image.update(_words_of(field, measured.of(name)))
        return image

    def _code(self) -> int:
        """A code of the letter; where only the cable tells it, that one."""
        letters = self.model.state.letters
        found = [code for code, letter in letters.items() if letter == self.letter]
        return found[0] if found else next(code for code, letter in letters.items() if letter == "?")


def _told(evse: Evse) -> Measured:
    """What the EVSE's own meter shows."""
    volts, (first, second, third) = evse.voltage_mv, evse.flowing_ma
    return Measured(
        voltage_mv=(volts, volts, volts),
        current_ma=(first, second, third),
        power_w=(first * volts // 10**6, second * volts // 10**6, third * volts // 10**6),
        import_wh=evse.energy_wh,
    )


def _words_of(field: Field, values: tuple[int, ...]) -> dict[int, int]:
    image: dict[int, int] = {}
    for at, value in zip(field.at, values, strict=False):
        words = encode(value, field.type, field.words, multiply=field.multiply, divide=field.divide)
        image.update(enumerate(words, start=at))
    return image


def _addresses(model: ModbusChargerModel) -> set[int]:
    """Every register that it has."""
    spans = [(request.address, request.count) for request in model.state.reads()]
    spans += [(at, field.width) for field in (*model.fast, *model.slow) for at in field.at]
    spans += [(at, TYPES[model.limit.type][0]) for at in model.limit.at]
    spans += [(at, 1) for at, _ in model.begin]
    if model.enable is not None:
        spans.append((model.enable.at, TYPES[model.enable.type][0]))
    watchdog = model.watchdog
    if watchdog is not None:
        if watchdog.at is not None:
            spans.append((watchdog.at, 1))
        for number in (watchdog.current, watchdog.timeout):
            if number is not None:
                spans.append((number.at[0], TYPES[number.type][0]))
    return {start + offset for start, count in spans for offset in range(count)}
