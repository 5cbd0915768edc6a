"""The schemas that the `ocpp` package publishes, and messages made from them: whole, sparse, and broken."""

import copy
import json
from decimal import Decimal
from functools import cache
from importlib.resources import files


@cache
def actions(version):
    """What may be asked, by the names in the package: v16, v201, v21. What is only sent has no answer."""
    names = {path.name.removesuffix(".json") for path in (files("ocpp") / version / "schemas").iterdir()}
    return sorted(name.removesuffix("Response") for name in names if name.endswith("Response"))


ACTIONS = actions("v16")
BY_NEW_CHARGERS = (  # the same of 2.0.1
    "Authorize",
    "BootNotification",
    "ClearedChargingLimit",
    "DataTransfer",
    "FirmwareStatusNotification",
    "Get15118EVCertificate",
    "GetCertificateStatus",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyReport",
    "PublishFirmwareStatusNotification",
    "ReportChargingProfiles",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "SignCertificate",
    "StatusNotification",
    "TransactionEvent",
)
BY_CHARGERS = (  # what a charger asks; all else a central system does
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
)


def name_of(version, action):
    """What the schema of a request is called."""
    return action if version == "v16" else f"{action}Request"


@cache
def schema_of(name, version="v16"):
    """A schema without references; decimals are exact."""
    path = files("ocpp") / version / "schemas" / f"{name}.json"
    schema = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    return _resolved(schema, schema.get("definitions", {}))


def _resolved(part, definitions):
    if isinstance(part, list):
        return [_resolved(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(definitions[part["$ref"].rpartition("/")[2]], definitions)
    return {key: _resolved(value, definitions) for key, value in part.items() if key != "definitions"}


def full(schema):
    """A value with every property that the schema knows."""
    match schema.get("type"):
        case "object":
            return {key: full(part) for key, part in schema.get("properties", {}).items()}
        case "array":
            return [full(schema["items"]), full(schema["items"])]
        case "string":
            return (
                schema["enum"][0]
                if "enum" in schema
                else "2024-01-01T00:00:00Z"[: schema.get("maxLength", 99)]
            )
        case "integer":
            return int(min(7, schema.get("maximum", 7)))
        case "number":
            return min(16.1, float(schema.get("maximum", 99)))
        case "boolean":
            return True
        case None:
            return {"any": ["thing", 1]}
    raise AssertionError(schema)


NUMBERS = [0, 1, -1, 2**31, 2**63 - 1, 6, 6.5, 1.0, 1e20]
TEXTS = ["", "Accepted", "accepted", "Hertz", "é" * 20, "😀" * 21, "a:b", '"']
STRANGE = [None, True, False, *NUMBERS, *TEXTS, [], {}, [1], [{}], {"status": "Accepted"}, [[]]]


def paths(value, path=()):
    """Where something is in a message, from the outside in."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from paths(part, (*path, key))
    elif isinstance(value, list) and value:
        yield from paths(value[0], (*path, 0))


def changed(value, path, change):
    """The message with what is there changed, or taken out (`change` None)."""
    value = copy.deepcopy(value)
    if not path:
        return change(None)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    if change is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = change(inner[path[-1]])
    return value


def with_stranger(part):
    """With a field that nobody knows."""
    return {**part, "stranger": 1} if isinstance(part, dict) else part


def variants(schema):
    """Every field once as every strange thing, missing, and beside a stranger; every word, every length."""
    whole = full(schema)
    for path in paths(whole):
        for strange in STRANGE:
            yield changed(whole, path, lambda _, strange=strange: copy.deepcopy(strange))
        yield changed(whole, path, with_stranger) if path else with_stranger(whole)
        if path:
            yield changed(whole, path, None)
    if "required" in schema:
        yield {key: whole[key] for key in schema["required"]}
    for where, part in _texts(schema):
        longest = part.get("maxLength", 0)
        for text in (*part.get("enum", ()), "x" * longest, "é" * longest, "x" * (longest + 1)):
            yield changed(whole, where, lambda _, text=text: text)


def _texts(schema, path=()):
    if schema.get("type") == "string":
        yield path, schema
    for key, part in schema.get("properties", {}).items():
        yield from _texts(part, (*path, key))
    if "items" in schema:
        yield from _texts(schema["items"], (*path, 0))


def by_chance(schema, dice):
    """A valid value: optional fields here and there, any word of a list, any length that fits."""
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                key: by_chance(part, dice)
                for key, part in schema.get("properties", {}).items()
                if key in required or dice.random() < 0.5
            }
        case "array":
            least = schema.get("minItems", 0)
            return [by_chance(schema["items"], dice) for _ in range(dice.randint(least, least + 2))]
        case "string":
            return _text(schema, dice)
        case "integer":
            number = dice.choice((1, 1, 1, 2, 7, 3600, dice.randint(0, 2**31 - 1)))
            return int(max(schema.get("minimum", 0), min(number, schema.get("maximum", number))))
        case "number":
            number = dice.randint(0, 8_000) / 10
            return max(float(schema.get("minimum", 0)), min(number, float(schema.get("maximum", number))))
        case "boolean":
            return dice.random() < 0.5
        case None:
            return dice.choice(("text", 1, True, ["a", {"b": 2}]))
    raise AssertionError(schema)


def _text(schema, dice):
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if schema.get("format") == "date-time":
        return f"20{dice.randint(10, 40)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T12:00:00Z"
    longest = min(schema.get("maxLength", 40), 600)
    return dice.choice(("16.1", "TAG-1", "x" * dice.randint(0, longest), "ü:\\"))[:longest]


def broken(value, dice):
    """The value with one thing changed by chance; it may be valid still."""
    path = dice.choice(list(paths(value)))
    kind = dice.randrange(4)
    if kind == 0 and path:
        return changed(value, path, None)
    if kind == 1:
        return changed(value, path, with_stranger) if path else with_stranger(value)
    strange = copy.deepcopy(dice.choice(STRANGE))
    return changed(value, path, lambda _: strange) if path else value
