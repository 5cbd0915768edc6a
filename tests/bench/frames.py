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


NEW_SAMPLES = [
    {
        "value": float(row["value"]),
        **{key: row[key] for key in ("context", "measurand", "phase")},
        "unitOfMeasure": {"unit": row["unit"]},
    }
    for row in TWELVE_SAMPLES
]
NEW_MESSAGES = {  # of OCPP 2.0.1
    "Heartbeat": {},
    "StatusNotification": {
        "timestamp": NOW,
        "connectorStatus": "Occupied",
        "evseId": 1,
        "connectorId": 1,
    },
    "Authorize": {"idToken": {"idToken": "04A1B2C3D4", "type": "ISO14443"}},
    "MeterValues, 12 samples": {"evseId": 1, "meterValue": [{"timestamp": NOW, "sampledValue": NEW_SAMPLES}]},
    "TransactionEvent, 12 samples": {
        "eventType": "Updated",
        "timestamp": NOW,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 7,
        "transactionInfo": {"transactionId": "1-1772622000000", "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [{"timestamp": NOW, "sampledValue": NEW_SAMPLES}],
    },
    "NotifyEvent": {
        "generatedAt": NOW,
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": NOW,
                "trigger": "Delta",
                "actualValue": "Occupied",
                "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
                "variable": {"name": "AvailabilityState"},
                "eventNotificationType": "HardWiredNotification",
            }
        ],
    },
}


def calls(message, count, messages=None):
    """So many CALLs of one kind, each with an id of its own."""
    action = message.split(",")[0]
    payload = json.dumps((messages or MESSAGES)[message])
    return [f'[2,"{action}-{number}","{action}",{payload}]' for number in range(count)]
