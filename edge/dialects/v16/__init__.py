"""OCPP 1.6: `charger_*` speaks with chargers, where we are the central system; `cloud_*` the other way."""
