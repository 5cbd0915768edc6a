"""OCPP 2.1 messages: those of 2.0.1, with what is new."""
