"""Modbus frames and what they ask, without a wire: TCP and RTU, for those who ask and those who answer.

MODBUS Application Protocol V1.1b3 sections 6 and 7; MODBUS over serial line V1.02 section 2.5.
"""

READ_HOLDING = 3
READ_INPUT = 4
WRITE_ONE = 6
WRITE_MANY = 16

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
DEVICE_FAILURE = 4

MOST_READ = 125
MOST_WRITTEN = 123
_LONGEST_PDU = 253


class ModbusError(Exception):
    """What the other side answered instead: its code, or 0 where that was no answer at all."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text or "exception " + str(code))
        self.code = code


# -- the one who answers -----------------------------------------------------------------------------------


def answer(bank, pdu: bytes) -> bytes:
    """What a device with this bank answers to a request.

    `bank.read(function, at, count)` and `bank.write(at, words)` raise ModbusError with their code.
    """
    function = pdu[0] if pdu else 0
    try:
        return bytes([function]) + _answered(bank, function, pdu)
    except ModbusError as error:
        return bytes([function | 0x80, error.code])


def _answered(bank, function: int, pdu: bytes) -> bytes:
    if function in (READ_HOLDING, READ_INPUT):
        at, count = _two(pdu, 5)
        if not 1 <= count <= MOST_READ:
            raise ModbusError(ILLEGAL_VALUE)
        return bytes([2 * count]) + packed(bank.read(function, at, count))
    if function == WRITE_ONE:
        at, word = _two(pdu, 5)
        bank.write(at, [word])
        return pdu[1:]
    if function == WRITE_MANY:
        at, count = _two(pdu[:5], 5)
        if not 1 <= count <= MOST_WRITTEN or len(pdu) != 6 + 2 * count or pdu[5] != 2 * count:
            raise ModbusError(ILLEGAL_VALUE)
        bank.write(at, words(pdu[6:]))
        return pdu[1:5]
    raise ModbusError(ILLEGAL_FUNCTION)


def _two(pdu: bytes, length: int) -> tuple[int, int]:
    if len(pdu) != length:
        raise ModbusError(ILLEGAL_VALUE)
    return pdu[1] << 8 | pdu[2], pdu[3] << 8 | pdu[4]


# -- the one who asks --------------------------------------------------------------------------------------


def read_request(function: int, at: int, count: int) -> bytes:
    """Ask for registers."""
    return bytes([function, at >> 8, at & 0xFF, count >> 8, count & 0xFF])


def write_request(at: int, values: list[int]) -> bytes:
    """Write registers, with function 16 also where it is one."""
    count = len(values)
    head = bytes([WRITE_MANY, at >> 8, at & 0xFF, count >> 8, count & 0xFF, 2 * count])
    return head + packed(values)


def read_answer(pdu: bytes, function: int, count: int) -> list[int]:
    """The registers of an answer. Raises ModbusError."""
    _check(pdu, function)
    if len(pdu) != 2 + 2 * count or pdu[1] != 2 * count:
        raise ModbusError(0, "another number of registers than asked for")
    return words(pdu[2:])


def write_answer(pdu: bytes) -> None:
    """Raises ModbusError where it was not written."""
    _check(pdu, WRITE_MANY)


def _check(pdu: bytes, function: int) -> None:
    if len(pdu) == 2 and pdu[0] == function | 0x80:
        raise ModbusError(pdu[1])
    if not pdu or pdu[0] != function:
        raise ModbusError(0, "an answer to something else")


def words(data: bytes) -> list[int]:
    """Bytes as registers."""
    return [data[place] << 8 | data[place + 1] for place in range(0, len(data) - 1, 2)]


def packed(values: list[int]) -> bytes:
    """Registers as bytes."""
    out = bytearray()
    for value in values:
        out.append(value >> 8 & 0xFF)
        out.append(value & 0xFF)
    return bytes(out)


# -- frames ------------------------------------------------------------------------------------------------


class TcpFrames:
    """Splits a stream into (transaction, unit, pdu). What cannot be Modbus raises ModbusError: hang up."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """The frames that are whole by now."""
        self._waiting += data
        found = []
        while len(self._waiting) >= 7:
            head = self._waiting
            length = head[4] << 8 | head[5]
            if head[2] or head[3] or not 2 <= length <= _LONGEST_PDU + 1:
                raise ModbusError(0, "no Modbus")
            if len(head) < 6 + length:
                break
            found.append((head[0] << 8 | head[1], head[6], head[7 : 6 + length]))
            self._waiting = head[6 + length :]
        return found


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """A frame on TCP."""
    length = len(pdu) + 1
    return bytes([transaction >> 8, transaction & 0xFF, 0, 0, length >> 8, length & 0xFF, unit]) + pdu


class RtuRequests:
    """Finds the requests on a serial line. `silence` after 3.5 characters without a byte."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The whole requests, as (unit, pdu); noise is forgotten at the next silence."""
        self._waiting = (self._waiting + data)[-2 * _LONGEST_PDU :]
        found = []
        while (length := self._length()) and len(self._waiting) >= length:
            frame = self._waiting[:length]
            if crc(frame):
                return found  # noise, or the answer of another device: wait for the silence
            found.append((frame[0], frame[1:-2]))
            self._waiting = self._waiting[length:]
        return found

    def silence(self) -> None:
        """Whatever comes now begins a frame."""
        self._waiting = b""

    def _length(self) -> int:
        """Of the frame that waits first; 0 while that cannot be told."""
        waiting = self._waiting
        if len(waiting) < 8:
            return 0
        return 9 + waiting[6] if waiting[1] == WRITE_MANY else 8


def rtu_length(data: bytes) -> int:
    """How long the answer will be that begins so; 0 while that cannot be told."""
    if len(data) < 3:
        return 0
    if data[1] & 0x80:
        return 5
    return 5 + data[2] if data[1] in (READ_HOLDING, READ_INPUT) else 8


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """A frame on a serial line."""
    body = bytes([unit]) + pdu
    check = crc(body)
    return body + bytes([check & 0xFF, check >> 8])


def crc(data: bytes) -> int:
    """The check of serial frames; of a frame with its check it is 0."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value
