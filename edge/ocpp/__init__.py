"""OCPP without I/O: framing, messages and charging profiles."""
