"""Frames of the boards: the same bytes as an established library's, and an answer to any request."""

from hypothesis import given
from hypothesis import strategies as st
from pymodbus import FramerType
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import ReadInputRegistersRequest, WriteMultipleRegistersRequest

from boards.common import modbus
from boards.common.modbus import ModbusError

WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123)


class Bank:
    def __init__(self):
        self.words = {at: at * 3 & 0xFFFF for at in range(200)}
        self.written = []

    def read(self, function, at, count):
        try:
            return [self.words[at + place] for place in range(count)]
        except KeyError:
            raise ModbusError(modbus.ILLEGAL_ADDRESS) from None

    def write(self, at, words):
        self.written.append((at, words))


@given(st.integers(1, 247), st.integers(0, 0xFFFF), st.integers(1, 125))
def test_requests_are_those_of_an_established_library(unit, at, count):
    request = ReadInputRegistersRequest(address=at, count=count, dev_id=unit, transaction_id=7)
    pdu = modbus.read_request(modbus.READ_INPUT, at, count)
    assert modbus.rtu_frame(unit, pdu) == FramerRTU(DecodePDU(True)).buildFrame(request)
    assert modbus.tcp_frame(7, unit, pdu) == FramerSocket(DecodePDU(True)).buildFrame(request)
    assert FramerType.RTU


@given(st.integers(0, 0xFFFF), WORDS)
def test_writes_too_and_what_was_written_arrives(at, words):
    request = WriteMultipleRegistersRequest(address=at, registers=words, dev_id=9, transaction_id=1)
    pdu = modbus.write_request(at, words)
    assert modbus.rtu_frame(9, pdu) == FramerRTU(DecodePDU(True)).buildFrame(request)
    bank = Bank()
    modbus.write_answer(modbus.answer(bank, pdu))
    assert bank.written == [(at, words)]


@given(st.binary(max_size=300))
def test_whatever_is_asked_is_answered_and_only_a_whole_write_writes(pdu):
    bank = Bank()
    answer = modbus.answer(bank, pdu)
    assert 2 <= len(answer) <= 253
    if answer[0] & 0x80:
        assert bank.written == []


@given(st.binary(max_size=40), st.lists(st.integers(1, 9), max_size=20))
def test_a_stream_in_any_pieces_gives_the_same_frames(noise, sizes):
    frames = modbus.tcp_frame(1, 1, b"\x03\x00\x00\x00\x01") + modbus.tcp_frame(2, 1, b"\x04\x00\x00\x00\x02")
    found, reader, left = [], modbus.TcpFrames(), frames
    for size in [*sizes, len(frames)]:
        found += reader.feed(left[:size])
        left = left[size:]
    assert [frame[0] for frame in found] == [1, 2]
    requests = modbus.RtuRequests()
    requests.feed(noise)
    requests.silence()
    good = modbus.rtu_frame(5, modbus.read_request(3, 10, 2))
    found = [frame for place in range(len(good)) for frame in requests.feed(good[place : place + 1])]
    assert found == [(5, modbus.read_request(3, 10, 2))]


@given(st.binary(min_size=8, max_size=60))
def test_noise_on_a_line_is_no_request(noise):
    requests = modbus.RtuRequests()
    for unit, pdu in requests.feed(noise):
        assert modbus.crc(modbus.rtu_frame(unit, pdu)) == 0


def test_an_answer_to_something_else_is_none():
    good = modbus.answer(Bank(), modbus.read_request(3, 1, 2))
    assert modbus.read_answer(good, 3, 2) == [3, 6]
    for answer, code in ((good[:-1], 0), (good, None), (b"\x83\x02", 2), (b"\x04\x02\x00\x01", 0), (b"", 0)):
        try:
            modbus.read_answer(answer, 3, 2)
        except ModbusError as error:
            assert error.code == code  # noqa: PT017
        else:
            assert code is None
