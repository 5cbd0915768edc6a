"""The only place that knows OCPP versions: messages on one side, the words of the site on the other."""
