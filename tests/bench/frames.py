"""The CALLs of a charger that both sides receive, as text from the wire."""

import json

NOW = "2026-03-04T11:00:00.000Z"
PHASES = ("L1", "L2", "L3")

TWELVE_SAMPLES = [
    {"value": value, "context": "Sample.Periodic", "measurand": measurand, "phase": phase, "unit": unit}
    for measurand, value, unit in (
        ("Current.Import", "15.8", "A"),
        ("Voltage", "231.4", "V"),
        ("Power.Active.Import", "3656", "W"),
        ("Energy.Active.Import.Register", "4711", "Wh"),
    )
    for phase in PHASES
]

MESSAGES = {
    "Heartbeat": {},
    "StatusNotification": {
        "connectorId": 1,
        "errorCode": "NoError",
        "status": "Charging",
        "timestamp": NOW,
    },
    "MeterValues, 12 samples": {
        "connectorId": 1,
        "transactionId": 77,
        "meterValue": [{"timestamp": NOW, "sampledValue": TWELVE_SAMPLES}],
    },
    "StartTransaction": {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 4000, "timestamp": NOW},
}


def calls(message, count):
    """So many CALLs of one kind, each with an id of its own."""
    action = message.split(",")[0]
    payload = json.dumps(MESSAGES[message])
    return [f'[2,"{action}-{number}","{action}",{payload}]' for number in range(count)]
