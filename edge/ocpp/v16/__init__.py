"""OCPP 1.6 messages, typed where Ampyard maps them, checked against the published schemas where not."""
