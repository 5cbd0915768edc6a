"""Frames that somebody sends who means harm, or whose firmware does: each with what must become of it.

ANSWERED: with its own id. NAMELESS: with the id "-1", for its own cannot be read. IGNORED: it asks nothing,
and an answer would only be answered again. All leave the connection as it was.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

ANSWERED, NAMELESS, IGNORED = "answered", "nameless", "ignored"
HEARTBEAT = "Heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """A frame by the message id that it is to bear."""

    name: str
    frame: Callable[[str], str | bytes]
    fate: str = ANSWERED


def _call(action: str, payload: str) -> Callable[[str], str]:
    return lambda id_: f'[2,"{id_}",{json.dumps(action)},{payload}]'


def _authorize(tag: str) -> Callable[[str], str]:
    return _call("Authorize", f'{{"idTag":{tag}}}')


def _status(number: str) -> Callable[[str], str]:
    return _call(
        "StatusNotification", f'{{"connectorId":{number},"errorCode":"NoError","status":"Available"}}'
    )


def _meter(value: str) -> Callable[[str], str]:
    sample = f'{{"value":{value},"measurand":"Current.Import","phase":"L1"}}'
    values = f'{{"timestamp":"2024-01-01T00:00:00Z","sampledValue":[{sample}]}}'
    return _call("MeterValues", f'{{"connectorId":1,"meterValue":[{values}]}}')


def _start(timestamp: str, meter: str = "0") -> Callable[[str], str]:
    start = f'{{"connectorId":1,"idTag":"A","meterStart":{meter},"timestamp":{timestamp}}}'
    return _call("StartTransaction", start)


def _event(value: str = "1", timestamp: str = '"2024-01-01T00:00:00Z"', seq: str = "0", more: str = ""):
    """A TransactionEvent of 2.x: with a value of its register, its time, its number, and other fields."""
    sample = f'{{"value":{value},"measurand":"Current.Import","phase":"L1"}}'
    values = f'{{"timestamp":"2024-01-01T00:00:00Z","sampledValue":[{sample}]}}'
    head = f'"eventType":"Updated","timestamp":{timestamp},"triggerReason":"Trigger","seqNo":{seq}'
    info = '"transactionInfo":{"transactionId":"tx"}'
    return _call("TransactionEvent", f'{{{head},{info},"meterValue":[{values}]{more}}}')


def _device(name: str) -> Callable[[str], str]:
    """A NotifyEvent of 2.x about a variable of this name."""
    where = f'"component":{{"name":{name},"evse":{{"id":1}}}},"variable":{{"name":"AvailabilityState"}}'
    event = f'"eventId":1,"timestamp":"x","trigger":"Alerting","actualValue":"?",{where}'
    data = f'[{{{event},"eventNotificationType":"HardWiredMonitor"}}]'
    return _call("NotifyEvent", f'{{"generatedAt":"x","seqNo":0,"eventData":{data}}}')


def _deep(opening: str, closing: str, depth: int) -> Callable[[str], str]:
    return lambda id_: (
        f'[2,"{id_}","DataTransfer",{{"vendorId":"v","data":{opening * depth}{closing * depth}}}]'
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


_VENDORS = json.dumps({"vendorId": "v", "data": "x" * 200_000})
_UNKNOWN = json.dumps(dict.fromkeys(map(str, range(10_000)), 0))
_SAMPLES = json.dumps({"connectorId": 1, "meterValue": [{}] * 30_000})

_LONG_TOKEN = ',"idToken":' + json.dumps({"idToken": "x" * 255, "type": "Central"})
_CUSTOM = json.dumps({"vendorId": "v", **dict.fromkeys(map(str, range(1_000)), 0)})

_PARTS = {
    "numbers": [
        ("not a number", _status("NaN"), ANSWERED),
        ("infinity", _status("Infinity"), ANSWERED),
        ("minus infinity", _status("-Infinity"), ANSWERED),
        ("an integer beyond 64 bits", _status("9223372036854775808"), ANSWERED),
        ("an integer below 64 bits", _status("-9223372036854775809"), ANSWERED),
        ("an integer of 10,000 digits", _status("9" * 10_000), ANSWERED),
        ("a float of 10,000 digits", _status("0." + "9" * 10_000), ANSWERED),
        ("an exponent that is infinite", _status("1e999999999"), ANSWERED),
        ("an exponent of 10,000 digits", _status("1e" + "9" * 10_000), ANSWERED),
        ("minus nothing", _status("-"), ANSWERED),
        ("octal", _status("007"), ANSWERED),
        ("hexadecimal", _status("0x10"), ANSWERED),
        ("a connector below 0", _status("-1"), ANSWERED),
        ("a connector beyond all", _status("2147483647"), ANSWERED),
        ("true for 1", _status("true"), ANSWERED),
        ("a current of 10^300", _meter('"1e300"'), ANSWERED),
        ("a current that is a word", _meter('"NaN"'), ANSWERED),
        ("a current that is infinite", _meter('"Infinity"'), ANSWERED),
        ("a current of 100,000 digits", _meter(_quoted("9" * 100_000)), ANSWERED),
        ("a negative current", _meter('"-32"'), ANSWERED),
        ("a current in Arabic digits", _meter('"\u0661\u0666"'), ANSWERED),
        ("a current as a number", _meter("1e308"), ANSWERED),
        ("a register below 0", _start('"2024-01-01T00:00:00Z"', "-1"), ANSWERED),
        ("a register at its end", _start('"2024-01-01T00:00:00Z"', "9223372036854775807"), ANSWERED),
    ],
    "events": [
        ("a value that is not a number", _event("NaN"), ANSWERED),
        ("a value of 10^308", _event("1e308"), ANSWERED),
        ("a value beyond a float", _event("1e309"), ANSWERED),
        ("a value of 10,000 digits", _event("9" * 10_000), ANSWERED),
        ("a negative value", _event("-1e9"), ANSWERED),
        ("an event on 30 February", _event(timestamp='"2024-02-30T00:00:00Z"'), ANSWERED),
        ("an event in words", _event(timestamp='"now"'), ANSWERED),
        ("an event in the year 9999", _event(timestamp='"9999-12-31T23:59:60Z"'), ANSWERED),
        ("a number beyond 64 bits", _event(seq="9223372036854775808"), ANSWERED),
        ("a negative number", _event(seq="-9223372036854775808"), ANSWERED),
        ("the largest number", _event(seq="9223372036854775807"), ANSWERED),
        ("an EVSE below 0", _event(more=',"evse":{"id":-1}'), ANSWERED),
        ("an EVSE beyond all", _event(more=',"evse":{"id":9223372036854775807}'), ANSWERED),
        ("a token of 255 letters", _event(more=_LONG_TOKEN), ANSWERED),
        ("a token without a number", _event(more=',"idToken":{"idToken":"","type":"Central"}'), ANSWERED),
        ("a field twice", _event(more=',"seqNo":7'), ANSWERED),
        ("custom data of a thousand fields", _event(more=f',"customData":{_CUSTOM}'), ANSWERED),
        ("a component of 50 emoji", _device(_quoted("\U0001f600" * 50)), ANSWERED),
        ("a component that is a path", _device('"../../etc/passwd"'), ANSWERED),
    ],
    "times": [
        ("a start on 30 February", _start('"2024-02-30T00:00:00Z"'), ANSWERED),
        ("a start in the year 0", _start('"0000-01-01T00:00:00Z"'), ANSWERED),
        ("a start in the year 9999", _start('"9999-12-31T23:59:60Z"'), ANSWERED),
        ("a start in the year 10000", _start('"10000-01-01T00:00:00Z"'), ANSWERED),
        ("a start at hour 25", _start('"2024-01-01T25:00:00Z"'), ANSWERED),
        ("a start in words", _start('"now"'), ANSWERED),
        ("a start in Arabic digits", _start('"\u0662\u0660\u0662\u0664-01-01T00:00:00Z"'), ANSWERED),
        ("a start of 100,000 digits", _start(_quoted("2" * 100_000)), ANSWERED),
    ],
    "texts": [
        ("an empty token", _authorize('""'), ANSWERED),
        ("NUL in a token", _authorize('"A\\u0000B"'), ANSWERED),
        ("a bare NUL in a token", _authorize('"A\x00B"'), ANSWERED),
        ("a lone high surrogate", _authorize('"\\ud800"'), ANSWERED),
        ("a lone low surrogate", _authorize('"\\udc00x"'), ANSWERED),
        ("surrogates the wrong way round", _authorize('"\\udc00\\ud800"'), ANSWERED),
        ("a broken escape", _authorize('"\\x41"'), ANSWERED),
        ("half an escape", _authorize('"\\u12"'), ANSWERED),
        ("a line break in a token", _authorize('"A\nB"'), ANSWERED),
        ("writing from right to left", _authorize('"\u202eA"'), ANSWERED),
        ("a token of 200,000 letters", _authorize(_quoted("x" * 200_000)), ANSWERED),
        ("a token of 20 emoji", _authorize(_quoted("\U0001f600" * 20)), ANSWERED),
        ("SQL in a token", _authorize('"\'; DROP TABLE event"'), ANSWERED),
        ("a log line in a token", _authorize('"A\\nroot logged in"'), ANSWERED),
        ("a format in a token", _authorize('"%s%n%x{0.__class__}"'), ANSWERED),
        ("200 kB for a vendor", _call("DataTransfer", _VENDORS), ANSWERED),
    ],
    "shapes": [
        ("a key twice", _call("Authorize", '{"idTag":"A","idTag":"B"}'), ANSWERED),
        ("a key twice, one of them escaped", _call("Authorize", '{"idTag":"A","id\\u0054ag":"B"}'), ANSWERED),
        ("__proto__", _call("Authorize", '{"idTag":"A","__proto__":{}}'), ANSWERED),
        ("__class__", _call("Authorize", '{"idTag":"A","__class__":"os.system"}'), ANSWERED),
        ("10,000 unknown keys", _call(HEARTBEAT, _UNKNOWN), ANSWERED),
        ("30,000 samples of nothing", _call("MeterValues", _SAMPLES), ANSWERED),
        ("60 arrays deep", _deep("[", "]", 60), ANSWERED),
        ("100 arrays deep", _deep("[", "]", 100), ANSWERED),
        ("100,000 arrays deep", _deep("[", "]", 100_000), ANSWERED),
        ("30,000 objects deep", _deep('{"a":', "0}", 30_000), ANSWERED),
        ("arrays that never close", lambda id_: f'[2,"{id_}","DataTransfer",' + "[" * 100_000, ANSWERED),
        ("a payload that is a list", _call(HEARTBEAT, "[]"), ANSWERED),
        ("a payload that is text", _call(HEARTBEAT, '"{}"'), ANSWERED),
        ("a payload that is a number", _call(HEARTBEAT, "0"), ANSWERED),
        ("a payload that is null", _call(HEARTBEAT, "null"), ANSWERED),
        ("no payload", lambda id_: f'[2,"{id_}","Heartbeat"]', ANSWERED),
        ("a fifth element", lambda id_: f'[2,"{id_}","Heartbeat",{{}},{{}}]', ANSWERED),
        ("no action", lambda id_: f'[2,"{id_}"]', ANSWERED),
        ("an action that is null", lambda id_: f'[2,"{id_}",null,{{}}]', ANSWERED),
        ("an action that is an object", lambda id_: f'[2,"{id_}",{{}},{{}}]', ANSWERED),
        ("an empty action", _call("", "{}"), ANSWERED),
        ("an action in another case", _call("heartbeat", "{}"), ANSWERED),
        ("an action that is a path", _call("../../../../etc/passwd", "{}"), ANSWERED),
        ("an action of 100,000 letters", _call("A" * 100_000, "{}"), ANSWERED),
        ("an action of a later version", _call("TransactionEvent", "{}"), ANSWERED),
        ("what only we may ask", _call("Reset", '{"type":"Hard"}'), ANSWERED),
        ("a comment", lambda id_: f'[2,"{id_}","Heartbeat",{{}}/* */]', ANSWERED),
        ("a comma too many", lambda id_: f'[2,"{id_}","Heartbeat",{{}},]', ANSWERED),
        ("two frames in one", lambda id_: f'[2,"{id_}","Heartbeat",{{}}][2,"x","Heartbeat",{{}}]', ANSWERED),
        ("white space all over", lambda id_: f' \n[ 2 ,\t"{id_}" , "Heartbeat" , {{ }} ]\r\n', ANSWERED),
        ("cut off in the middle", lambda id_: f'[2,"{id_}","Heart', ANSWERED),
    ],
    "nameless": [
        ("no JSON", lambda _: "hello", NAMELESS),
        ("nothing", lambda _: "", NAMELESS),
        ("a blank", lambda _: " ", NAMELESS),
        ("a number", lambda _: "2", NAMELESS),
        ("an empty list", lambda _: "[]", NAMELESS),
        ("an object", lambda _: '{"2":"x"}', NAMELESS),
        ("a byte order mark", lambda id_: f'\ufeff[2,"{id_}","Heartbeat",{{}}]', NAMELESS),
        ("an id that is a number", lambda _: '[2,7,"Heartbeat",{}]', NAMELESS),
        ("an id that is null", lambda _: '[2,null,"Heartbeat",{}]', NAMELESS),
        ("an id of 256 letters", lambda _: json.dumps([2, "x" * 256, "Heartbeat", {}]), NAMELESS),
        ("an id that is a lone surrogate", lambda _: '[2,"\\ud800","Heartbeat",{}]', NAMELESS),
        ("a message type in words", lambda id_: f'["2","{id_}","Heartbeat",{{}}]', NAMELESS),
        ("a binary message", lambda _: b"\x00\x01\x02", NAMELESS),
        ("a CALL in a binary message", lambda id_: f'[2,"{id_}","Heartbeat",{{}}]'.encode(), NAMELESS),
        ("100,000 brackets", lambda _: "[" * 100_000, NAMELESS),
        ("HTTP", lambda _: "GET / HTTP/1.1\r\n\r\n", NAMELESS),
        ("XML", lambda _: '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', NAMELESS),
    ],
    "ignored": [
        ("an answer that nobody asked for", lambda id_: f'[3,"{id_}",{{}}]', IGNORED),
        ("an error that nobody asked for", lambda id_: f'[4,"{id_}","GenericError","",{{}}]', IGNORED),
        ("an answer to -1", lambda _: '[3,"-1",{}]', IGNORED),
        ("an answer without a payload", lambda id_: f'[3,"{id_}"]', IGNORED),
        ("an answer that is a list", lambda id_: f'[3,"{id_}",[]]', IGNORED),
        ("an error whose code is an object", lambda id_: f'[4,"{id_}",{{}},1,2]', IGNORED),
        ("a message type of the future", lambda id_: f'[6,"{id_}","NotifyStream",{{}}]', IGNORED),
        ("a message type of 4,000 digits", lambda id_: f'[{"9" * 4_000},"{id_}"]', IGNORED),
    ],
}  # fmt: skip

CATALOGUE = tuple(
    Hostile(name=name, frame=frame, fate=fate) for part in _PARTS.values() for name, frame, fate in part
)

ENDS_THE_CONNECTION = {  # what breaks the WebSocket itself, as raw bytes after the handshake: masked frames
    "a message longer than 256 KiB": lambda: _masked(0x81, b"x" * 300_000),
    "text that is not UTF-8": lambda: _masked(0x81, b'[2,"\xff","Heartbeat",{}]'),
    "half a letter in UTF-8": lambda: _masked(0x81, b'["\xc3"]'),
    "an opcode that does not exist": lambda: _masked(0x83, b"x"),
    "a reserved bit": lambda: _masked(0xC1, b"x"),
    "a continuation of nothing": lambda: _masked(0x80, b"x"),
    "a ping of 200 bytes": lambda: _masked(0x89, b"x" * 200),
    "a close with a code of one byte": lambda: _masked(0x88, b"x"),
    "a length of 2^63 bytes": lambda: b"\x81\xff" + b"\xff" * 8 + b"\x00" * 4,
    "rubbish": lambda: bytes(range(256)),
}


def _masked(first: int, payload: bytes) -> bytes:
    """A frame as a client sends it, masked with zeros."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65_536:
        head = bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + b"\x00" * 4 + payload
