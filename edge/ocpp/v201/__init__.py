"""OCPP 2.0.1 messages, by functional block."""
