"""OCPP-J frames: text from a stranger becomes a frame or a `BadFrame`, and answers become bytes.

The payload stays raw JSON; whoever knows the action decodes it. Nothing but `BadFrame` is ever raised.
"""

import re

import msgspec

from edge.ocpp.rpc import (
    FORMATION_VIOLATION,
    GENERIC_ERROR,
    MAX_ID_LENGTH,
    NO_ID,
    OCCURENCE_CONSTRAINT_VIOLATION,
    Fault,
)

MAX_BYTES = 256 * 1024
MAX_DEPTH = (
    64  # a charging profile in a CALL, the deepest message, has 7; up to this many brackets need no look
)

_EMPTY = msgspec.Raw(b"{}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_CALL_HEAD = re.compile(rb'\s*\[\s*2\s*,\s*("(?:[^"\\]|\\.)*")')
_HEAD_BYTES = 2048
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


class CallFrame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=2):
    """[2, id, action, payload]: the peer asks (OCPP-J 1.6 section 4.2.1)."""

    id: str
    action: str
    payload: msgspec.Raw


class ResultFrame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=3):
    """[3, id, payload]: the peer answers (section 4.2.2)."""

    id: str
    payload: msgspec.Raw


class ErrorFrame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=4):
    """[4, id, code, description, details]: the peer refuses (section 4.2.3); many omit the last two."""

    id: str
    code: str = GENERIC_ERROR
    description: str = ""
    details: msgspec.Raw = _EMPTY


class ResultErrorFrame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=5):
    """[5, id, code, description, details]: the peer cannot read our answer (OCPP-J 2.1 section 4.2.3)."""

    id: str
    code: str = GENERIC_ERROR
    description: str = ""
    details: msgspec.Raw = _EMPTY


class SendFrame(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=6):
    """[6, id, action, payload]: the peer tells, and wants no answer (OCPP-J 2.1 section 4.2.4)."""

    id: str
    action: str
    payload: msgspec.Raw


Frame = CallFrame | ResultFrame | ErrorFrame | ResultErrorFrame | SendFrame


class BadFrame(Fault):
    """Not a frame of OCPP-J.

    `message_id` is that of the CALL where it could be read, else "-1". `is_answerable` False: it was an
    answer itself, or of an unknown type, which section 4.1.3 says to ignore; errors must not ping-pong.
    """

    def __init__(self, description: str, *, message_id: str = NO_ID, is_answerable: bool = True) -> None:
        super().__init__(FORMATION_VIOLATION, description)
        self.message_id = message_id
        self.is_answerable = is_answerable


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """What is left to recognise when a frame does not fit."""

    kind: msgspec.Raw
    id: msgspec.Raw = _EMPTY


_frames = msgspec.json.Decoder(Frame)
_heads = msgspec.json.Decoder(_Head)
_texts = msgspec.json.Decoder(str)
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)  # DecodeError covers ValidationError


def decode(data: str | bytes) -> Frame:
    """The frame in one WebSocket message. Raises BadFrame."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        if not raw.isascii():
            raw.decode()
    except UnicodeError:
        raise BadFrame("not UTF-8") from None
    if len(raw) > MAX_BYTES:
        raise BadFrame(f"longer than {MAX_BYTES} bytes", message_id=_id_of_call(raw))
    if _is_too_deep(raw):
        raise BadFrame(f"nested deeper than {MAX_DEPTH}, or never closed", message_id=_id_of_call(raw))
    if b"\\u0000" in raw and _NUL.search(raw):
        raise BadFrame("contains NUL", message_id=_id_of_call(raw))
    try:
        frame: Frame = _frames.decode(raw)
    except _UNREADABLE as fault:
        raise _diagnosis(raw, fault) from None
    if len(frame.id) > MAX_ID_LENGTH:
        raise BadFrame("the message id is too long", is_answerable=isinstance(frame, CallFrame))
    return _with_object(frame) if isinstance(frame, CallFrame | ResultFrame) else frame


def _with_object(frame: CallFrame | ResultFrame) -> Frame:
    """The frame with an object as payload; null stands for an empty one (section 4.2.1)."""
    start = bytes(memoryview(frame.payload)[:4])
    if start == b"null":
        return msgspec.structs.replace(frame, payload=_EMPTY)
    if start[:1] != b"{":
        is_call = isinstance(frame, CallFrame)
        raise BadFrame("the payload is not an object", message_id=frame.id, is_answerable=is_call)
    return frame


def _diagnosis(raw: bytes, fault: Exception) -> BadFrame:
    """Why a text is no frame, and whether its sender waits for an answer."""
    try:
        head = _heads.decode(raw)
    except msgspec.ValidationError:
        return BadFrame("not an array with a message type")
    except _UNREADABLE:
        return BadFrame("not JSON", message_id=_id_of_call(raw))
    kind = bytes(head.kind)
    if kind == b"2":
        return BadFrame(f"not a CALL: {fault}", message_id=_id_of_call(raw))
    if kind in {b"3", b"4"}:
        return BadFrame(f"not an answer: {fault}", message_id=_text(bytes(head.id)), is_answerable=False)
    if kind.isdigit():
        return BadFrame("an unknown message type", is_answerable=False)
    return BadFrame("the message type is not a number")


def _id_of_call(raw: bytes) -> str:
    """The message id of what begins like a CALL, however it goes on; "-1" otherwise."""
    found = _CALL_HEAD.match(raw[:_HEAD_BYTES])
    return _text(found[1]) if found else NO_ID


def _text(raw: bytes) -> str:
    try:
        text = _texts.decode(raw)
    except _UNREADABLE:
        return NO_ID
    return text if len(text) <= MAX_ID_LENGTH else NO_ID


def _is_too_deep(raw: bytes) -> bool:
    """Whether arrays and objects nest deeper than allowed; answered before anything is parsed.

    Few brackets cannot nest deeply. Else every pass takes away the innermost pairs.
    """
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", raw).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


_SPELLED_2X = {
    FORMATION_VIOLATION: "FormatViolation",
    OCCURENCE_CONSTRAINT_VIOLATION: "OccurrenceConstraintViolation",
}


def spelled(code: str, subprotocol: str) -> str:
    """An error code as this version spells it (OCPP-J 2.0.1 section 4.3 has mended two of 1.6's)."""
    return code if subprotocol == "ocpp1.6" else _SPELLED_2X.get(code, code)


def encode_call(message_id: str, action: str, payload: bytes) -> bytes:
    """A CALL around a payload that is encoded already; id and action are ours and need no escaping."""
    return b'[2,"%b","%b",%b]' % (message_id.encode(), action.encode(), payload)


def encode_result(message_id: str, payload: bytes) -> bytes:
    """A CALLRESULT to a peer's CALL."""
    return b"[3,%b,%b]" % (msgspec.json.encode(message_id), payload)


def encode_error(message_id: str, code: str, description: str = "", details: bytes = b"{}") -> bytes:
    """A CALLERROR to a peer's CALL; the description is cut to the 255 characters that 2.0.1 allows."""
    return b"[4,%b,%b]" % (
        msgspec.json.encode(message_id),
        msgspec.json.encode(code) + b"," + msgspec.json.encode(description[:255]) + b"," + details,
    )
